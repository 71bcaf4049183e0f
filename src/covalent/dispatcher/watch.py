"""Who wants to know when a dispatch moves. Only the fact that it moved is passed on: what moved is read from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Watch:
    """One who watches. Has moved, has ended: both stay true until they are forgotten."""

    def __init__(self) -> None:
        self._moved, self._ended = asyncio.Event(), asyncio.Event()

    def forget(self) -> None:
        """What moves from now on is news."""
        self._moved.clear()
        self._ended.clear()

    def tell(self, *, ended: bool) -> None:
        self._moved.set()
        if ended:
            self._ended.set()

    async def moves(self, within_s: float) -> bool:
        """Wait until something moves, or for so long; says whether something has moved."""
        return await _set(self._moved, within_s)

    async def ends(self, within_s: float) -> bool:
        """Wait until something ends, or for so long. Unlike :meth:`moves` it costs nothing while things only move."""
        return await _set(self._ended, within_s)


class Watchers:
    """Wakes those who watch a dispatch, or all of them (None)."""

    def __init__(self) -> None:
        self._watching: dict[str | None, set[Watch]] = {}

    @contextmanager
    def watch(self, dispatch_id: str | None) -> Iterator[Watch]:
        """Is told whenever something moves, until the block ends."""
        watch = Watch()
        watching = self._watching.setdefault(dispatch_id, set())
        watching.add(watch)
        try:
            yield watch
        finally:
            watching.discard(watch)
            if not watching:
                self._watching.pop(dispatch_id, None)

    def wake(self, dispatch_id: str, *, ended: bool) -> None:
        for key in (dispatch_id, None):
            for watch in self._watching.get(key, ()):
                watch.tell(ended=ended)

    def wake_all(self) -> None:
        """Wake everybody, for instance because the server stops."""
        for watching in self._watching.values():
            for watch in watching:
                watch.tell(ended=True)


async def _set(event: asyncio.Event, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
