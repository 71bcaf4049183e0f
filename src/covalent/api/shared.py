"""One answer for many who ask the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """What ``compute`` answers: once for all who ask meanwhile, and for those who ask within ``keep_s`` afterwards."""

    def __init__(self, compute: Callable[[], Coroutine[Any, Any, T]], keep_s: float) -> None:
        self._compute, self._keep_s = compute, keep_s
        self._task: asyncio.Task[T] | None = None
        self._good_until = 0.0

    async def get(self) -> T:
        """:raises Exception: as ``compute`` does; that is not kept"""
        if self._task is None or (self._task.done() and time.monotonic() >= self._good_until):
            self._task = asyncio.create_task(self._computed())
        # One who goes away does not take it from the others.
        return await asyncio.shield(self._task)

    async def _computed(self) -> T:
        self._good_until = 0.0
        found = await self._compute()
        self._good_until = time.monotonic() + self._keep_s
        return found
