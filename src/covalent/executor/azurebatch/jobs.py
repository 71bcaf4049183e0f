"""Few jobs for many groups: an account may have a few hundred that have not ended, so groups of a dispatch share one.

A job is made without an end, gets all tasks of a group, and is then told to end with its tasks: the service does so even if nobody is there
any more. That cannot be taken back, so a later group joins it only while a task there is still open; else it gets the next job of the line.
Source: API reference of Azure Batch, ``onAllTasksComplete``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec

from ...errors import ExecutorError, ServiceUnreachableError
from ..batch.concurrently import each
from ..batch.remembered import Remembered
from . import bodies
from .border import RefusedError, refused
from .names import job_id, line_of, number_of
from .session import Clients, part
from .views import JobFacts, Task

#: Collections that are added at once.
ADDS: Final = 4

#: Jobs of a line that are tried for one group: one may end just when tasks are added to it.
TRIES: Final = 3

#: What is answered where a job has ended, or is about to.
OVER: Final = frozenset({"JobBeingDeleted", "JobBeingTerminated", "JobCompleted", "JobNotFound", "JobTerminating"})


class _TaskError(msgspec.Struct):
    code: str = ""
    message: dict[str, str] | None = None


class _Added(msgspec.Struct, rename="camel"):
    """What became of one task of a collection."""

    task_id: str
    status: str
    error: _TaskError | None = None


class _AddedAll(msgspec.Struct):
    value: list[_Added]


@dataclass(kw_only=True, slots=True)
class _Line:
    """Jobs with the same content, which follow one another."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    number: int | None = None  #: Of the latest; None if that is not known.
    is_endless: bool = False  #: Whether that one has not been told to end.


class Jobs:
    """Those of one account."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lines: Remembered[_Line] = Remembered()

    @asynccontextmanager
    async def alone(self, job: str) -> AsyncIterator[None]:
        """While nobody here adds tasks to a job."""
        async with self._line(line_of(job)).lock:
            yield

    async def add(self, line: str, content: Mapping[str, object], tasks: Sequence[bytes], begun: str | None) -> str:
        """Add a group to a job of a line; return its id.

        :param content: of a new job
        :param tasks: collections
        :param begun: the job that has a part of them already
        :raises ExecutorError: if the service refuses it; what it took may run then
        """
        known = self._line(line)
        async with known.lock:
            for _ in range(TRIES):
                job, is_endless = (begun, True) if begun else await self._place(line, known, content)
                try:
                    await each(tasks, partial(self._add, job), ADDS)
                except RefusedError as error:
                    if error.code not in OVER:
                        await self._give_up(job)
                        raise
                    begun, known.is_endless = None, False
                    continue
                if is_endless:
                    await self.finish(job)
                    known.is_endless = False
                return job
        raise ServiceUnreachableError(f"Jobs {line} ended {TRIES} times while tasks were added to them.")

    async def finish(self, job: str) -> None:
        """Have the service end a job when its tasks have ended."""
        body = bodies.encode({"onAllTasksComplete": bodies.ENDS})
        try:
            await self._clients.call("PATCH", f"/jobs/{part(job)}", f"telling the job {job} when to end", body=body)
        except RefusedError as error:
            if error.code not in OVER:
                raise

    async def of(self, prefix: str) -> list[JobFacts]:
        """Jobs whose ids begin so, the latest first."""
        select = "id,state,onAllTasksComplete,stateTransitionTime"
        found = await self._clients.items(
            "/jobs", f"listing the jobs {prefix}*", JobFacts, filter=f"startswith(id,'{prefix}')", select=select
        )
        return sorted(found, key=lambda job: (job.state_transition_time or "", job.id), reverse=True)

    async def delete(self, job: str) -> None:
        """Delete a job with its tasks; one that is gone already is no error.

        :raises ExecutorError: if it cannot be deleted
        """
        try:
            await self._clients.call("DELETE", f"/jobs/{part(job)}", f"deleting the job {job}")
        except RefusedError as error:
            if error.status != 404 and error.code not in OVER:
                raise

    def _line(self, line: str) -> _Line:
        known = self._lines.get(line)
        if known is None:
            known = self._lines[line] = _Line()
        return known

    async def _place(self, line: str, known: _Line, content: Mapping[str, object]) -> tuple[str, bool]:
        """A job to which tasks can be added, and whether it has no end yet."""
        if known.number is not None:
            job = job_id(line, known.number)
            if known.is_endless or await self._is_in_use(job):
                return job, known.is_endless
        number = 0 if known.number is None else known.number + 1
        while not await self._create(job_id(line, number), content):
            # Somebody has been here before: this dispatcher in an earlier life, or a call whose answer was lost.
            latest = max(await self.of(f"{line}-"), key=lambda one: number_of(one.id), default=None)
            if latest is not None and (latest.is_endless or await self._is_in_use(latest.id)):
                known.number = number_of(latest.id)
                return latest.id, latest.is_endless
            number = max(number, number_of(latest.id) if latest else number) + 1
        known.number, known.is_endless = number, True
        return job_id(line, number), True

    async def _is_in_use(self, job: str) -> bool:
        """Whether a task of it has not ended, which keeps it from ending."""
        try:
            answer = await self._clients.get(
                f"/jobs/{part(job)}/tasks",
                f"looking for tasks of the job {job}",
                _Some,
                filter="state ne 'completed'",
                select="id",
                maxresults="1",
            )
        except RefusedError as error:
            if error.status == 404:
                return False
            raise
        return bool(answer.value)

    async def _create(self, job: str, content: Mapping[str, object]) -> bool:
        """False if it exists."""
        body = bodies.encode({"id": job, **content})
        try:
            await self._clients.call("POST", "/jobs", f"making the job {job}", body=body)
        except RefusedError as error:
            if error.code == "JobExists":
                return False
            raise
        return True

    async def _give_up(self, job: str) -> None:
        """Have a job end that was refused its tasks, as far as that can be done."""
        with contextlib.suppress(ExecutorError):
            await self.finish(job)

    async def _add(self, job: str, body: bytes) -> None:
        what = f"adding tasks to the job {job}"
        answer = await self._clients.call("POST", f"/jobs/{part(job)}/addtaskcollection", what, body=body)
        try:
            results = msgspec.json.decode(answer, type=_AddedAll).value
        except msgspec.MsgspecError as error:
            raise ServiceUnreachableError(f"Azure's answer makes no sense when {what} ({error})") from None
        for one in results:
            code = one.error.code if one.error else ""
            if one.status.lower() == "success" or code == "TaskExists":
                continue
            said = (one.error.message or {}).get("value", "") if one.error else ""
            if one.status.lower() == "servererror":
                raise ServiceUnreachableError(f"Azure failed when {what} ({one.task_id}: {code}: {said})")
            raise refused(code, f"{one.task_id}: {said}", what)


class _Some(msgspec.Struct):
    """The first page of a list, of which it only counts whether it has anything."""

    value: list[Task]
