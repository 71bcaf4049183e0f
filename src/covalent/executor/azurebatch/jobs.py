"""Few jobs for many groups: an account may have a few hundred that have not ended, so groups of a dispatch share one.

A job is made without an end, gets all tasks of a group, and is then told to end with its tasks: the service does so even if nobody is there
any more. That cannot be taken back, so it is not done while another group is on its way into the job, and a later group joins it only while
a task there is open; else it gets the next job of the line.

A group is in one job, for ever: once a task of it has been taken, no other job gets the rest. If the job ends in the middle, by whatever
hand, the tasks that did not get there have ended with it (see :mod:`.views`). Source: API reference of Azure Batch, ``onAllTasksComplete``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from ...errors import ServiceUnreachableError, ThrottledError
from ..batch.causes import CANCEL_REASON
from ..batch.remembered import Remembered
from . import bodies
from .adding import Added, add_all
from .border import RefusedError
from .ending import Ended, delete_job, end_group, end_with_tasks
from .listing import OPEN, OVER, tasks_of
from .names import job_id, line_of, number_of
from .session import Clients, part
from .views import JOB_FIELDS, JobFacts, Task

#: Jobs of a line that are tried for one group: one may end just when tasks are added to it.
TRIES: Final = 3


@dataclass(kw_only=True, slots=True)
class _Line:
    """Jobs with the same content, which follow one another."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    number: int | None = None  #: Of the latest that is known.
    least: int = 0  #: All jobs with lower numbers are over.


class Jobs:
    """Those of one account."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lines: Remembered[_Line] = Remembered()
        self._endless: set[str] = set()  #: Jobs that have not been told to end.
        self._begun: dict[str, str] = {}  #: The jobs that groups are on their way into, by the group.

    async def add(
        self, line: str, content: Mapping[str, object], group: str, tasks: Sequence[bytes], begun: str | None = None
    ) -> str:
        """Add a group to a job of a line; return its id.

        :param content: of a new job
        :param tasks: collections
        :param begun: the job that has a part of them already
        :raises ThrottledError: if nothing was done, or all but telling the job when to end, which a second call makes good
        :raises ServiceUnreachableError: if a part may have been done
        :raises ExecutorError: if the service refuses it; what it took is ended
        """
        known = self._line(line)
        async with known.lock:
            for _ in range(TRIES):
                job = begun or self._begun.get(group) or await self._place(line, known, content)
                was_begun = bool(begun) or group in self._begun
                self._begun[group] = job
                added = await add_all(self._clients, job, tasks)
                if added.error is None:
                    await self._settle(job, group)
                    return job
                if not _is_over(added):
                    await self._fail(job, group, added)
                self._pass_over(job)
                if added.taken or await self._holds(job, group, if_gone=was_begun):
                    self._begun.pop(group, None)
                    return job
                self._begun.pop(group, None)
                begun = None
        raise ServiceUnreachableError(f"Jobs {line} ended {TRIES} times while tasks were added to them.")

    async def settle(self, group: str, facts: JobFacts | None) -> None:
        """Take note that a group is on its way no more, and have its job end with its tasks unless others are on their way.

        :param facts: of the job that it is in; None if none has it
        :raises ExecutorError: if the service cannot be told
        """
        job = facts.id if facts is not None else self._begun.get(group)
        if job is None:
            return
        if facts is not None and facts.is_endless:
            self._endless.add(job)
        async with self._line(line_of(job)).lock:
            await self._settle(job, group)

    async def end(self, job: str, group: str, reason: str) -> Ended:
        """End what is open of a group, and the job if it has nothing else.

        :raises ExecutorError: if the service refuses it
        """
        async with self._line(line_of(job)).lock:
            return await self._end(job, group, reason)

    async def of(self, prefix: str) -> list[JobFacts]:
        """Jobs whose ids begin so, the latest first."""
        found = await self._clients.items(
            "/jobs", f"listing the jobs {prefix}*", JobFacts, filter=f"startswith(id,'{prefix}')", select=JOB_FIELDS
        )
        return sorted(found, key=lambda job: (job.state_transition_time or "", job.id), reverse=True)

    async def delete(self, job: str) -> None:
        """Delete a job with its tasks; one that is gone already is no error.

        :raises ExecutorError: if it cannot be deleted
        """
        await delete_job(self._clients, job)
        self._pass_over(job)

    # What becomes of a group; all of these with the lock of the line held.

    async def _settle(self, job: str, group: str) -> None:
        """If the job cannot be told now, the group stays on its way into it, and whoever tries again adds nothing twice."""
        if job in self._endless and not self._is_awaited(job, group):
            await end_with_tasks(self._clients, job)
            self._endless.discard(job)
        self._begun.pop(group, None)

    def _is_awaited(self, job: str, group: str) -> bool:
        """Whether groups other than this one are on their way into a job."""
        return any(one == job for name, one in self._begun.items() if name != group)

    async def _fail(self, job: str, group: str, added: Added) -> None:
        """:raises ExecutorError: always"""
        assert added.error is not None
        if added.error.retryable:
            with _done_in_part(added.taken):
                raise added.error
        with _done_in_part():
            await self._end(job, group, CANCEL_REASON)
        raise added.error

    async def _end(self, job: str, group: str, reason: str) -> Ended:
        ended = await end_group(self._clients, job, group, reason, is_shared=self._is_awaited(job, group))
        if ended.is_job:
            self._pass_over(job)
        await self._settle(job, group)
        return ended

    async def _holds(self, job: str, group: str, *, if_gone: bool) -> bool:
        """Whether a job that is over has a task of a group.

        :param if_gone: what is true if there is no such job any more
        """
        there = await tasks_of(self._clients, job, [group], select="id")
        return if_gone if there is None else group in there

    def _pass_over(self, job: str) -> None:
        """No group gets this job any more, nor one before it."""
        self._endless.discard(job)
        line = self._line(line_of(job))
        if line_of(job) != job:
            line.least = max(line.least, number_of(job) + 1)

    def _line(self, line: str) -> _Line:
        known = self._lines.get(line)
        if known is None:
            known = self._lines[line] = _Line()
        return known

    # Where a group is put.

    async def _place(self, line: str, known: _Line, content: Mapping[str, object]) -> str:
        """A job to which tasks can be added."""
        number = known.least
        if known.number is not None and known.number >= known.least:
            job = job_id(line, known.number)
            if job in self._endless or await self._is_in_use(job):
                return job
            number = known.number + 1
        while not await self._create(job_id(line, number), content):
            # Somebody has been here before: this dispatcher in an earlier life, or a call whose answer was lost.
            if await self._takes_tasks(job_id(line, number)):
                known.number = number
                return job_id(line, number)
            latest = max((number_of(one.id) for one in await self.of(f"{line}-")), default=number)
            number = max(latest, number + 1)
        known.number = number
        self._endless.add(job_id(line, number))
        return job_id(line, number)

    async def _takes_tasks(self, job: str) -> bool:
        """Whether a job of which nothing is known can be joined."""
        try:
            what = f"asking after the job {job}"
            facts = await self._clients.get(f"/jobs/{part(job)}", what, JobFacts, select=JOB_FIELDS)
        except RefusedError as error:
            if error.status == 404 or error.code in OVER:
                return False
            raise
        if facts.is_endless:
            self._endless.add(job)
            return True
        return facts.is_open and await self._is_in_use(job)

    async def _is_in_use(self, job: str) -> bool:
        """Whether a task of it is open, which keeps it from ending by itself."""
        what = f"looking for tasks of the job {job}"
        try:
            found = await self._clients.some(
                f"/jobs/{part(job)}/tasks", what, Task, filter=OPEN, select="id", maxresults="1"
            )
        except RefusedError as error:
            if error.status == 404 or error.code in OVER:
                return False
            raise
        return bool(found)

    async def _create(self, job: str, content: Mapping[str, object]) -> bool:
        """False if it exists."""
        body = bodies.encode({"id": job, **content})
        try:
            await self._clients.call("POST", "/jobs", f"making the job {job}", body=body)
        except RefusedError as error:
            if error.code == "JobExists" or error.code in OVER:
                return False
            raise
        return True


def _is_over(added: Added) -> bool:
    return isinstance(added.error, RefusedError) and added.error.code in OVER


@contextmanager
def _done_in_part(is_so: bool = True) -> Iterator[None]:
    """Tell that something was done before the service wanted fewer calls.

    :raises ServiceUnreachableError: in place of a ``ThrottledError``, which says that nothing was done
    """
    try:
        yield
    except ThrottledError as error:
        if not is_so:
            raise
        raise ServiceUnreachableError(str(error)) from error
