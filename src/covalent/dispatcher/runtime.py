"""What a dispatcher lends to its executors: a place for files, and objects that all dispatches share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import Any, cast

from ..executor.base import C, Closeable


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
                await cast("Closeable", task.result()).close()
            else:
                task.cancel()
        self._objects.clear()


async def _made(factory: Callable[[], Awaitable[C]]) -> C:
    return await factory()
