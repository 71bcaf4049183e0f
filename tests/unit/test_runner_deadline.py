"""Calling a task's own code for a moment."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from covalent.runner.deadline import OverdueError, within


@pytest.fixture(autouse=True)
def alarms() -> Iterator[list[float]]:
    """When an alarm of this test's own goes off."""
    rang: list[float] = []
    # Tests have a time limit of their own, which is an alarm.
    timer = signal.setitimer(signal.ITIMER_REAL, 0)
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(time.monotonic()))
    yield rang
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    signal.setitimer(signal.ITIMER_REAL, *timer)


def wait_for(rang: list[float], count: int) -> None:
    end = time.monotonic() + 5
    while len(rang) < count and time.monotonic() < end:
        time.sleep(0.01)


def test_what_is_quick_is_returned_and_nothing_is_left_behind(alarms: list[float]) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    assert within(5, lambda: 7) == 7
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is handler
    assert alarms == []


def test_what_raises_raises(alarms: list[float]) -> None:
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_what_takes_too_long_is_interrupted_though_it_catches_errors() -> None:
    def stubborn() -> None:
        while True:
            try:
                time.sleep(30)
            except Exception:
                continue

    began = time.monotonic()
    with pytest.raises(OverdueError):
        within(0.02, stubborn)
    assert time.monotonic() - began < 2


def test_what_swallows_the_interruption_has_its_value() -> None:
    def swallows() -> int:
        try:
            time.sleep(30)
        except BaseException:
            return 3
        return 4

    assert within(0.02, swallows) == 3


def test_an_alarm_that_was_set_before_goes_off_at_its_time(alarms: list[float]) -> None:
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.3, 0.1)
    with pytest.raises(OverdueError):
        within(0.05, lambda: time.sleep(30))
    assert alarms == []
    assert signal.getitimer(signal.ITIMER_REAL)[1] == pytest.approx(0.1)
    wait_for(alarms, 2)
    assert alarms[0] - began >= 0.29


def test_an_alarm_that_is_about_to_go_off_is_not_held_up(alarms: list[float]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(OverdueError):
        within(1, lambda: pytest.fail("was called"))
    wait_for(alarms, 1)
    assert len(alarms) == 1


def test_a_thread_that_cannot_be_interrupted_calls_nothing() -> None:
    found: list[BaseException] = []

    def work() -> None:
        try:
            within(1, lambda: pytest.fail("was called"))
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in found] == [OverdueError]
