"""``covalent emulate``."""

from __future__ import annotations

import gc
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import click

from ..config import config_path, get_config, set_config
from ..errors import EmulatorError
from ..secrets import Secret
from .output import examples

if TYPE_CHECKING:
    from ..emulator.faults import Fault

#: What can be emulated.
_CLOUDS = ("aws", "google", "azure")


class _Clouds(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands:
            ctx.fail(f"There is no emulator of {args[0]!r}. This version emulates: {', '.join(_CLOUDS)}.")
        return super().resolve_command(ctx, args)


@click.group(cls=_Clouds)
def emulate() -> None:
    """Run a cloud's batch service on this machine, to try a workflow without an account.

    It needs the extra "emulator" of Covalent, and the extra of the cloud: "aws", "azure" or "gcp".
    """


_Command = Callable[..., None]


def _names(option: str, default: tuple[str, ...], about: str) -> Callable[[_Command], _Command]:
    shown = ", ".join(default) or "none"
    return click.option(
        option, metavar="NAME", multiple=True, default=default, help=f"{about} Repeatable. [default: {shown}]"
    )


def _with(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _region(default: str) -> Callable[[_Command], _Command]:
    """Options of clouds whose services are found by their region, and that have buckets."""
    return _with(
        click.option("--region", metavar="REGION", default=default, show_default=True, help="Where everything is."),
        _names("--bucket", ("covalent-batch-job-resources",), "A bucket that exists."),
    )


def _common(section: str) -> Callable[[_Command], _Command]:
    """Options that every cloud has.

    :param section: of the configuration, below ``executors``
    """
    return _with(
        click.option(
            "--host", metavar="HOST", default="127.0.0.1", show_default=True, help="Name or address to listen on."
        ),
        click.option(
            "-p",
            "--port",
            metavar="PORT",
            type=click.IntRange(0, 65535),
            default=0,
            help="Port; 0, the default, takes a free one.",
        ),
        click.option(
            "--slots",
            metavar="N",
            type=click.IntRange(1),
            help="Jobs that run at a time. [default: number of processors]",
        ),
        click.option(
            "--containers",
            type=click.Choice(["none", "podman", "docker"]),
            default="none",
            show_default=True,
            help="What runs jobs. With none they are processes, whose python3 is this interpreter and whose image is not "
            "looked at.",
        ),
        click.option(
            "--fault",
            "faults",
            metavar="KIND[,NAME=VALUE]…",
            multiple=True,
            callback=_faults,
            help="Something that goes wrong: throttle, lose_answer, refuse, unreachable, lose_host, preempt, exit_with, "
            "out_of_memory, time_out, bad_image, slow_start or hold. Repeatable.",
        ),
        click.option(
            "--write-config",
            is_flag=True,
            help=f"Write the names into [executors.{section}] of the configuration, in place of what stands there, of "
            f"which a copy is kept. They stay when it ends; 'covalent config unset executors.{section}' takes all of that section out.",
        ),
    )


def _faults(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> list[Fault]:
    from ..emulator.faults import parse_fault

    try:
        return [parse_fault(text) for text in texts]
    except EmulatorError as error:
        raise click.BadParameter(str(error)) from error


class _Emulator(Protocol):
    @property
    def environment(self) -> Mapping[str, str]: ...

    def stop(self) -> None: ...


def _serve(make: Callable[[], _Emulator], write_config: Callable[[], None] | None) -> None:
    """Run it until somebody wants its end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Obeyed as soon as all is there: half an emulator is harder to end.
        signal.signal(number, lambda *_: stop.set())
    emulator = make()
    try:
        if write_config:
            write_config()
        for name, value in emulator.environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        # What has been loaded by now stays to the end: collecting it again and again, and at the end once more, takes time.
        gc.freeze()
        click.echo("ready")
        sys.stdout.flush()
        stop.wait()
    finally:
        emulator.stop()


def _write_config(executor: str, settings: Mapping[str, str | None]) -> None:
    """Have the executor use these, as far as there is one, and say so."""
    given = {key: value for key, value in settings.items() if value is not None}
    before = get_config(f"executors.{executor}")
    if config_path().exists() and any(_plain(before.get(key)) not in (None, value) for key, value in given.items()):
        # They may be those of a real account.
        kept = config_path().with_name(f"{config_path().name}.{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}")
        shutil.copy2(config_path(), kept)
        click.echo(f"Other settings stood there; the file as it was is kept as {kept}.", err=True)
    set_config({"executors": {executor: given}})
    click.echo(f"Wrote into {config_path()}:\n\n[executors.{executor}]", err=True)
    # Read back: what is secret comes masked.
    written = get_config(f"executors.{executor}")
    for key in given:
        click.echo(f'{key} = "{written[key]}"', err=True)


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value


def _first(names: Sequence[str]) -> str | None:
    return names[0] if names else None


@emulate.command(
    epilog=examples(
        "covalent emulate aws --write-config    # in another terminal: the variables that it prints, then covalent restart",
        "covalent emulate aws --queue my-queue --bucket my-bucket --containers podman",
        "covalent emulate aws --queue spot=SPOT --fault lose_host,count=2",
        "covalent emulate aws --fault throttle,operation=SubmitJob,count=5 --fault slow_start,seconds=30",
    )
)
@_common("awsbatch")
@_region("us-east-1")
@_names(
    "--queue",
    ("covalent-batch-queue",),
    "A job queue that exists; NAME=KIND for EC2, SPOT, FARGATE or FARGATE_SPOT machines.",
)
@_names("--role", ("CovalentBatchJobRole", "ecsTaskExecutionRole"), "An IAM role that exists.")
@_names("--log-group", ("covalent-batch-job-logs",), "A log group that exists.")
@_names("--job-definition", (), "A job definition that exists.")
def aws(write_config: bool, **options: Any) -> None:
    """Emulate AWS: Batch, S3, IAM, STS, CloudWatch Logs, ECR and EC2.

    Prints the environment in which clients find it as lines that a shell can evaluate, then "ready", and serves until Ctrl-C or
    SIGTERM. What is in it ends with it.
    """
    from ..emulator.aws.provision import Resources
    from ..emulator.aws.server import AwsEmulator, AwsSettings

    names = {part: options.pop(part[:-1]) for part in ("buckets", "queues", "roles", "log_groups", "job_definitions")}
    resources = Resources(**names)
    settings = AwsSettings(resources=resources, **options)

    def write() -> None:
        _write_config(
            "awsbatch",
            {
                "region": settings.region,
                "s3_bucket_name": _first(resources.buckets),
                "batch_queue": _first([queue.partition("=")[0] for queue in resources.queues]),
                "batch_job_definition_name": _first(resources.job_definitions),
                "batch_job_role_name": _first(resources.roles),
                "batch_execution_role_name": _first(resources.roles[1:]),
                "batch_job_log_group_name": _first(resources.log_groups),
            },
        )

    _serve(lambda: AwsEmulator(settings), write if write_config else None)


def _accounts(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> Sequence[Any]:
    from ..emulator.google.identity import Account

    try:
        return [Account.parse(text) for text in texts]
    except EmulatorError as error:
        raise click.BadParameter(str(error)) from error


def _secrets(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> Mapping[str, str]:
    if wrong := next((text for text in texts if not text.partition("=")[1]), None):
        raise click.BadParameter(f"{wrong!r} is no secret. Write NAME=VALUE.")
    return dict(text.split("=", 1) for text in texts)


@emulate.command(
    short_help="Emulate Google Cloud: Batch, Logging, Storage and metadata servers.",
    epilog=examples(
        "covalent emulate google --write-config    # in another terminal: the variables that it prints, then covalent restart",
        "covalent emulate google --project my-project --bucket my-bucket --containers podman",
        "covalent emulate google --fault preempt,count=2 --fault throttle,operation=CreateJob",
    ),
)
@_common("gcpbatch")
@_region("us-east1")
@click.option("--project", metavar="ID", default="covalent-project", show_default=True, help="The project that exists.")
@click.option(
    "--grpc-port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of Batch and Logging over gRPC; 0, the default, takes a free one.",
)
@click.option(
    "--service-account",
    "service_accounts",
    metavar="EMAIL",
    multiple=True,
    callback=_accounts,
    help="A service account that exists; EMAIL=silent[:SECONDS] for one whose machines may not report, so that its jobs fail after "
    "this time. Repeatable. [default: every one that a job names]",
)
@click.option(
    "--secret",
    "secrets",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_secrets,
    help="A secret that exists. Repeatable.",
)
def google(write_config: bool, **options: Any) -> None:
    """Emulate Google Cloud: Batch, Cloud Logging, Cloud Storage, and the metadata server of jobs' machines.

    Prints the environment in which clients find it as lines that a shell can evaluate, then "ready", and serves until Ctrl-C or
    SIGTERM. What is in it ends with it. Clients need no credentials.
    """
    try:
        from ..emulator.google.server import GoogleEmulator, GoogleSettings
    except ImportError as error:
        raise EmulatorError(
            "The emulator of Google Cloud needs google-cloud-batch and google-cloud-logging: pip install 'covalent-batch[gcp,emulator]'"
        ) from error

    settings = GoogleSettings(buckets=options.pop("bucket"), **options)

    def write() -> None:
        _write_config(
            "gcpbatch",
            {
                "project_id": settings.project,
                "region": settings.region,
                "bucket_name": _first(settings.buckets),
                "service_account_email": _first([account.email for account in settings.service_accounts]),
            },
        )

    _serve(lambda: GoogleEmulator(settings), write if write_config else None)


def _principal(default: str, *, is_repeatable: bool) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """
    :param default: roles of one whose roles are not given
    """

    def parse(_ctx: click.Context, _param: click.Parameter, given: Any) -> Any:
        from ..emulator.azure.identity.principals import Principal

        try:
            return (
                [Principal.parse(text, default) for text in given] if is_repeatable else Principal.parse(given, default)
            )
        except EmulatorError as error:
            raise click.BadParameter(str(error)) from error

    return parse


@emulate.command(
    short_help="Emulate Azure: Batch, Blob Storage, sign-ins and identities.",
    epilog=examples(
        "covalent emulate azure --write-config    # in another terminal: the variables that it prints, then covalent restart",
        "covalent emulate azure --pool my-pool=nodes:4,spot:2 --container my-container --containers podman",
        "covalent emulate azure --identity mine=blob:my-container --identity nobody=none --pool poor=identity:nobody",
        "covalent emulate azure --fault preempt,count=2 --fault throttle,operation=CreateTaskCollection",
    ),
)
@_common("azurebatch")
@click.option(
    "--storage-port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of Blob Storage; 0, the default, takes a free one.",
)
@click.option(
    "--batch-account", metavar="NAME", default="covalent", show_default=True, help="The Batch account that exists."
)
@click.option(
    "--storage-account",
    metavar="NAME",
    default="covalentbatch",
    show_default=True,
    help="The storage account that exists.",
)
@_names("--container", ("covalent",), "A container of blobs that exists.")
@click.option(
    "--pool",
    "pools",
    metavar="NAME[=WORD,…]",
    multiple=True,
    default=("covalent-pool",),
    help="A pool that exists. Words are nodes:N, spot:N, slots:N (task slots of a node), vcpus:N, memory:MIB, identity:ID (the first one "
    "unless given, none for none), no-containers, resize-error:CODE and autoscale-error:CODE. A pool has as many nodes as --slots says. "
    "Repeatable. [default: covalent-pool]",
)
@click.option(
    "--quota", metavar="N", type=click.IntRange(0), default=300, show_default=True, help="Jobs that may be active."
)
@click.option("--tenant", metavar="ID", default="tenant-id", show_default=True, help="The tenant that exists.")
@click.option(
    "--client",
    metavar="ID[=ROLE,…]",
    default="client-id",
    show_default=True,
    callback=_principal("batch,blob", is_repeatable=False),
    help="The application that clients sign in as. Roles are batch, blob, blob:CONTAINER and none; batch,blob unless given.",
)
@click.option("--secret", metavar="TEXT", default="client-secret", show_default=True, help="Its secret.")
@click.option(
    "--identity",
    "identities",
    metavar="ID[=ROLE,…]",
    multiple=True,
    default=("covalent-identity",),
    callback=_principal("blob", is_repeatable=True),
    help="A managed identity that exists; blob unless given. Repeatable. [default: covalent-identity]",
)
@click.option(
    "--token-lifetime",
    metavar="SECONDS",
    type=click.IntRange(1),
    default=3599,
    show_default=True,
    help="Time for which tokens are good.",
)
def azure(write_config: bool, **options: Any) -> None:
    """Emulate Azure: Batch, Blob Storage, the sign-in of applications, and managed identities.

    Prints the environment in which clients find it as lines that a shell can evaluate, then "ready", and serves until Ctrl-C or
    SIGTERM. What is in it ends with it. Blobs are kept by Azurite, which is installed with npm if it is not there.
    """
    try:
        from ..emulator.azure.options import settings_of
        from ..emulator.azure.server import AzureEmulator
    except ImportError as error:
        raise EmulatorError(
            "The emulator of Azure needs aiohttp, azure-batch and azure-storage-blob: pip install 'covalent-batch[emulator]'"
        ) from error

    settings = settings_of(**options)

    def write() -> None:
        _write_config("azurebatch", settings.executor_options())

    _serve(lambda: AzureEmulator(settings), write if write_config else None)
