"""What executors are lent: a place for files, and objects that all who run tasks share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from pathlib import Path
from typing import Any, cast

from .base import C, Closeable, Runtime

log = logging.getLogger(__name__)


class SharedRuntime:
    """Implements :class:`covalent.executor.base.Runtime`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._objects: dict[Hashable, asyncio.Task[Any]] = {}

    async def shared(self, key: Hashable, factory: Callable[[], Awaitable[C]]) -> C:
        task = self._objects.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            # A task, so that a caller that is cancelled does not take the object away from the others.
            task = self._objects[key] = asyncio.create_task(_made(factory))
        return cast("C", await asyncio.shield(task))

    async def close(self) -> None:
        """Close what was made, newest first."""
        for task in reversed(self._objects.values()):
            if task.done() and not task.cancelled() and task.exception() is None:
                try:
                    await cast("Closeable", task.result()).close()
                except Exception:
                    log.exception("%s could not be closed", type(task.result()).__name__)
            else:
                task.cancel()
        self._objects.clear()


async def _made(factory: Callable[[], Awaitable[C]]) -> C:
    return await factory()


#: Those of event loops in which no dispatcher runs.
_LOOPS: dict[asyncio.AbstractEventLoop, _LoopRuntime] = {}


def loop_runtime(data_dir: Path) -> Runtime:
    """The runtime of the running event loop, for executors that are used without a dispatcher. It is closed when the loop ends.

    :param data_dir: where its files go, if it has to be made
    """
    loop = asyncio.get_running_loop()
    if loop not in _LOOPS:
        _LOOPS[loop] = _LoopRuntime(data_dir)
    return _LOOPS[loop]


class _LoopRuntime(SharedRuntime):
    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._life = self._live()
        self._begun: Awaitable[None] | None = None

    async def shared(self, key: Hashable, factory: Callable[[], Awaitable[C]]) -> C:
        if self._begun is None:
            self._begun = asyncio.ensure_future(anext(self._life))
            await self._begun
        return await super().shared(key, factory)

    async def _live(self) -> AsyncIterator[None]:
        """A loop that ends in order closes the asynchronous generators that were begun in it: this one, and with it what was made."""
        try:
            yield
        finally:
            _LOOPS.pop(asyncio.get_running_loop(), None)
            await self.close()
