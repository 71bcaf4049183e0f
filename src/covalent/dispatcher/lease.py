"""Keeps the dispatcher's lease on its dispatches, takes over those of dead ones, and hears what others want of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from ..errors import StoreError
from ..scheduler import Cancel
from .engine import Engine
from .threads import StoreThreads

log = logging.getLogger(__name__)

#: A dispatcher that was not heard of for this long is dead, and its dispatches are taken over.
STALE_S: Final = 30.0

#: How many signs of life there are in that time.
SIGNS: Final = 6


class Lease:
    """The lease of one dispatcher.

    :param resume: goes on with a dispatch that was stored by an earlier or another dispatcher
    """

    def __init__(
        self,
        threads: StoreThreads,
        engine: Engine,
        owner: str,
        resume: Callable[[str], Awaitable[None]],
        *,
        stale_s: float = STALE_S,
    ) -> None:
        self.owner = owner
        self._threads, self._engine, self._resume, self._stale_s = threads, engine, resume, stale_s
        self._heard: set[int] = set()

    async def begin(self) -> None:
        """Resume what this dispatcher had, and what nobody has.

        :raises StoreError: if the store cannot be read
        """
        acquire = self._threads.store.acquire
        for dispatch_id in await self._threads.write(acquire, self.owner, time.time(), self._stale_s):
            if dispatch_id not in self._engine.active:
                await self._resume_one(dispatch_id)
        await self.hear()

    async def _resume_one(self, dispatch_id: str) -> None:
        """One that cannot be resumed keeps neither the others nor the server from going on."""
        try:
            await self._resume(dispatch_id)
        except StoreError:
            raise
        except Exception:
            log.exception("dispatch %s cannot be resumed", dispatch_id)

    async def keep(self) -> None:
        """Give signs of life until cancelled."""
        while True:
            await asyncio.sleep(self._stale_s / SIGNS)
            try:
                await self.begin()
            except StoreError:
                log.warning("the lease could not be renewed", exc_info=True)

    async def hear(self) -> None:
        """Carry out the cancellations that are stored; each is kept until its dispatch has ended."""
        for wish in await self._threads.read(self._threads.store.cancels, self.owner):
            if wish.seq in self._heard or wish.dispatch_id not in self._engine.active:
                continue
            self._heard.add(wish.seq)
            cancel = Cancel(at=time.time(), node_ids=wish.node_ids)
            await asyncio.shield(self._engine.post(wish.dispatch_id, cancel))
