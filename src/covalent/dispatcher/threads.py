"""The store, called from an event loop: writes in one thread, one after another; reads in a few others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ..model import Changes
from ..store.base import Store

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4  #: Threads that read at the same time.


class StoreThreads:
    """``await threads.write(threads.store.commit, changes)``"""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._writes = 0  #: Under way.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def write(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a writing method; calls happen in the order in which they are made."""
        self._writes += 1
        try:
            return await self._run(self._writer, call, *args, **kwargs)
        finally:
            self._writes -= 1

    async def commit(self, changes: Sequence[Changes]) -> None:
        """Write what a turn changed: a little of it right here, if no other write waits, for a thread would take longer to wake up."""
        if self._writes or not self.store.commit_at_once(changes):
            await self.write(self.store.commit, changes)

    async def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run anything else that blocks."""
        return await self._run(self._readers, call, *args, **kwargs)

    async def _run(self, pool: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: call(*args, **kwargs))

    def close(self) -> None:
        """Finish what was asked for, then close the store."""
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self.store.close()
