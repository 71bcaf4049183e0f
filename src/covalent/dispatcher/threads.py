"""The store, called from an event loop: writes in one thread, one after another; reads in a few others."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

from ..model import Changes
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

    async def commit(self, changes: Sequence[Changes]) -> None:
        """Write what a turn changed: a little of it right here, if no other write waits, for a thread would take longer to wake up."""
        if not (self._writer.is_idle and self.store.commit_at_once(changes)):
            await self.write(self.store.commit, changes)

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
        self._submitted = self._done = 0  #: The one is counted by who submits, the other by the thread.
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing that was submitted is yet to be done."""
        return self._submitted == self._done

    def submit(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """:raises RuntimeError: if it has been told to finish"""
        if self._is_finished:
            raise RuntimeError("The store was closed.")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._submitted += 1
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
            if not answer.cancelled():
                settle, found = _called(call, answer)
                with suppress(RuntimeError):  # Its loop is closed: nobody waits any more.
                    loop.call_soon_threadsafe(_settle, answer, settle, found)
                del settle, found
            # Nothing is kept until the next call.
            del work, answer, call
            self._done += 1


def _called(call: Callable[[], Any], answer: asyncio.Future[Any]) -> tuple[Callable[[Any], None], Any]:
    """What its future is to be told, and how."""
    try:
        return answer.set_result, call()
    except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
        return answer.set_exception, error


def _settle(answer: asyncio.Future[Any], settle: Callable[[Any], None], found: Any) -> None:
    if not answer.done():
        settle(found)
