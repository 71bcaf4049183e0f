"""A result for people: as text in a terminal, as HTML in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from ..model import DispatchInfo
from ..states import Status

if TYPE_CHECKING:
    from .result import Result

_LONGEST = 500


def as_text(result: Result, info: DispatchInfo) -> str:
    (_, title), *rows = _rows(result, info)
    width = max(len(name) for name, _ in rows)
    lines = [title]
    for name, value in rows:
        first, *more = value.splitlines() or [""]
        lines.append(f"  {name:<{width}}  {first}")
        lines += [f"{'':<{width + 4}}{line}" for line in more]
    return "\n".join(line.rstrip() for line in lines)


def as_html(result: Result, info: DispatchInfo) -> str:
    (_, title), *rows = _rows(result, info)
    cells = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{escape(name)}</th>"
        f"<td style='text-align:left'><pre style='margin:0;white-space:pre-wrap'>{escape(value)}</pre></td></tr>"
        for name, value in rows
    )
    return f"<table><caption style='text-align:left'><b>{escape(title)}</b></caption>{cells}</table>"


def _rows(result: Result, info: DispatchInfo) -> list[tuple[str, str]]:
    """Names and values, the headline first."""
    rows = [("", f"{info.name}: {info.status}"), ("dispatch", info.id)]
    if result.root_dispatch_id != info.id:
        rows.append(("part of", result.root_dispatch_id))
    if info.status is Status.COMPLETED:
        rows.append(("result", _short(lambda: repr(result.result))))
    rows.append(("called with", _short(lambda: _call(result.inputs))))
    if started := result.start_time:
        took = f", took {info.ended_at - started.timestamp():.3g} s" if info.ended_at else ""
        rows.append(("started", f"{started.astimezone():%Y-%m-%d %H:%M:%S %Z}{took}"))
    rows.append(("tasks", counted(info)))
    if error := _short(lambda: result.error or "", limit=None):
        rows.append(("error", error))
    return rows


def _short(make: Callable[[], str], limit: int | None = _LONGEST) -> str:
    """What ``make`` gives, cut; printing a result raises nothing, whatever its values do."""
    try:
        text = make()
    except Exception as error:  # noqa: BLE001  (a value's own methods may raise anything)
        return f"(cannot be shown: {error})"
    return text if limit is None or len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def _call(inputs: dict[str, Any]) -> str:
    """Arguments as they are written in a call."""
    parts = [repr(value) for value in inputs["args"]]
    parts += [f"{name}={value!r}" for name, value in inputs["kwargs"].items()]
    return f"({', '.join(parts)})"


def counted(info: DispatchInfo) -> str:
    """The number of tasks, and how many are in which state."""
    told = ", ".join(f"{count} {state}" for state, count in standing(info).items() if count)
    return f"{info.tasks}" + (f" ({told})" if told else "")


def standing(info: DispatchInfo) -> dict[str, int]:
    """Tasks by state, in words; those apart that never ran because of others."""
    counts = {status.lower(): count for status, count in info.counts.items()}
    if info.not_run:
        counts["failed"] -= info.not_run
        counts["did not run"] = info.not_run
    return counts
