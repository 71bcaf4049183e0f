"""One task group on its way through an executor: sent or found again, polled, received, cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from ..errors import CovalentError, WithdrawnError
from ..executor.base import AsyncBaseExecutor, Resources
from ..model import GroupMetadata, Outcome, TaskRef, TaskUpdate
from ..states import Cause, Status

log = logging.getLogger(__name__)

#: Seconds before an executor whose poll failed is asked again: the first wait and the longest.
POLL_RETRY_S: Final = (0.5, 60.0)

#: Seconds after which an executor is told again that nobody wants what it is sending.
WITHDRAW_S: Final = 1.0

#: Seconds that an executor may think about why an attempt waits.
WHY_S: Final = 5.0


class GroupDriver:
    """Carries one group from ``send`` to its last outcome.

    :param report: takes news; returns once they are stored
    :param keep_handle: takes the handle, if it is worth storing
    """

    def __init__(
        self,
        *,
        executor: AsyncBaseExecutor,
        resources: Resources,
        metadata: GroupMetadata,
        refs: Sequence[TaskRef],
        report: Callable[[list[TaskUpdate]], Awaitable[None]],
        keep_handle: Callable[[str, Any], None],
    ) -> None:
        self.executor, self.resources, self.metadata = executor, resources, metadata
        self._open = set(refs)
        self._refs = tuple(refs)
        self._unwanted: set[TaskRef] = set()
        self._report, self._keep_handle = report, keep_handle
        self._handle: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def send(self) -> None:
        """Run a new group."""
        await self._run(lambda: self.executor.send(self._refs, self.resources, self.metadata))

    async def resume(self, handle: Any) -> None:
        """Go on with a group that an earlier dispatcher sent, or was about to send."""
        await self._run(lambda: self.executor.resume(self._refs, self.resources, self.metadata, handle))

    async def cancel(self, refs: Sequence[TaskRef]) -> None:
        """End attempts, as soon as the group is out; if all of it is unwanted, it need not get out any more."""
        self._unwanted.update(refs)
        try:
            while not self._handle.done() and self._open <= self._unwanted:
                await self.executor.withdraw(self.metadata)
                await asyncio.wait([self._handle], timeout=WITHDRAW_S)
            handle = await asyncio.shield(self._handle)
            await self.executor.cancel(self.metadata, [r for r in refs if r in self._open], handle)
        except CovalentError:
            log.warning("group %s: cancelling failed", self.metadata.group_id, exc_info=True)

    async def read_log(self, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        """What a running attempt has written so far. Nothing new while the executor gets no answer: that is no failure."""
        try:
            return await self.executor.read_log(self.metadata, ref, stream, offset, limit)
        except CovalentError as error:
            if not error.retryable:
                raise
            log.info("group %s: its log cannot be read now: %s", self.metadata.group_id, error)
            return b""

    async def why(self, ref: TaskRef) -> str:
        """What holds an attempt up, as its executor sees it; empty if it says nothing, or does not do so in time."""
        handle = self._handle.result() if self._handle.done() and not self._handle.cancelled() else None
        try:
            async with asyncio.timeout(WHY_S):
                return await self.executor.why(self.metadata, ref, handle)
        except Exception:
            log.info("group %s: its executor cannot say why it waits", self.metadata.group_id, exc_info=True)
            return ""

    async def _run(self, hand_over: Callable[[], Awaitable[Any]]) -> None:
        try:
            handle = await hand_over()
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._handle.cancel()
            await self._refuse(error)
            return
        if handle is not None and handle != self.metadata.group_id:
            self._keep_handle(self.metadata.group_id, handle)
        self._handle.set_result(handle)
        while self._open:
            updates = await self._next(handle)
            for update in updates:
                if update.status.is_final:
                    self._open.discard(TaskRef(node_id=update.node_id, attempt=update.attempt))
            if updates:
                await self._report(updates)
        await self.executor.forget(self.metadata, handle)

    async def _next(self, handle: Any) -> list[TaskUpdate]:
        """News; an executor that cannot be asked is asked again, for as long as it takes: no answer is no failure."""
        delay_s, longest_s = POLL_RETRY_S
        while True:
            try:
                data = await self.executor.poll(self.metadata, handle)
                return await self.executor.receive(self.metadata, data)
            except Exception:
                log.exception("group %s: no news; asking again in %g s", self.metadata.group_id, delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, longest_s)

    async def _refuse(self, error: Exception) -> None:
        """The executor could not take the group: fail its tasks, with what it said."""
        known = isinstance(error, CovalentError)
        is_withdrawn = isinstance(error, WithdrawnError)
        status = Status.CANCELLED if is_withdrawn else Status.FAILED
        if not known:
            log.exception("group %s could not be sent", self.metadata.group_id, exc_info=error)
        outcome = Outcome(
            status=status,
            cause=Cause.CANCELLED if is_withdrawn else Cause.CONFIG if known else Cause.UNKNOWN,
            message=str(error) if known else f"The executor failed: {type(error).__name__}: {error}",
            started=False,
        )
        refs = sorted(self._open, key=lambda ref: ref.node_id)
        await self._report(
            [TaskUpdate(node_id=ref.node_id, attempt=ref.attempt, status=status, outcome=outcome) for ref in refs]
        )
