"""Ends tasks, groups and jobs. What has ended already is no error."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

from ..batch.concurrently import each
from . import bodies
from .border import RefusedError
from .listing import OPEN, OVER, tasks_of
from .session import Clients, part

#: Tasks that are ended at once.
ENDS: Final = 8

#: What is answered where a task has ended.
_ENDED: Final = OVER | {"TaskCompleted", "TaskNotFound"}


class Ended(NamedTuple):
    """What was ended of a group."""

    running: int
    waiting: int
    is_job: bool  #: Whether its job was, because nothing else was in it.


async def end_task(clients: Clients, job: str, task: str) -> None:
    """:raises ExecutorError: if Azure refuses it"""
    path = f"/jobs/{part(job)}/tasks/{part(task)}/terminate"
    await _unless_over(clients, "POST", path, f"ending the task {task} of the job {job}")


async def end_group(clients: Clients, job: str, group: str, reason: str, *, is_shared: bool) -> Ended:
    """End the tasks of a group, and their job with them if it has no others that are open.

    :param is_shared: whether others are about to be added to it
    :raises ExecutorError: if Azure refuses it
    """
    there = dict(await tasks_of(clients, job, select="id,state", filter=OPEN) or {})
    ours = [task for _, task in there.pop(group, ())]
    running = sum(task.state == "running" for task in ours)
    if there or is_shared:
        await each([task.id for task in ours], partial(end_task, clients, job), ENDS)
        return Ended(running, len(ours) - running, is_job=False)
    body = bodies.encode({"terminateReason": reason})
    await _unless_over(clients, "POST", f"/jobs/{part(job)}/terminate", f"ending the job {job}", body)
    return Ended(running, len(ours) - running, is_job=True)


async def end_with_tasks(clients: Clients, job: str) -> None:
    """Have the service end a job when its tasks have ended. That cannot be taken back.

    :raises ExecutorError: if Azure refuses it
    """
    body = bodies.encode({"onAllTasksComplete": bodies.ENDS})
    await _unless_over(clients, "PATCH", f"/jobs/{part(job)}", f"telling the job {job} when to end", body)


async def delete_job(clients: Clients, job: str) -> None:
    """Delete a job with its tasks.

    :raises ExecutorError: if Azure refuses it
    """
    await _unless_over(clients, "DELETE", f"/jobs/{part(job)}", f"deleting the job {job}")


async def _unless_over(clients: Clients, method: str, path: str, what: str, body: bytes | None = None) -> None:
    try:
        await clients.call(method, path, what, body=body)
    except RefusedError as error:
        if error.status != 404 and error.code not in _ENDED:
            raise
