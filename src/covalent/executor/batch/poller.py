"""The one loop that looks at everything which is under way in an account: the jobs of all dispatches, in as few calls as there can be."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

from ...errors import CovalentError, ServiceUnreachableError, ThrottledError
from .concurrently import each
from .looking import Looker
from .pace import Brake, Timing, interval_s
from .service import BatchService, JobView
from .tracking import TrackedGroup

log = logging.getLogger(__name__)

#: Groups that are looked at together, and calls by which their jobs are described: some services tell of one job at a time.
LOOKS: Final = 8
DESCRIPTIONS: Final = 8

#: The part of its interval by which a group may be looked at early, to share a call with others.
EARLY: Final = 0.2


class Poller:
    """Runs from the first group until :meth:`close`."""

    def __init__(self, service: BatchService, timing: Timing) -> None:
        self._service, self._timing = service, timing
        self._looker = Looker(service, timing)
        self._groups: dict[str, TrackedGroup] = {}
        self._brake = Brake()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.trouble = ""  #: Why the service says nothing at the moment.

    def get(self, group_id: str) -> TrackedGroup | None:
        return self._groups.get(group_id)

    def add(self, group: TrackedGroup) -> None:
        """Look at a group from now on, in place of one of the same name."""
        self.drop(group.metadata.group_id)
        self._groups[group.metadata.group_id] = group
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        self._wake.set()

    def drop(self, group_id: str) -> None:
        if (group := self._groups.pop(group_id, None)) is not None:
            group.close()

    def hurry(self, group: TrackedGroup) -> None:
        """Look at a group soon, for something has been done to it."""
        now = asyncio.get_running_loop().time()
        group.changed_at = now
        group.due_at = min(group.due_at, now + self._timing.fast_s * self._brake.factor)
        for job in group.jobs:
            job.next_failed_at = 0.0
        self._wake.set()

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for group_id in list(self._groups):
            self.drop(group_id)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            open_groups = [group for group in self._groups.values() if group.open_jobs()]
            now = asyncio.get_running_loop().time()
            due = [group for group in open_groups if self._is_due(group, now)]
            if due:
                await self._look(due)
                continue
            next_s = min((group.due_at - now for group in open_groups), default=None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(next_s):
                    await self._wake.wait()

    def _is_due(self, group: TrackedGroup, now: float) -> bool:
        return group.due_at - EARLY * self._interval_s(group, now) <= now

    async def _look(self, due: Sequence[TrackedGroup]) -> None:
        """Describe the jobs of all groups that are due, then look at each group."""
        told: Sequence[TrackedGroup] = due
        try:
            views, told = await self._views(due)
        except Exception as error:  # noqa: BLE001 - whatever it is, other looks must follow
            self.trouble = _told("jobs cannot be described", error)
            is_slower = True
        else:
            self.trouble = ""
            looks = await each(told, lambda group: self._look_at(group, views), LOOKS)
            is_slower = any(looks)
        if is_slower:
            self._brake.press()
        else:
            self._brake.release()
        now, asked = asyncio.get_running_loop().time(), set(told)
        for group in due:
            # One that is refused is asked for seldom, that the others can be asked for together meanwhile.
            wait_s = self._interval_s(group, now) if group in asked else group.longest_s
            group.due_at = now + wait_s * self._brake.factor

    async def _views(self, due: Sequence[TrackedGroup]) -> tuple[dict[str, JobView], Sequence[TrackedGroup]]:
        """The jobs of these groups, and the groups of which the service tells anything.

        What it refuses may be about one group alone, so that each is then asked for by itself.
        """
        try:
            return await self._describe(due), due
        except (ThrottledError, ServiceUnreachableError):
            raise
        except Exception as error:  # noqa: BLE001 - as below
            if len(due) == 1:
                self._note(due[0], error)
                return {}, ()
        views: dict[str, JobView] = {}
        told = []
        for group, found in zip(due, await each(due, self._alone, LOOKS), strict=True):
            if found is not None:
                views.update(found)
                told.append(group)
        return views, told

    async def _alone(self, group: TrackedGroup) -> dict[str, JobView] | None:
        """The jobs of one group; None if they cannot be described."""
        try:
            return await self._describe([group])
        except Exception as error:  # noqa: BLE001 - one group must not stop the others
            self._note(group, error)
            return None

    def _note(self, group: TrackedGroup, error: Exception) -> None:
        group.trouble = _told(f"group {group.metadata.group_id}: jobs cannot be described", error)

    async def _describe(self, groups: Sequence[TrackedGroup]) -> dict[str, JobView]:
        refs = [job.ref for group in groups for job in group.open_jobs()]
        size = self._service.limits.max_refs
        parts = [refs[start : start + size] for start in range(0, len(refs), size)]
        views: dict[str, JobView] = {}
        for found in await each(parts, self._service.describe, DESCRIPTIONS):
            views.update(found)
        return views

    async def _look_at(self, group: TrackedGroup, views: dict[str, JobView]) -> bool:
        """Whether the answer was that there should be fewer questions, or none came."""
        try:
            await self._looker.look(group, views)
        except Exception as error:  # noqa: BLE001 - one group must not stop the others
            group.trouble = _told(f"group {group.metadata.group_id}: no news", error)
            return isinstance(error, (ThrottledError, ServiceUnreachableError))
        group.trouble = ""
        return False

    def _interval_s(self, group: TrackedGroup, now: float) -> float:
        return interval_s(now - group.sent_at, now - group.changed_at, group.longest_s, self._timing.fast_s)


def _told(what: str, error: Exception) -> str:
    """Write an error into the log; return it for a person."""
    if not isinstance(error, CovalentError):
        log.error("%s", what, exc_info=error)
        return f"{type(error).__name__}: {error}"
    log.log(logging.INFO if error.retryable else logging.WARNING, "%s: %s", what, error)
    return str(error)
