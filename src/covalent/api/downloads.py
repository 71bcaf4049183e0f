"""What a bundle holds that lies elsewhere: begun before the bundle is, and a little ahead of where it has come to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import aclosing
from typing import Final

from ..dispatcher.elsewhere import Download, Elsewhere
from ..errors import CovalentError, IntegrityError, ServiceUnreachableError
from ..model import Blob

log = logging.getLogger(__name__)

#: Small values that are read ahead, at the same time, and what is small.
AHEAD: Final = 16
SMALL_BYTES: Final = 1024 * 1024

#: Seconds in which the first of them have to be here. A client waits for a minute.
PATIENCE_S: Final = 30.0

#: Seconds in which it is found out what was wrong with a value.
CHECK_S: Final = 10.0


class Downloads:
    """Values at their URIs, to be taken in the order in which they are given."""

    def __init__(self, elsewhere: Elsewhere, dispatch_id: str, blobs: Iterable[Blob]) -> None:
        self._elsewhere, self._dispatch_id = elsewhere, dispatch_id
        self._coming = deque(blobs)
        self._begun: dict[str, asyncio.Task[Download]] = {}

    async def begin(self) -> None:
        """Have the first of them here, so that what is wrong is known before anything is answered.

        So is what has gone wrong with one of the others before, while it was passed on: a client whose answer broke off asks again.

        :raises CovalentError: if one of them cannot be read
        """
        await self._check_suspects()
        try:
            async with asyncio.timeout(PATIENCE_S):
                self._advance()
                for task in self._begun.values():
                    await task
        except TimeoutError:
            await self.close()
            raise ServiceUnreachableError(
                f"Values of dispatch {self._dispatch_id} did not come within {PATIENCE_S:g} s from where they lie."
            ) from None
        except BaseException:
            await self.close()
            raise

    async def take(self, blob: Blob) -> AsyncIterator[bytes]:
        """All bytes of the next one.

        :raises CovalentError: if they cannot be read, or are more or fewer than they should be
        """
        if not self._begun:
            self._advance()
        task = self._begun.pop(blob.digest)
        self._advance()
        try:
            async for piece in self._whole(blob, task):
                yield piece
        except CovalentError as error:
            log.warning("a value of dispatch %s broke off: %s", self._dispatch_id, error)
            self._elsewhere.suspects.add(blob.digest)
            raise

    async def close(self) -> None:
        """Drop those that were begun."""
        begun = [*self._begun.values()]
        self._begun.clear()
        for task in begun:
            task.cancel()
        for download in await asyncio.gather(*begun, return_exceptions=True):
            if isinstance(download, Download):
                await download.aclose()

    async def _check_suspects(self) -> None:
        suspects = self._elsewhere.suspects
        for blob in [blob for blob in self._coming if blob.digest in suspects]:
            # Once for each time that it broke off: one that takes too long to be checked is passed on all the same.
            suspects.discard(blob.digest)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    async for _ in self._whole(blob, self._open(blob)):
                        pass

    def _advance(self) -> None:
        """Begin more of them: small ones, or a large one alone, which would otherwise keep a connection waiting."""
        while self._coming and len(self._begun) < AHEAD:
            blob = self._coming[0]
            if blob.size > SMALL_BYTES and self._begun:
                return
            self._coming.popleft()
            self._begun[blob.digest] = asyncio.create_task(self._open(blob))
            if blob.size > SMALL_BYTES:
                return

    async def _open(self, blob: Blob) -> Download:
        assert blob.uri is not None
        return await self._elsewhere.open(blob.uri, self._dispatch_id)

    async def _whole(self, blob: Blob, opening: Awaitable[Download]) -> AsyncIterator[bytes]:
        size = 0
        async with aclosing(await opening) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > blob.size:
                    break
                yield piece
        if size != blob.size:
            # What follows would be taken for a part of it.
            raise IntegrityError(blob.digest, "value")
