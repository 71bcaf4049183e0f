"""Values so large that nothing may hold them twice, and the dispatcher not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.support.local_executor import Book, GroupRun, Ref, bound, runtime

MIB = 1 << 20


@contextmanager
def own_growth() -> Iterator[list[float]]:
    """By how many MiB this process, which is the dispatcher, grows meanwhile, at its highest."""
    process = psutil.Process()
    before = process.memory_info().rss
    growth = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            growth[0] = max(growth[0], (process.memory_info().rss - before) / MIB)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield growth
    finally:
        done.set()
        watcher.join()


async def pass_on(data_dir: Path, size_mib: int) -> tuple[float, Any, Any]:
    """Make an array of that size in one task and use it in another; return the dispatcher's growth and both outcomes."""
    book = Book(data_dir)
    book.add(lambda: np.arange(size_mib * MIB // 8, dtype=np.int64))
    with own_growth() as growth:
        async with runtime(data_dir) as made:
            executor = bound(made)
            first = (await (await GroupRun(executor, book).send()).finish())[0]
            assert first.output is not None, first
            user = Book(data_dir, group_id="user")
            user.add(lambda a: (int(a[-1]), a.nbytes), Ref(0), inputs=(first.output,))
            second = (await (await GroupRun(executor, user).send()).finish())[0]
    assert user.result(second) == (size_mib * MIB // 8 - 1, size_mib * MIB)
    return growth[0], first, second


async def test_an_array_goes_from_task_to_task_without_passing_through_the_dispatcher(tmp_path: Path) -> None:
    growth, first, second = await pass_on(tmp_path, 600)
    assert growth < 60
    # Pickle itself needs the array and one copy of it.
    assert first.peak_memory_mib < 2 * 600 + 150
    assert second.peak_memory_mib < 600 + 150


@pytest.mark.slow
async def test_two_gigabytes_are_no_different(tmp_path: Path) -> None:
    growth, first, second = await pass_on(tmp_path, 2048)
    assert growth < 60
    assert first.peak_memory_mib < 2 * 2048 + 150
    assert second.peak_memory_mib < 2048 + 150
