"""Who wants to know when a dispatch moves. Only the fact that it moved is passed on: what moved is read from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Watchers:
    """Wakes those who watch a dispatch, or all of them (None)."""

    def __init__(self) -> None:
        self._watching: dict[str | None, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, dispatch_id: str | None) -> Iterator[asyncio.Event]:
        """An event that is set whenever something moves, until the block ends; who waits for it clears it."""
        moved = asyncio.Event()
        watching = self._watching.setdefault(dispatch_id, set())
        watching.add(moved)
        try:
            yield moved
        finally:
            watching.discard(moved)
            if not watching:
                self._watching.pop(dispatch_id, None)

    def wake(self, dispatch_id: str) -> None:
        for key in (dispatch_id, None):
            for moved in self._watching.get(key, ()):
                moved.set()

    def wake_all(self) -> None:
        """Wake everybody, for instance because the server stops."""
        for watching in self._watching.values():
            for moved in watching:
                moved.set()
