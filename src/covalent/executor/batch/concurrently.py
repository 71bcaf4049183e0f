"""Work in parallel, within bounds, and made once for all who need it."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def each(items: Iterable[T], work: Callable[[T], Awaitable[R]], limit: int) -> list[R]:
    """What ``work`` returns for each item, in order, ``limit`` at a time. The first error ends the rest."""
    places = asyncio.Semaphore(limit)

    async def one(item: T) -> R:
        async with places:
            return await work(item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Once(Generic[R]):
    """Things by key, each made by the first who asks. One that could not be made is tried again by the next.

    :param valid_s: seconds after which a thing is made anew
    :param most: how many are remembered
    """

    def __init__(self, valid_s: float = math.inf, most: int = 10_000) -> None:
        self._valid_s, self._most = valid_s, most
        self._made: OrderedDict[Hashable, tuple[asyncio.Task[R], float]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[R]]) -> R:
        """:raises CovalentError: what ``make`` raises"""
        now = asyncio.get_running_loop().time()
        task, until = self._made.get(key, (None, 0.0))
        if task is None or now >= until or _has_failed(task):
            # A task, so that one who is cancelled does not take it away from the others.
            task = asyncio.ensure_future(_made(make))
            task.add_done_callback(_has_failed)
            self._made[key] = task, now + self._valid_s
            self._trim()
        return await asyncio.shield(task)

    def _trim(self) -> None:
        """Forget the oldest, but nothing that is being made."""
        while len(self._made) > self._most and next(iter(self._made.values()))[0].done():
            self._made.popitem(last=False)

    async def close(self) -> None:
        tasks = [task for task, _ in self._made.values()]
        self._made.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _made(make: Callable[[], Awaitable[R]]) -> R:
    return await make()


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
