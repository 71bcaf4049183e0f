"""Deletes what executors keep elsewhere for task groups whose dispatches were purged. What is to be deleted is stored until it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from ..errors import StoreError
from ..store.base import Leftovers
from .keepers import Keepers
from .threads import StoreThreads

log = logging.getLogger(__name__)

#: Groups that an executor is told of at a time.
BATCH: Final = 100

#: Seconds that an executor may take for them.
LIMIT_S: Final = 600.0

#: Seconds before what could not be deleted is tried again: the first wait and the longest.
RETRY_S: Final = (30.0, 3600.0)


class Cleaner:
    """One for each dispatcher; where several share a database, whoever comes first does it."""

    def __init__(self, threads: StoreThreads, keepers: Keepers) -> None:
        self._threads, self._keepers = threads, keepers
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was purged."""
        self._wake.set()

    async def run(self) -> None:
        """Delete what is due, now and whenever something was purged, until cancelled."""
        delay_s, longest_s = RETRY_S
        while True:
            self._wake.clear()
            if await self._clean():
                wait_s, delay_s = longest_s, RETRY_S[0]
            else:
                wait_s, delay_s = delay_s, min(2 * delay_s, longest_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _clean(self) -> bool:
        """Delete all that is due; False if some of it is still to be deleted."""
        failed: set[str] = set()
        while True:
            try:
                due = await self._threads.read(self._threads.store.leftovers, BATCH)
            except StoreError:
                log.warning("what is to be deleted elsewhere cannot be read", exc_info=True)
                return False
            due = [one for one in due if repr(one.executor) not in failed]
            if not due:
                return not failed
            done = await asyncio.gather(*map(self._delete, due))
            failed.update(repr(one.executor) for one, deleted in zip(due, done, strict=True) if not deleted)

    async def _delete(self, leftovers: Leftovers) -> bool:
        """Have an executor delete; whether it did."""
        group_ids, name = leftovers.group_ids, leftovers.executor.name
        try:
            executor = await self._keepers.make(leftovers.executor)
            async with asyncio.timeout(LIMIT_S):
                await executor.purge(group_ids)
            await self._threads.write(self._threads.store.forget_leftovers, group_ids)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            log.warning("executor %s cannot delete %d groups, which is tried again: %r", name, len(group_ids), error)
            return False
        return True
