"""``covalent doctor``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .output import emit_json, examples, json_option, plural

if TYPE_CHECKING:
    from ..doctor.report import Looked

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
    default=1200.0,  # Machines may have to be started, and images pulled.
    show_default=True,
    help="How long that task may take.",
)
@json_option
def doctor(executor: str | None, run: bool, task_s: float, as_json: bool) -> None:
    """Find out what is wrong, and say what mends it.

    Looks at this machine, the server, and EXECUTOR; without one, at every executor that the configuration names. Clouds are asked with
    the variables and the configuration of this terminal, which need not be those of the server. In buckets, one small object is written
    and deleted. Ends with 1 if something failed.
    """
    # It imports every executor, and the client.
    from ..doctor.report import as_json as plain
    from ..doctor.report import examinations, failures, made

    report: dict[str, list[Looked]] = {}
    with asyncio.Runner() as runner:
        for name, examination in examinations(executor, run=run, task_s=task_s):
            report[name] = runner.run(made(examination))
            if not as_json:
                _show(name, report[name])
    broken = failures(report)
    if as_json:
        emit_json(plain(report))
    else:
        click.echo(f"{plural(broken, 'check')} failed." if broken else "Nothing failed.")
    if broken:
        sys.exit(1)


def _show(name: str, found: Sequence[Looked]) -> None:
    if not sys.stdout.isatty():
        for one in found:
            click.echo(f"{name}: {one.check}: {one.finding.state}: {one.finding.said}")
            if one.finding.mend:
                click.echo(f"    {one.finding.mend}")
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(name.upper(), min_width=_NAME_WIDTH)
    table.add_column("STATE", min_width=_STATE_WIDTH)
    table.add_column("FOUND")
    for one in found:
        said = Text(one.finding.said)
        if one.finding.mend:
            said.append(f"\n{one.finding.mend}", style="bold")
        table.add_row(one.check, Text(one.finding.state, style=_STYLES[one.finding.state]), said)
    Console().print(table)
