"""``covalent deploy``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ..config import config_path, data_dir
from ..deploy.modules import MODULES
from ..errors import hint
from .deploy_options import backend_of, chosen_of, options_of
from .deploy_settings import configure, differing, masked, unconfigure
from .deploy_users import refuse_while_running
from .output import emit_json, emit_pairs, examples

if TYPE_CHECKING:
    from ..deploy.deployment import Deployment
    from ..deploy.modules import Module
    from ..deploy.results import Plan
    from ..deploy.variables import Variable

_WORDS = {"create": "make", "update": "change", "delete": "remove", "replace": "make anew", "repair": "finish"}

_NOTHING = "Nothing of {} is deployed from here."

_ELSEWHERE = (
    "If it was deployed on another computer with its state in a backend, 'covalent deploy up {} --backend=KIND "
    "--backend-config=KEY=VALUE …' with the same values brings it here."
)

_KEPT = (
    "Removed what was deployed for {executor}, but not the bucket {bucket}: it holds something, and --delete-data=false keeps it, as "
    "private and encrypted as it was. 'covalent deploy up {executor}' takes it up again. To remove it, empty it with '{emptied}' and run "
    "'covalent deploy down {executor}' once more."
)

_VERBOSE = click.Option(["-v", "--verbose"], is_flag=True, help="Show all that Terraform says.")
_DRY_RUN = click.Option(["-d", "--dry-run"], is_flag=True, help="Only show what would be done.")
_YES = click.Option(["-y", "--yes"], is_flag=True, help="Do not ask.")
_BACKEND = (
    click.Option(
        ["--backend"],
        metavar="KIND",
        help="Where Terraform's state is to lie, such as s3, azurerm or gcs. [default: here]",
    ),
    click.Option(
        ["--backend-config", "backend_pairs"], metavar="KEY=VALUE", multiple=True, help="A setting of it. Repeatable."
    ),
)


@click.group()
def deploy() -> None:
    """Make what an executor needs in a cloud account, and remove it again.

    It needs Terraform 1.4 or OpenTofu 1.6, or newer, and credentials for the cloud as its own programs find them. What is made is
    written down below the data directory, or in a backend of Terraform's that --backend names.
    """


class _Executors(click.Group):
    """Commands by the names of executors, each made when it is asked for."""

    def __init__(self, make: Callable[[Module], click.Command], **attributes: Any) -> None:
        super().__init__(**attributes, subcommand_metavar="EXECUTOR [OPTIONS]")
        self._make = make

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._make(MODULES[cmd_name]) if cmd_name in MODULES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in MODULES:
            ctx.fail(
                f"Nothing can be deployed for {args[0]!r}.{hint(args[0], MODULES)} The executors are {', '.join(MODULES)}."
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Executors"):
            formatter.write_dl([(name, f"On {module.cloud}.") for name, module in MODULES.items()])


def _command(module: Module, run: Callable[..., None], about: str, params: list[click.Parameter]) -> click.Command:
    # "--max_vcpus" is what Terraform's users write.
    settings = {"token_normalize_func": lambda name: name.replace("_", "-")}
    return click.Command(
        module.executor,
        callback=lambda **given: run(module, **given),
        params=params,
        help=about,
        short_help=f"On {module.cloud}.",
        context_settings=settings,
    )


# Up


def _up(module: Module) -> click.Command:
    from ..deploy.variables import read_variables

    known = read_variables(module.directory)
    variables = {name: variable for name, variable in known.items() if name != module.clock}

    def run(module: Module, *, dry_run: bool, yes: bool, verbose: bool, backend: str | None, **given: Any) -> None:
        place = backend_of(backend, given["backend_pairs"])
        chosen = chosen_of(variables, given)
        with _deployment(module, verbose) as deployment:
            plan = deployment.plan(chosen | _now(module), _first(module, variables), place)
            _show(plan)
            if dry_run:
                return
            lossy = _missed(module, plan)
            if lossy and not yes:
                click.confirm(f"This removes {', '.join(lossy)}. Go on?", abort=True, err=True)
            outputs = deployment.apply(plan)
            configure(module, outputs, plan.before, chosen)
            deployment.note_configured()

    about = (
        f"Make what the executor '{module.executor}' needs on {module.cloud}, and configure it.\n\n"
        "What is not said stays as it was said before; 'null' takes an option back to its default. An interrupted run goes on when "
        "the command is given again."
    )
    return _command(module, run, about, [*options_of(variables), *_BACKEND, _DRY_RUN, _YES, _VERBOSE])


deploy.add_command(
    _Executors(
        _up,
        name="up",
        help="Make what an executor needs, or change it. 'covalent deploy up EXECUTOR --help' shows what can be chosen.",
        short_help="Make what an executor needs.",
        epilog=examples(
            "covalent deploy up awsbatch", "covalent deploy up awsbatch --region=eu-central-1 --compute-type=SPOT"
        ),
    )
)


def _first(module: Module, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """What holds from the first run on, unless it is said: where all of it is, and for which Python."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {name: variables[name].default for name in module.place} | {"python": python}
    return {name: value for name, value in found.items() if name in variables and value is not None}


def _now(module: Module) -> dict[str, Any]:
    return {module.clock: int(time.time() // 3600)} if module.clock else {}


def _missed(module: Module, plan: Plan) -> list[str]:
    """Addresses of what goes away and may be in use."""
    return [
        address
        for action, address in plan.changes
        if action == "delete" or (action == "replace" and address not in module.renewed)
    ]


# Down


def _down(module: Module) -> click.Command:
    force = click.Option(["--force"], is_flag=True, help="Even if dispatches that use it have not ended.")

    def run(module: Module, *, dry_run: bool, yes: bool, verbose: bool, force: bool) -> None:
        with _deployment(module, verbose) as deployment:
            if not deployment.is_begun:
                click.echo(f"{_NOTHING} {_ELSEWHERE}".format(module.executor, module.executor))
                return
            if not (force or dry_run):
                refuse_while_running(module.executor)
            plan = deployment.plan_removal()
            _show(plan)
            if plan.kept:
                click.echo(
                    f"The bucket {plan.kept} stays as it is if it holds something, because of --delete-data=false."
                )
            if dry_run:
                return
            if not yes:
                where = f" in the {module.account_noun} {plan.account}" if plan.account else ""
                data = "" if plan.kept else ", with the results that are stored there"
                click.confirm(f"Remove all of this{where}{data}?", abort=True, err=True)
            is_gone = deployment.remove(plan)
            unconfigure(module, plan.before)
            if not is_gone:
                deployment.note_configured()
                click.echo(_kept(module, plan.kept))
                return
            deployment.forget()
        click.echo(f"Removed all that was deployed for {module.executor}.")

    kept = " A bucket that holds something stays if --delete-data=false was said at 'up'." if module.bucket else ""
    about = (
        f"Remove what was made for the executor '{module.executor}' on {module.cloud}, with the results that are stored there.{kept}\n\n"
        "It refuses while dispatches that use it have not ended."
    )
    return _command(module, run, about, [force, _DRY_RUN, _YES, _VERBOSE])


deploy.add_command(
    _Executors(
        _down,
        name="down",
        help="Remove what was made for an executor, with the results that are stored there.",
        short_help="Remove what was made for an executor.",
        epilog=examples("covalent deploy down awsbatch --dry-run", "covalent deploy down awsbatch"),
    )
)


def _kept(module: Module, name: str) -> str:
    assert module.bucket is not None
    return _KEPT.format(executor=module.executor, bucket=name, emptied=module.bucket.emptied.format(name))


# Status


def _status(module: Module) -> click.Command:
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="Print JSON, for scripts.")

    def run(module: Module, *, verbose: bool, as_json: bool) -> None:
        from ..deploy.results import BEGUN, DONE, KEPT, REFUSED

        with _deployment(module, verbose) as deployment:
            found = deployment.standing()
        words = {
            "": "not deployed",
            DONE: "deployed",
            BEGUN: "half made; 'up' goes on",
            REFUSED: "not deployed; 'up' failed",
            KEPT: "removed, but for a bucket that holds something",
        }
        phase = words.get(found.phase, "half removed; 'down' goes on")
        settings = masked(found.outputs) if found.outputs else {}
        others = found.outputs.others if found.outputs else {}
        wrong = differing(module, found.outputs)
        if as_json:
            emit_json(
                {
                    "executor": module.executor,
                    "phase": found.phase or "none",
                    "account": found.account,
                    "resources": found.resources,
                    "settings": settings,
                    "outputs": others,
                    "configured": not wrong,
                    "directory": found.directory,
                }
            )
            return
        pairs: list[tuple[str, Any]] = [("executor", module.executor), ("is", phase)]
        if found.phase:
            pairs += [
                (module.account_noun, found.account or "unknown"),
                ("resources", len(found.resources)),
                *settings.items(),
                *((name, value) for name, value in others.items() if name != "account_id"),
                ("files", found.directory),
            ]
        emit_pairs(pairs)
        if not found.phase:
            click.echo(_ELSEWHERE.format(module.executor))
        if wrong:
            click.echo(
                f"{config_path()} has other values of {', '.join(wrong)}. 'covalent deploy up {module.executor}' writes these."
            )

    return _command(module, run, f"Show what is deployed for the executor '{module.executor}'.", [as_json, _VERBOSE])


deploy.add_command(
    _Executors(
        _status,
        name="status",
        help="Show what is deployed for an executor, as it was written down when it was made.",
        short_help="Show what is deployed for an executor.",
    )
)


# What they share


@contextmanager
def _deployment(module: Module, verbose: bool) -> Iterator[Deployment]:
    from ..deploy.deployment import Deployment
    from ..deploy.workspace import Workspace

    workspace = Workspace(module, data_dir() / "deploy")
    with Deployment.open(workspace, lambda line: click.echo(line, err=True), verbose=verbose) as deployment:
        yield deployment


def _show(plan: Plan) -> None:
    for action, address in plan.changes:
        click.echo(f"{_WORDS.get(action, action):>9}  {address}")
    where = f" ({plan.account})" if plan.account else ""
    counted = ", ".join(f"{count} to {_WORDS.get(action, action)}" for action, count in sorted(plan.counted().items()))
    click.echo(f"{counted or 'Nothing is to be done'}{where}.")
