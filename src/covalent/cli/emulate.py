"""``covalent emulate``."""

from __future__ import annotations

import gc
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..config import config_path, set_config
from ..errors import EmulatorError
from .output import examples

if TYPE_CHECKING:
    from ..emulator.aws.provision import Resources

#: What can be emulated.
_CLOUDS = ("aws",)


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

    It needs the extra "emulator" of Covalent.
    """


def _names(option: str, default: tuple[str, ...], about: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    shown = ", ".join(default) or "none"
    return click.option(
        option, metavar="NAME", multiple=True, default=default, help=f"{about} Repeatable. [default: {shown}]"
    )


@emulate.command(
    epilog=examples(
        "covalent emulate aws --write-config",
        "covalent emulate aws --queue my-queue --bucket my-bucket --containers podman",
        "covalent emulate aws --queue spot=SPOT --fault lose_host,count=2",
        "covalent emulate aws --fault throttle,operation=SubmitJob,count=5 --fault slow_start,seconds=30",
    )
)
@click.option("--host", metavar="HOST", default="127.0.0.1", show_default=True, help="Name or address to listen on.")
@click.option(
    "-p",
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port; 0, the default, takes a free one.",
)
@click.option("--region", metavar="REGION", default="us-east-1", show_default=True, help="Where everything is.")
@_names("--bucket", ("covalent-batch-job-resources",), "A bucket that exists.")
@_names(
    "--queue",
    ("covalent-batch-queue",),
    "A job queue that exists; NAME=KIND for EC2, SPOT, FARGATE or FARGATE_SPOT machines.",
)
@_names("--role", ("CovalentBatchJobRole", "ecsTaskExecutionRole"), "An IAM role that exists.")
@_names("--log-group", ("covalent-batch-job-logs",), "A log group that exists.")
@_names("--job-definition", (), "A job definition that exists.")
@click.option(
    "--slots", metavar="N", type=click.IntRange(1), help="Jobs that run at a time. [default: number of processors]"
)
@click.option(
    "--containers",
    type=click.Choice(["none", "podman", "docker"]),
    default="none",
    show_default=True,
    help="What runs jobs. With none they are processes, whose python3 is this interpreter and whose image is not looked at.",
)
@click.option(
    "--fault",
    "fault_texts",
    metavar="KIND[,NAME=VALUE]…",
    multiple=True,
    help="Something that goes wrong: throttle, lose_answer, refuse, unreachable, lose_host, out_of_memory, time_out, "
    "bad_image, slow_start or hold. Repeatable.",
)
@click.option("--write-config", is_flag=True, help="Write the names into [executors.awsbatch] of the configuration.")
def aws(fault_texts: tuple[str, ...], write_config: bool, **options: Any) -> None:
    """Emulate AWS: Batch, S3, IAM, STS, CloudWatch Logs, ECR and EC2.

    Prints the variables by which clients find it, as lines that a shell can evaluate, then "ready", and serves until Ctrl-C or SIGTERM.
    What is in it ends with it. The server must have these variables: set them, and say "covalent restart".
    """
    from ..emulator.aws.provision import Resources
    from ..emulator.aws.server import AwsEmulator, AwsSettings
    from ..emulator.faults import parse_fault

    names = {part: options.pop(part[:-1]) for part in ("buckets", "queues", "roles", "log_groups", "job_definitions")}
    resources = Resources(**names)
    try:
        faults = [parse_fault(text) for text in fault_texts]
    except EmulatorError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Obeyed as soon as all is there: half an emulator is harder to end.
        signal.signal(number, lambda *_: stop.set())
    emulator = AwsEmulator(AwsSettings(resources=resources, faults=faults, **options))
    try:
        if write_config:
            _write_config(resources, options["region"])
        for name, value in emulator.environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        # What has been loaded by now stays to the end: collecting it again and again, and at the end once more, takes time.
        gc.freeze()
        click.echo("ready")
        sys.stdout.flush()
        stop.wait()
    finally:
        emulator.stop()


def _write_config(resources: Resources, region: str) -> None:
    """Have the executor use the first of each kind, and say so."""
    named = {
        "s3_bucket_name": resources.buckets,
        "batch_queue": [queue.partition("=")[0] for queue in resources.queues],
        "batch_job_definition_name": resources.job_definitions,
        "batch_job_role_name": resources.roles,
        "batch_execution_role_name": resources.roles[1:],
        "batch_job_log_group_name": resources.log_groups,
    }
    settings = {"region": region, **{key: names[0] for key, names in named.items() if names}}
    set_config({"executors": {"awsbatch": settings}})
    click.echo(f"Wrote into {config_path()}:\n\n[executors.awsbatch]", err=True)
    for key, value in settings.items():
        click.echo(f'{key} = "{value}"', err=True)
