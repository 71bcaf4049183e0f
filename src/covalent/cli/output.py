"""Output for people at terminals, for pipes and for scripts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from ..states import Status

#: ``--json`` of a command.
json_option: Callable[[Any], Any] = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")

_STYLES = {
    Status.COMPLETED: "green",
    Status.FAILED: "red",
    Status.CANCELLED: "magenta",
    Status.RUNNING: "cyan",
    Status.STARTING: "cyan",
    Status.SUBMITTED: "cyan",
}


def examples(*lines: str) -> str:
    """The end of a command's help, kept in lines as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def emit_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def emit_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table: fitted to a terminal, or with all its text elsewhere."""
    if sys.stdout.isatty():
        _emit_fitted(columns, rows)
        return
    texts = [[str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(len(row[n]) for row in texts) for n in range(len(columns))]
    for row in texts:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def emit_pairs(pairs: Sequence[tuple[str, Any]]) -> None:
    """Print names and values, one pair a line, or more where a value has lines."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        first, *more = str(value).splitlines() or [""]
        click.echo(f"{click.style(f'{name:<{width}}', bold=True)}  {_styled(value, first)}".rstrip())
        for line in more:
            click.echo(f"{'':<{width}}  {line}")


def when(at: float | None) -> str:
    """A time as people here write it, with its zone; empty if there is none."""
    return "" if at is None else f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def took(started_at: float | None, ended_at: float | None, *, goes_on: bool = False) -> str:
    """How long something took, or takes so far if it goes on; empty if it has not begun."""
    if started_at is None:
        return ""
    if ended_at is not None:
        return duration(ended_at - started_at)
    return f"{duration(time.time() - started_at)} so far" if goes_on else ""


def plural(count: int, noun: str, ending: str = "s") -> str:
    """As ``1 task`` and ``2 tasks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{ending}"


def duration(seconds: float) -> str:
    """As ``4.2 ms``, ``0.25 s``, ``12 s``, ``3 min 5 s`` or ``2 h 5 min``."""
    if seconds < 0.01:
        return f"{max(seconds, 0) * 1000:.1f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _styled(value: Any, text: str) -> str:
    return click.style(text, fg=_STYLES.get(value)) if isinstance(value, Status) else text


def _emit_fitted(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(str(c), style=_STYLES.get(c, "") if isinstance(c, Status) else "") for c in row))
    Console().print(table)
