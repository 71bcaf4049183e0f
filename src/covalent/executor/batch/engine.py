"""One for each account and region in a dispatcher: what all executors there share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Final

from ...errors import ExecutorError, WithdrawnError
from ...model import GroupMetadata, TaskRef
from ...objects import RemoteStore
from .causes import CANCEL_REASON
from .concurrently import Once, each
from .handle import Handle, SubmittedJob
from .logs import LogReader
from .outcomes import give_up
from .pace import Timing
from .patience import Patience
from .poller import Poller
from .service import BatchService, Job
from .staging import Depot, Order, stage
from .submission import find_taken, jobs_of, submit
from .tracking import TrackedGroup, TrackedJob
from .why import why_sending, why_tracked

#: Jobs that are handed over at a time, over all groups.
SUBMISSIONS: Final = 8

#: Tasks that are ended at a time.
CANCELS: Final = 8

#: Seconds for which settings that a service took are not checked again.
CHECKED_S: Final = 600.0


class Engine:
    """Sends groups, follows them, and ends them.

    :param service: closed with the engine
    """

    def __init__(self, service: BatchService, timing: Timing | None = None) -> None:
        self.service, self._timing = service, timing or Timing()
        self._poller = Poller(service, self._timing)
        self._logs = LogReader(service, self._timing.log_s)
        self._depots: dict[str, Depot] = {}
        self._checked: Once[None] = Once(CHECKED_S)
        self._sending: dict[str, Patience] = {}
        self._revocable: set[str] = set()  #: Groups that can be given up: what they share with others is there.
        self._places = asyncio.Semaphore(SUBMISSIONS)

    def depot(self, store: RemoteStore) -> Depot:
        """What is known of a bucket, for all that use it."""
        return self._depots.setdefault(store.root, Depot(store))

    async def send(self, order: Order, *, is_new: bool) -> Handle:
        """Run a group.

        :param is_new: whether it is certain that nobody has tried to send it before
        :raises ExecutorError: if it cannot run as it is
        :raises WithdrawnError: if :meth:`withdraw` was called before the service had taken it
        """
        group_id = order.metadata.group_id
        patience = self._sending[group_id] = Patience(self._timing.retry_s)
        try:
            await self._checked.get(order.options, lambda: patience.insist(lambda: self.service.check(order.options)))
            is_first = await stage(order, patience, is_new=is_new)
            runner = await order.depot.runner(patience)
            jobs = jobs_of(order, runner, await asyncio.to_thread(_command, self.service.scheme), self.service.limits)
            self._revocable.add(group_id)
            submitted = await self._submit(jobs, patience, is_new=is_first)
        finally:
            self._sending.pop(group_id, None)
            self._revocable.discard(group_id)
        return Handle(jobs=tuple(submitted), refs=order.refs)

    async def _submit(self, jobs: Sequence[tuple[int, Job]], patience: Patience, *, is_new: bool) -> list[SubmittedJob]:
        """Submit all of a group's jobs, or none.

        :raises ExecutorError: if the service refuses one; those that it took are ended
        """

        async def one(numbered: tuple[int, Job]) -> SubmittedJob:
            settle_s = self._timing.settle_s
            return await submit(self.service, *numbered, patience, self._places, is_new=is_new, settle_s=settle_s)

        try:
            return await each(jobs, one, SUBMISSIONS)
        except ExecutorError as error:
            if len(jobs) > 1 or isinstance(error, WithdrawnError):
                await each([job for _, job in jobs], self._take_back, CANCELS)
            raise

    def withdraw(self, group_id: str) -> None:
        """Give up a group that waits for the service to take it."""
        if group_id in self._revocable:
            self._sending[group_id].give_up()

    async def _take_back(self, job: Job) -> None:
        """End a job if the service has taken it; it may have done so without our knowing."""
        patience = Patience(self._timing.retry_s)  # Whoever gave the other up did not mean this.
        with contextlib.suppress(ExecutorError):
            ref = await patience.insist(lambda: find_taken(self.service, job, self._timing.settle_s))
            if ref is not None:
                await patience.insist(lambda: self.service.cancel(ref, None, CANCEL_REASON))

    def follow(
        self, metadata: GroupMetadata, handle: Handle, store: RemoteStore, wanted: Collection[int], longest_s: float
    ) -> TrackedGroup:
        """Look after a group that was submitted.

        :param wanted: the nodes whose outcomes are not stored yet
        :param longest_s: the longest time between two looks
        """
        now = asyncio.get_running_loop().time()
        group = TrackedGroup(metadata, handle, store, wanted, longest_s, now, self.depot(store).forget)
        self._poller.add(group)
        return group

    def followed(self, group_id: str) -> TrackedGroup | None:
        return self._poller.get(group_id)

    def forget(self, group_id: str) -> None:
        self._poller.drop(group_id)

    async def cancel(self, group: TrackedGroup, refs: Sequence[TaskRef]) -> bool:
        """End attempts; whether one of them was still open.

        :raises ExecutorError: if the service refuses it
        """
        chosen: dict[TrackedJob, set[int]] = {}
        for ref in refs:
            if (place := group.locate(ref)) is not None and place[1] in place[0].open:
                chosen.setdefault(place[0], set()).add(place[1])
        patience = Patience(self._timing.retry_s)
        ends: list[Callable[[], Awaitable[object]]] = []
        for job, tasks in chosen.items():
            job.asked |= tasks
            ends += self._ends(group, job, tasks)
        try:
            await each(ends, patience.insist, CANCELS)
        except ExecutorError:
            for job, tasks in chosen.items():
                job.asked -= tasks
            raise
        if ends:
            self._poller.hurry(group)
        return bool(ends)

    def _ends(self, group: TrackedGroup, job: TrackedJob, tasks: set[int]) -> list[Callable[[], Awaitable[object]]]:
        """The calls by which these tasks of a job are ended."""
        if tasks == job.open:
            return [partial(self.service.cancel, job.ref, None, CANCEL_REASON)]
        if self.service.limits.ends_single_tasks:
            return [partial(self.service.cancel, job.ref, task, CANCEL_REASON) for task in sorted(tasks)]
        return [partial(give_up, group, job.first + task) for task in sorted(tasks)]

    async def read_log(self, group: TrackedGroup, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        """What an attempt has printed so far.

        :raises ExecutorError: if the service refuses it
        """
        place = group.locate(ref)
        if place is None or place[0].view is None:
            return b""
        return await self._logs.read(place[0].ref, place[1], stream, offset, limit)

    async def why(self, group_id: str, ref: TaskRef) -> str:
        """What holds up an attempt that has not ended."""
        if (patience := self._sending.get(group_id)) is not None:
            return why_sending(patience)
        group = self.followed(group_id)
        if group is None or (place := group.locate(ref)) is None:
            return ""
        return await why_tracked(self.service, group, *place, trouble=self._poller.trouble)

    async def close(self) -> None:
        """Stop looking. What was submitted goes on."""
        await self._poller.close()
        await self._checked.close()
        for depot in self._depots.values():
            await depot.close()
        await self.service.close()


def _command(scheme: str) -> tuple[str, ...]:
    from .bundle import command

    return command(scheme)
