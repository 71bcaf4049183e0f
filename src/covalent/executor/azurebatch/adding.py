"""Adds tasks to a job by the hundred, and tells what became of them.

Source: API reference of Azure Batch, "Add a collection of tasks".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from ...errors import ExecutorError, ServiceUnreachableError
from ..batch.concurrently import each
from .border import refused
from .session import Clients, part

#: Collections that are added at once.
ADDS: Final = 4


class _TaskError(msgspec.Struct):
    code: str = ""
    message: dict[str, str] | None = None


class _Result(msgspec.Struct, rename="camel"):
    """What became of one task of a collection."""

    task_id: str
    status: str
    error: _TaskError | None = None

    @property
    def is_there(self) -> bool:
        return self.status.lower() == "success" or (self.error is not None and self.error.code == "TaskExists")


class _Results(msgspec.Struct):
    value: list[_Result]


@dataclass(kw_only=True, slots=True)
class Added:
    """What became of several collections."""

    error: ExecutorError | None = None  #: The first; None if all tasks are in the job.
    taken: bool = False  #: Whether a task of them is in the job, or may be.


async def add_all(clients: Clients, job: str, tasks: Sequence[bytes]) -> Added:
    """Add collections to a job until one is refused. When this returns, none is under way any more."""
    found = Added()

    async def add(body: bytes) -> None:
        if found.error is not None:
            return
        try:
            await _add(clients, job, body, found)
        except ExecutorError as error:
            found.taken = found.taken or isinstance(error, ServiceUnreachableError)
            found.error = found.error or error

    await each(tasks, add, ADDS)
    return found


async def _add(clients: Clients, job: str, body: bytes, found: Added) -> None:
    """Tasks that are there already are as good as added.

    :raises ExecutorError: if one is not taken
    """
    what = f"adding tasks to the job {job}"
    answer = await clients.call("POST", f"/jobs/{part(job)}/addtaskcollection", what, body=body)
    try:
        results = msgspec.json.decode(answer, type=_Results).value
    except msgspec.MsgspecError as error:
        raise ServiceUnreachableError(f"Azure's answer makes no sense when {what} ({error})") from None
    found.taken = found.taken or any(one.is_there for one in results)
    for one in results:
        if one.is_there:
            continue
        code = one.error.code if one.error else ""
        said = (one.error.message or {}).get("value", "") if one.error else ""
        if one.status.lower() == "servererror":
            raise ServiceUnreachableError(f"Azure failed when {what} ({one.task_id}: {code}: {said})")
        raise refused(code, f"{one.task_id}: {said}", what)
