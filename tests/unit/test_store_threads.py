"""The thread in which the store writes."""

from __future__ import annotations

import asyncio
import threading
from typing import cast

import pytest

from covalent.dispatcher.threads import StoreThreads
from covalent.model import Changes
from covalent.store import Store


class Noting:
    """A store that notes its commits, and where they were made."""

    def __init__(self) -> None:
        self.commits: list[tuple[str, str]] = []
        self.is_quick = True

    def commit(self, changes: list[Changes]) -> None:
        self._note(changes)

    def commit_at_once(self, changes: list[Changes]) -> bool:
        if self.is_quick:
            self._note(changes)
        return self.is_quick

    def close(self) -> None:
        self.commits.append(("closed", ""))

    def _note(self, changes: list[Changes]) -> None:
        self.commits.append((changes[0].dispatch_id, threading.current_thread().name))


@pytest.fixture
def store() -> Noting:
    return Noting()


@pytest.fixture
def threads(store: Noting) -> StoreThreads:
    return StoreThreads(cast("Store", store))


def turn(name: str) -> list[Changes]:
    return [Changes(dispatch_id=name)]


async def test_a_turn_is_stored_at_once_only_if_nothing_else_is_to_be_written(threads, store):
    here, held = threading.current_thread().name, threading.Event()
    await threads.commit(turn("first"))
    waiting = asyncio.create_task(threads.write(held.wait))
    await asyncio.sleep(0)
    second = asyncio.create_task(threads.commit(turn("second")))
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(waiting, second)
    store.is_quick = False
    await threads.commit(turn("third"))
    threads.close()
    assert store.commits == [("first", here), ("second", "store-writer"), ("third", "store-writer"), ("closed", "")]


async def test_errors_reach_who_waits_and_nobody_else(threads, store):
    with pytest.raises(ZeroDivisionError):
        await threads.write(lambda: 1 // 0)
    assert await threads.write(lambda: 2) == 2
    threads.close()
    with pytest.raises(RuntimeError, match="closed"):
        await threads.write(lambda: 3)


async def test_what_is_cancelled_before_its_turn_is_not_done(threads, store):
    held, done = threading.Event(), []
    first = asyncio.create_task(threads.write(held.wait))
    second = asyncio.create_task(threads.write(done.append, "second"))
    third = asyncio.create_task(threads.write(done.append, "third"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert done == ["third"]
    threads.close()
