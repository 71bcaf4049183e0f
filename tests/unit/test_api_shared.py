"""One answer for many who ask."""

from __future__ import annotations

import asyncio

import pytest

from covalent.api.shared import Shared


class Counter:
    def __init__(self) -> None:
        self.count = 0

    async def next(self) -> int:
        self.count += 1
        mine = self.count
        await asyncio.sleep(0.02)
        return mine


async def test_who_asks_meanwhile_or_soon_after_gets_the_same():
    shared = Shared(Counter().next, 60)
    assert await asyncio.gather(*(shared.get() for _ in range(10))) == [1] * 10
    assert await shared.get() == 1


async def test_who_asks_later_gets_a_new_one():
    shared = Shared(Counter().next, 0)
    assert [await shared.get(), await shared.get()] == [1, 2]


async def test_one_who_goes_away_does_not_take_it_from_the_others():
    shared = Shared(Counter().next, 60)
    first, second = (asyncio.create_task(shared.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_a_failure_is_not_kept():
    answers = iter([ValueError("no"), 2])

    async def compute() -> int:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    shared = Shared(compute, 60)
    with pytest.raises(ValueError, match="no"):
        await shared.get()
    assert await shared.get() == 2
