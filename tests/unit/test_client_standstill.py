"""What somebody who watches is told while nothing happens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from covalent.client.standstill import Standstill
from covalent.errors import ServerUnreachableError
from covalent.model import DispatchInfo
from covalent.states import Status

PATIENCE_S = 0.05


class Somebody:
    """Who is told, and what the server would answer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.answer: str | Exception = "it waits for a place"
        self.asked = self.told = 0
        self.heard: list[str] = []
        self.standstill = Standstill(self._ask, self.heard.append, PATIENCE_S, lambda: self.now)

    def _ask(self) -> str:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def sees(self, status: Status, **counts: int) -> None:
        named = {Status(name): count for name, count in counts.items()}
        self.standstill.saw(info(status, named))

    def is_patient(self) -> None:
        """Nothing is asked, however long it is waited for that."""
        before = self.asked
        time.sleep(PATIENCE_S * 5)
        assert self.asked == before

    def is_asked(self, times: int) -> None:
        give_up = time.monotonic() + 20
        until = self.asked + times
        while self.asked < until:
            assert time.monotonic() < give_up
            time.sleep(PATIENCE_S / 5)


def info(status: Status, counts: dict[Status, int]) -> DispatchInfo:
    return DispatchInfo(id="d", name="flow", status=status, tasks=sum(counts.values()), counts=counts, created_at=0.0)


@pytest.fixture
def somebody() -> Iterator[Somebody]:
    one = Somebody()
    with one.standstill:
        yield one


def test_each_reason_is_said_once(somebody: Somebody):
    somebody.sees(Status.RUNNING, SUBMITTED=3)
    somebody.now += 2 * PATIENCE_S
    somebody.is_asked(4)
    assert somebody.heard == ["it waits for a place"]
    somebody.answer = "there is no capacity"
    somebody.is_asked(4)
    assert somebody.heard == ["it waits for a place", "there is no capacity"]


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        (Status.RUNNING, {"RUNNING": 1, "SUBMITTED": 2}),
        (Status.NEW_OBJECT, {"NEW_OBJECT": 3}),
        (Status.COMPLETED, {"COMPLETED": 3}),
    ],
)
def test_nobody_is_told_where_nothing_is_waited_for(somebody: Somebody, status, counts):
    somebody.sees(status, **counts)
    somebody.now += 2 * PATIENCE_S
    somebody.is_patient()


def test_what_moves_is_left_alone(somebody: Somebody):
    for done in range(3):
        somebody.now += PATIENCE_S * 0.9
        somebody.sees(Status.RUNNING, SUBMITTED=3 - done, COMPLETED=done)
    somebody.is_patient()
    somebody.now += 2 * PATIENCE_S
    somebody.is_asked(1)


def test_the_same_state_again_is_no_movement(somebody: Somebody):
    for _ in range(3):
        somebody.sees(Status.RUNNING, SUBMITTED=3)
        somebody.now += PATIENCE_S * 0.9
    somebody.is_asked(1)


def test_a_server_that_is_away_is_asked_again(somebody: Somebody):
    somebody.answer = ServerUnreachableError("http://127.0.0.1:1", "it is away")
    somebody.sees(Status.RUNNING, SUBMITTED=3)
    somebody.now += 2 * PATIENCE_S
    somebody.is_asked(3)
    assert somebody.heard == []
    somebody.answer = "back, and it waits"
    somebody.is_asked(2)
    assert somebody.heard == ["back, and it waits"]
