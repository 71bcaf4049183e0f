"""What is looked at, and what came of it as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from ..config import get_config
from ..errors import ConfigError
from ..executor.examination import Examination, Looked, State
from .executors import ExecutorExamination, configured
from .machine import MachineExamination
from .server import ServerExamination

__all__ = ["Examination", "Looked", "as_json", "examinations", "failures", "made"]

Report = Mapping[str, Sequence[Looked]]


def examinations(executor: str | None, *, run: bool, task_s: float) -> list[tuple[str, Examination]]:
    """All of them, by the name of what they are of.

    :param executor: short name; None for all that the configuration names
    :param run: whether to run a task on each
    :param task_s: seconds that it may take
    """
    machine = ("machine", MachineExamination())
    try:
        get_config()
    except ConfigError:
        return [machine]  # It tells. All others would say the same.
    names = [executor] if executor else configured()
    executors = ((name, ExecutorExamination(name, run=run, task_s=task_s)) for name in names)
    return [machine, ("server", ServerExamination()), *executors]


async def made(examination: Examination) -> list[Looked]:
    """What an examination has found."""
    async with aclosing(examination.make()) as looked:
        return [one async for one in looked]


def failures(report: Report) -> list[str]:
    """The checks that failed, each after the name of what it is of."""
    return [
        f"{name} {one.check}" for name, found in report.items() for one in found if one.finding.state is State.FAILED
    ]


def as_json(report: Report) -> dict[str, Any]:
    checks = [_plain(name, one) for name, found in report.items() for one in found]
    return {"ok": not failures(report), "checks": checks}


def _plain(name: str, looked: Looked) -> dict[str, Any]:
    finding = looked.finding
    return {
        "of": name,
        "check": looked.check,
        "state": finding.state,
        "said": finding.said,
        "mend": finding.mend,
        "trouble": finding.trouble,
        "took_s": round(looked.took_s, 3),
    }
