"""The loop: events in, steps stored, commands carried out, in turns that many dispatches share.

While one turn is being stored the news of the next gathers, so the busier the loop, the more a commit holds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ..errors import IllegalTransitionError, StoreError
from ..model import Changes, GroupRecord, Outcome, TaskRef, TaskUpdate
from ..scheduler import (
    CancelAttempts,
    CancelChild,
    Due,
    Progress,
    RetryLater,
    SchedulerEvent,
    SendGroup,
    StartChild,
    Turn,
)
from ..states import Cause, Status
from .active import ActiveDispatch
from .children import Sublattices
from .groups import GroupDriver
from .threads import StoreThreads
from .watch import Watchers

log = logging.getLogger(__name__)

#: Seconds before a commit that failed for a passing reason is repeated: the first wait and the longest.
COMMIT_RETRY_S: Final = (0.1, 5.0)


class Engine:
    """Runs the dispatches that were added to it."""

    def __init__(
        self,
        threads: StoreThreads,
        watchers: Watchers,
        sublattices: Sublattices,
    ) -> None:
        self.active: dict[str, ActiveDispatch] = {}
        self._threads, self._watchers = threads, watchers
        self._sublattices = sublattices
        self._inbox: dict[str, list[SchedulerEvent]] = {}
        self._handles: dict[str, dict[str, Any]] = {}
        self._wake = asyncio.Event()
        self._next: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._aside: set[asyncio.Task[None]] = set()

    def add(self, active: ActiveDispatch) -> None:
        if active.info.id in self.active:
            raise RuntimeError(f"dispatch {active.info.id} is active already")
        self.active[active.info.id] = active

    def post(self, dispatch_id: str, *events: SchedulerEvent) -> asyncio.Future[None]:
        """Hand events in. The future is done when they are stored and the children that they start exist."""
        self._inbox.setdefault(dispatch_id, []).extend(events)
        self._wake.set()
        return self._next

    def keep_handle(self, dispatch_id: str, group_id: str, handle: Any) -> None:
        """Store a group's handle with the next turn."""
        self._handles.setdefault(dispatch_id, {})[group_id] = handle
        self._wake.set()

    async def run(self) -> None:
        """Take turns until cancelled.

        :raises StoreError: if the store failed for good; what was stored until then is safe
        """
        while True:
            await self._wake.wait()
            await self._turn()

    def stop(self) -> None:
        """Drop all that is under way here. What is stored stays, and so does what executors do."""
        for active in self.active.values():
            active.stop()
        for task in self._aside:
            task.cancel()

    async def _turn(self) -> None:
        self._wake.clear()
        inbox, self._inbox = self._inbox, {}
        handles, self._handles = self._handles, {}
        done, self._next = self._next, asyncio.get_running_loop().create_future()
        turns = self._decide(inbox, handles)
        changes = [turn.changes for _, turn in turns]
        changes = [c for c in changes if c.transitions or c.steps or c.groups or c.handles]
        if changes:
            await self._commit(changes)
        children: list[Awaitable[None]] = []
        for active, turn in turns:
            if active.info.id in self.active:
                self._carry_out(active, turn, children)
        if children:
            self._spawn(_settle(done, children))
        else:
            done.set_result(None)

    def _decide(
        self, inbox: dict[str, list[SchedulerEvent]], handles: dict[str, dict[str, Any]]
    ) -> list[tuple[ActiveDispatch, Turn]]:
        """Let the schedulers say what follows. One that fails takes no other dispatch with it."""
        turns = []
        for dispatch_id in {**inbox, **handles}:
            active = self.active.get(dispatch_id)
            if active is None:
                continue
            try:
                turn = active.scheduler.step(inbox.get(dispatch_id, ()))
            except Exception:
                log.exception("the schedule of dispatch %s failed; it goes on at the next start", dispatch_id)
                self._let_go(dispatch_id)
                continue
            if dispatch_id in handles:
                turn = replace(turn, changes=replace(turn.changes, handles=handles[dispatch_id]))
            turns.append((active, turn))
        return turns

    def _let_go(self, dispatch_id: str) -> None:
        if active := self.active.pop(dispatch_id, None):
            active.stop()

    async def _commit(self, changes: list[Changes]) -> None:
        """Store a turn, however long it takes; a dispatch that somebody else has moved on is let go."""
        delay_s, longest_s = COMMIT_RETRY_S
        while changes:
            try:
                await self._threads.commit(changes)
                return
            except IllegalTransitionError as error:
                log.error("dispatch %s is no longer ours: %s", error.dispatch_id, error)
                self._let_go(error.dispatch_id)
                changes = [c for c in changes if c.dispatch_id != error.dispatch_id]
            except StoreError as error:
                if not error.retryable:
                    raise
                log.warning("%s; trying again in %g s", error, delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, longest_s)
            except Exception:
                if len(changes) == 1:
                    log.exception("dispatch %s cannot be stored; it goes on at the next start", changes[0].dispatch_id)
                    self._let_go(changes[0].dispatch_id)
                    return
                # One of them is to blame, and takes no other with it.
                for change in changes:
                    await self._commit([change])
                return

    def _carry_out(self, active: ActiveDispatch, turn: Turn, children: list[Awaitable[None]]) -> None:
        active.show()
        for step in turn.changes.transitions:
            if step.outcome is not None and step.outcome.output is not None:
                active.resources.remember_output(step.node_id, step.outcome.output)
        for command in turn.commands:
            if isinstance(command, StartChild):
                children.append(self._sublattices.start(active, command))
            else:
                self._obey(active, command)
        if turn.ended:
            del self.active[active.info.id]
            active.stop_timers()
            self._spawn(self._sublattices.conclude(active.info))
        self._watchers.wake(active.info.id, ended=turn.ended)

    def _obey(self, active: ActiveDispatch, command: SendGroup | CancelAttempts | RetryLater | CancelChild) -> None:
        match command:
            case SendGroup(group=group):
                active.spawn(self._driver(active, group).send(), group.group_id)
            case CancelAttempts(group_id=group_id, refs=refs):
                if driver := active.drivers.get(group_id):
                    active.spawn(driver.cancel(refs))
            case RetryLater(node_id=node_id, delay_s=delay_s):
                self._later(active, node_id, delay_s)
            case CancelChild():
                self._sublattices.cancel(active, command)

    def resume_group(self, active: ActiveDispatch, group: GroupRecord) -> None:
        """Find a group again that an earlier dispatcher sent or was about to send."""
        active.spawn(self._driver(active, group).resume(group.handle), group.group_id)

    def lose_group(self, active: ActiveDispatch, refs: Sequence[TaskRef]) -> None:
        """End attempts that ran on the machine of a dispatcher which is dead; each counts, for it may have done its work."""
        message = "The machine that it ran on was lost together with its dispatcher."
        outcome = Outcome(status=Status.FAILED, cause=Cause.LOST, message=message)
        active.spawn(
            self.report(
                active.info.id,
                [
                    TaskUpdate(node_id=ref.node_id, attempt=ref.attempt, status=Status.FAILED, outcome=outcome)
                    for ref in refs
                ],
            )
        )

    def _driver(self, active: ActiveDispatch, group: GroupRecord) -> GroupDriver:
        dispatch_id = active.info.id
        return active.drive(group, partial(self.report, dispatch_id), partial(self.keep_handle, dispatch_id))

    async def report(self, dispatch_id: str, updates: list[TaskUpdate]) -> None:
        """Hand an executor's news in; return when they are stored."""
        at = time.time()
        await asyncio.shield(self.post(dispatch_id, *[Progress(at=at, update=update) for update in updates]))

    def _later(self, active: ActiveDispatch, node_id: int, delay_s: float) -> None:
        def due() -> None:
            active.timers.discard(timer)
            self.post(active.info.id, Due(at=time.time(), node_id=node_id))

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        active.timers.add(timer)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)


async def _settle(done: asyncio.Future[None], children: list[Awaitable[None]]) -> None:
    try:
        await asyncio.gather(*children)
    finally:
        if not done.done():
            done.set_result(None)
