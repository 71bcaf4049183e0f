"""What executors have to do and how they have done of late, over all dispatches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from . import codec
from .base import ExecutorUse, TaskAtExecutor
from .database import Row, Session

#: Dispatches that count as the latest.
LATEST: Final = 20

#: Tasks of one executor that are named, of each kind.
NAMED: Final = 20

#: Tasks, of all executors, whose waiting is measured.
MEASURED: Final = 2000


def executor_use(session: Session) -> list[ExecutorUse]:
    """See :meth:`.base.Store.executor_use`."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for name, status, count in session.all("executor_counts"):
        counts[name][status] = count
    groups: dict[str, int] = dict(session.all("executor_groups"))
    waits: dict[str, list[float]] = defaultdict(list)
    for name, wait_s in session.all("executor_waits", dispatches=LATEST, limit=MEASURED):
        waits[name].append(wait_s)
    under_way = _by_executor(session.all("executor_under_way", limit=NAMED))
    failed = _by_executor(session.all("executor_failed", dispatches=LATEST, limit=NAMED))
    used = {name for (names,) in session.all("executor_names", dispatches=LATEST) for name in json.loads(names)}
    return [
        ExecutorUse(
            name=name,
            counts=counts.get(name, {}),
            groups=groups.get(name, 0),
            under_way=tuple(under_way.get(name, ())),
            waits_s=tuple(waits.get(name, ())),
            failed=tuple(failed.get(name, ())),
        )
        for name in sorted(used | counts.keys())
    ]


def _by_executor(rows: Iterable[Row]) -> dict[str, list[TaskAtExecutor]]:
    found: dict[str, list[TaskAtExecutor]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(_task(row[1:]))
    return found


def _task(row: Row) -> TaskAtExecutor:
    dispatch_id, dispatch_name, node, name, status, attempt, submitted_at, started_at, ended_at, cause, message = row
    return TaskAtExecutor(
        dispatch_id=dispatch_id,
        dispatch_name=dispatch_name,
        node_id=node,
        name=name,
        status=codec.STATUS[status],
        attempt=attempt,
        submitted_at=submitted_at,
        started_at=started_at,
        ended_at=ended_at,
        cause=codec.CAUSE[cause],
        message=message,
    )
