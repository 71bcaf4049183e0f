"""``covalent doctor``."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import TYPE_CHECKING, Final

import click

from .interruptible import interruptible
from .output import emit_json, examples, json_option, plural

if TYPE_CHECKING:
    from ..doctor.report import Looked

#: Seconds that a task may take: machines may have to be started, and images pulled.
TASK_S: Final = 1200.0

#: Of columns, so that the tables of all parts are alike.
_NAME_WIDTH = 20
_STATE_WIDTH = 7

_STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "bright_black"}


@click.command(
    epilog=examples(
        "covalent doctor",
        "covalent doctor awsbatch",
        "covalent doctor awsbatch --run    # and run a task there, which may cost something",
    )
)
@click.argument("executor", metavar="[EXECUTOR]", required=False)
@click.option("--run", is_flag=True, help="Run a real task through the server as well, which may cost something.")
@click.option(
    "--timeout",
    "task_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help=f"How long that task may take.  [default: {TASK_S:g}]",
)
@json_option
def doctor(executor: str | None, run: bool, task_s: float | None, as_json: bool) -> None:
    """Find out what is wrong, and say what mends it.

    Looks at this machine, the server, and EXECUTOR; without one, at every executor that the configuration names. Clouds are asked with
    the variables and the configuration of this terminal, which need not be those of the server. In buckets, one small object is written
    and deleted. Ends with 1 if something failed.
    """
    if task_s is not None and not run:
        raise click.UsageError("--timeout is for the task of --run.")
    # It imports every executor, and the client.
    from ..doctor.report import as_json as plain
    from ..doctor.report import examinations, failures, made

    report: dict[str, list[Looked]] = {}
    with asyncio.Runner() as runner:
        try:
            for name, examination in examinations(executor, run=run, task_s=task_s or TASK_S):
                with _waiting(f"Looking at {name} …"):
                    report[name] = runner.run(interruptible(made(examination)))
                if not as_json:
                    _show(name, report[name])
        except KeyboardInterrupt:
            # Threads that wait for an answer cannot be ended, and would keep this process until they give up.
            click.echo("Aborted.", err=True)
            os._exit(1)
    broken = failures(report)
    if as_json:
        emit_json(plain(report))
    else:
        click.echo(f"{plural(len(broken), 'check')} failed: {', '.join(broken)}." if broken else "Nothing failed.")
    if broken:
        sys.exit(1)


def _waiting(text: str) -> AbstractContextManager[object]:
    """Tell somebody at a terminal what is waited for."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(text)


def _show(name: str, found: Sequence[Looked]) -> None:
    if sys.stdout.isatty():
        _show_table(name, found)
        return
    for one in found:
        click.echo(f"{name}: {one.check}: {one.finding.state}: {one.finding.said}")
        if one.finding.mend:
            click.echo(f"    {one.finding.mend}")


def _show_table(name: str, found: Sequence[Looked]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(name.upper(), min_width=_NAME_WIDTH)
    table.add_column("STATE", min_width=_STATE_WIDTH)
    table.add_column("FOUND", overflow="fold")  # What is to be copied is not cut off.
    # What depends on one thing takes one row.
    for after, some in groupby(found, key=lambda one: one.after):
        if after:
            left_out = ", ".join(one.check for one in some)
            said = Text(f"Not looked at, for want of '{after}': {left_out}.")
            table.add_row("…", Text("skipped", style=_STYLES["skipped"]), said)
            continue
        for one in some:
            said = Text(one.finding.said)
            if one.finding.mend:
                said.append(f"\n→ {one.finding.mend}", style="bold")
            table.add_row(Text(one.check), Text(one.finding.state, style=_STYLES[one.finding.state]), said)
    Console().print(table)
