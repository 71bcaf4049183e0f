"""The store, called from an event loop: writes in one thread, one after another; reads in a few others."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

from ..store.base import Store

P = ParamSpec("P")
T = TypeVar("T")

READERS: Final = 4  #: Threads that read at the same time.

#: Who waits, where, and for what.
_Work: TypeAlias = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class StoreThreads:
    """``await threads.write(threads.store.commit, changes)``"""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._writer = _Writer()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def write(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a writing method; calls happen in the order in which they are made."""
        answer: asyncio.Future[T] = self._writer.submit(partial(call, *args, **kwargs))
        return await answer

    async def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run anything else that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, partial(call, *args, **kwargs))

    def close(self) -> None:
        """Finish what was asked for, then close the store."""
        self._writer.finish()
        self._readers.shutdown(wait=True)
        self.store.close()


class _Writer:
    """A thread that makes one call after another.

    Each step of a chain waits for a commit. An executor's three futures and two locks for a call take longer than that commit does; here
    it is one future and a queue. What is cancelled before its turn is not called.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._is_finished = False
        self._thread.start()

    def submit(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """:raises RuntimeError: if it has been told to finish"""
        if self._is_finished:
            raise RuntimeError("The store was closed.")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._waiting.put((loop, answer, call))
        return answer

    def finish(self) -> None:
        """Return when all is done."""
        self._is_finished = True
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            loop, answer, call = work
            if answer.cancelled():
                continue
            settle: Callable[[Any], None] = answer.set_result
            try:
                found = call()
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                settle, found = answer.set_exception, error
            with suppress(RuntimeError):  # Its loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(_settle, answer, settle, found)
            # Nothing is kept until the next call.
            del work, answer, call, settle, found


def _settle(answer: asyncio.Future[Any], settle: Callable[[Any], None], found: Any) -> None:
    if not answer.done():
        settle(found)
