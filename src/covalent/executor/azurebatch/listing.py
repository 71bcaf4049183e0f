"""Which tasks a job has, by the groups that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from .border import RefusedError
from .names import task_of
from .session import Clients, part
from .views import TASK_FIELDS, Task

#: Tasks of a group with their indexes.
Listed: TypeAlias = list[tuple[int, Task]]

#: Tasks in one answer, the most that there are. Source: API reference of Azure Batch, "List tasks".
PAGE_TASKS: Final = 1000

#: What is answered where a job has ended, or is about to, or is not there.
OVER: Final = frozenset({"JobBeingDeleted", "JobBeingTerminated", "JobCompleted", "JobNotFound", "JobTerminating"})

#: A filter: what has not ended. In a job that was ended, tasks that had not begun stay so for ever.
OPEN: Final = "state ne 'completed'"


async def tasks_of(
    clients: Clients,
    job: str,
    groups: Sequence[str] = (),
    *,
    select: str = TASK_FIELDS,
    filter: str = "",  # noqa: A002
) -> Mapping[str, Listed] | None:
    """Tasks of a job by group; None if there is no such job, or it is being deleted.

    :param groups: those that are wanted; if it is one, no other is asked for
    :raises ExecutorError: if Azure cannot be asked
    """
    params = {"select": select, "maxresults": str(PAGE_TASKS)}
    if len(groups) == 1:
        filter = f"startswith(id,'{groups[0]}-')"  # noqa: A001
    if filter:
        params["filter"] = filter
    try:
        found = await clients.items(f"/jobs/{part(job)}/tasks", f"listing the tasks of the job {job}", Task, **params)
    except RefusedError as error:
        if error.status == 404 or error.code in OVER:
            return None
        raise
    listed: dict[str, Listed] = {}
    for task in found:
        group, index = task_of(task.id) or (task.id, 0)
        listed.setdefault(group, []).append((index, task))
    return listed


def are_idle(listed: Listed) -> bool:
    """Whether tasks wait, and none runs."""
    states = {task.state for _, task in listed}
    return "active" in states and not states & {"preparing", "running"}
