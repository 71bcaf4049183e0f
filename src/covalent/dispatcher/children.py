"""Sublattices: the dispatch that a task stands for, and what its end means for the task."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ..model import DispatchInfo, Graph, Outcome
from ..states import Cause, Status
from .resources import DispatchResources
from .threads import StoreThreads


def child_id(parent_id: str, node_id: int, attempt: int) -> str:
    """The id of the child that an attempt starts; the same whenever it is asked for, so that none is made twice."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"covalent:{parent_id}:{node_id}:{attempt}"))


async def child_outcome(
    child: DispatchInfo, threads: StoreThreads, resources: Callable[[str, Graph], DispatchResources]
) -> Outcome:
    """How the task ends that stands for a child which has ended."""
    if child.status is Status.COMPLETED:
        graph = await threads.read(threads.store.graph, child.id)
        output = await resources(child.id, graph).result()
        return Outcome(status=Status.COMPLETED, output=output, started_at=child.started_at, ended_at=child.ended_at)
    if child.status is Status.CANCELLED:
        message = f"Its sublattice, dispatch {child.id}, was cancelled."
        return Outcome(status=Status.CANCELLED, cause=Cause.CANCELLED, message=message)
    failed = await threads.read(threads.store.tasks, child.id, statuses=(Status.FAILED,), limit=1000)
    causes = [task.cause for task in failed if task.cause not in (None, Cause.UPSTREAM)]
    info = await threads.read(threads.store.dispatch, child.id)
    return Outcome(
        status=Status.FAILED,
        cause=causes[0] if causes else Cause.UNKNOWN,
        message=f"Its sublattice, dispatch {child.id}, failed: {info.error}",
    )
