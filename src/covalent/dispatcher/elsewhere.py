"""Values that lie in a cloud, on their way to this machine or through it. Nothing is opened here."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, TypeVar

from ..errors import CovalentError, ExecutorError, IntegrityError
from ..executor.base import AsyncBaseExecutor
from ..model import Blob, Outcome
from ..objects import ObjectStore
from .keepers import Keepers
from .threads import StoreThreads

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Values that are fetched at the same time, over all dispatches. Memory grows with it: each may have a piece in hand.
AT_ONCE: Final = 16

#: Executors that are asked for one value, if each refuses.
ASKED: Final = 8

#: Seconds for which a file that was found undamaged is taken to be so. A purge spares it for longer.
TRUSTED_S: Final = 300.0

#: How many such files are remembered.
TRUSTED: Final = 10_000


class Download:
    """Bytes on their way, of which the first are here.

    :raises ExecutorError: while it is read, if the rest does not come
    """

    def __init__(self, uri: str, first: bytes, rest: AsyncIterator[bytes]) -> None:
        self._uri, self._first, self._rest = uri, first, rest

    def __aiter__(self) -> Download:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return await anext(self._rest)
        except (CovalentError, StopAsyncIteration):
            raise
        except Exception as error:
            raise _unforeseen(self._uri, error) from error

    async def aclose(self) -> None:
        if (close := getattr(self._rest, "aclose", None)) is not None:
            await close()


class Elsewhere:
    """Reads what :attr:`~covalent.model.Blob.uri` names, through whichever executor can."""

    def __init__(self, threads: StoreThreads, objects: ObjectStore, keepers: Keepers) -> None:
        self._threads, self._objects, self._keepers = threads, objects, keepers
        self.suspects: set[str] = set()  #: Digests of values whose bytes have broken off while they were read.
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._trusted: OrderedDict[str, float] = OrderedDict()

    async def open(self, uri: str, dispatch_id: str) -> Download:
        """Begin to read; whoever asks closes it.

        :param dispatch_id: the dispatch that refers to it
        :raises ExecutorError: if nobody here can read it
        """

        async def begin(executor: AsyncBaseExecutor) -> Download:
            pieces = executor.download(uri)
            return Download(uri, await anext(pieces, b""), pieces)

        return await self._ask(uri, dispatch_id, begin)

    async def fetch(self, blob: Blob, dispatch_id: str) -> Path:
        """Copy a value to this machine, unless it is here; many may ask for the same one at once.

        The copy goes with the last dispatch that refers to the value.

        :raises ExecutorError: if nobody here can read it
        :raises IntegrityError: if it is not what its digest says
        """
        digest = blob.digest
        task = self._fetching.get(digest)
        if task is None:
            # A task, so that one that is cancelled does not take it away from the others.
            task = self._fetching[digest] = asyncio.create_task(self._fetch(blob, dispatch_id))
            task.add_done_callback(lambda done: self._fetched(digest, done))
        await asyncio.shield(task)
        return self._objects.path(digest)

    async def read(self, blob: Blob, dispatch_id: str) -> bytes:
        """All of a value, wherever it lies, in memory.

        :raises CovalentError: if it cannot be read, or is not what its digest says
        """
        if blob.data is not None:
            data = blob.data
        elif blob.uri is None:
            data = await self._threads.read(self._objects.path(blob.digest).read_bytes)
        else:
            async with aclosing(await self.open(blob.uri, dispatch_id)) as pieces:
                data = b"".join([piece async for piece in _within(blob, pieces)])
        if await self._threads.read(_digest, data) != blob.digest:
            raise IntegrityError(blob.digest, "value")
        return data

    async def complete(self, outcome: Outcome, dispatch_id: str) -> Outcome:
        """An outcome with what lies at its :attr:`~covalent.model.Outcome.details`.

        :raises ExecutorError: if nobody here can read them
        """
        if outcome.details is None:
            return outcome
        return await self._ask(outcome.details, dispatch_id, lambda executor: executor.complete(outcome))

    async def close(self) -> None:
        """Drop what is on its way."""
        fetching = list(self._fetching.values())
        for task in fetching:
            task.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)

    async def _fetch(self, blob: Blob, dispatch_id: str) -> None:
        assert blob.uri is not None
        read = self._threads.read
        if await self._is_here(blob.digest):
            return
        async with self._slots, aclosing(await self.open(blob.uri, dispatch_id)) as pieces:
            writer = await read(self._objects.writer)
            try:
                async for piece in _within(blob, pieces):
                    await read(writer.write, piece)
                await read(writer.commit, blob.digest)
                self._trust(blob.digest)
            finally:
                await asyncio.shield(read(writer.abort))

    async def _is_here(self, digest: str) -> bool:
        if self._trusted.get(digest, -math.inf) > time.monotonic() - TRUSTED_S:
            return await self._threads.read(self._objects.exists, digest)
        is_here = await self._threads.read(self._objects.holds, digest)
        if is_here:
            self._trust(digest)
        return is_here

    def _trust(self, digest: str) -> None:
        self._trusted[digest] = time.monotonic()
        self._trusted.move_to_end(digest)
        while len(self._trusted) > TRUSTED:
            self._trusted.popitem(last=False)

    def _fetched(self, digest: str, task: asyncio.Task[None]) -> None:
        del self._fetching[digest]
        if not task.cancelled():
            # Nobody may be waiting any more, who would hear of it.
            task.exception()

    async def _ask(self, uri: str, dispatch_id: str, call: Callable[[AsyncBaseExecutor], Awaitable[T]]) -> T:
        """What the first executor answers that can read there."""
        failures: list[CovalentError] = []
        async with aclosing(self._keepers.readers(uri, dispatch_id)) as readers:
            async for executor in readers:
                try:
                    answer = await call(executor)
                except CovalentError as error:
                    failures.append(error)
                except Exception as error:
                    log.exception("%s failed at %s", type(executor).__name__, uri)
                    failures.append(_unforeseen(uri, error))
                else:
                    self._keepers.remember(uri, executor)
                    return answer
                if failures[-1].retryable:
                    raise failures[-1]
                if len(failures) == ASKED:
                    break
        if failures:
            raise failures[0]
        raise ExecutorError(
            f"Nobody here can read {uri}: no executor of this server's dispatches or configuration knows that place. "
            "Configure the executor that wrote it, under [executors] in the covalent.conf of this server."
        )


async def _within(blob: Blob, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, as long as they are not more than the blob has: neither memory nor disk is filled with what is wrong anyway.

    :raises IntegrityError: if they are
    """
    left = blob.size
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise IntegrityError(blob.digest, "value")
        yield piece


def _unforeseen(uri: str, error: Exception) -> ExecutorError:
    return ExecutorError(f"{uri} could not be read: {type(error).__name__}: {error}")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
