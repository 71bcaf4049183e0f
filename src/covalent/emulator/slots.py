"""What runs when: a few threads, each of which runs one thing at a time. What waits costs nothing but its entry."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from .faults import Faults

#: Seconds between two looks at the queue when nothing else happens.
_LOOK_S: Final = 1.0

_T = TypeVar("_T")


class Slots(Generic[_T]):
    """A queue by priority, and the threads that empty it as long as no fault holds them back."""

    def __init__(self, number: int, faults: Faults, *, begin: Callable[[_T], bool], run: Callable[[_T], None]) -> None:
        """
        :param begin: called with :attr:`changed` held; false if the thing is not to run any more
        :param run: runs it to its end
        """
        self._faults = faults
        self._begin = begin
        self._run = run
        self._delayed: list[tuple[float, int, int, _T]] = []  # heap by the time at which they may start
        self._ready: list[tuple[int, int, _T]] = []  # heap by priority
        self._sequence = itertools.count()
        self.is_stopping = False
        #: Held by whoever reads or changes what runs; notified when something may start.
        self.changed = threading.Condition(threading.RLock())
        self._threads = [threading.Thread(target=self._work, name=f"slot-{n}", daemon=True) for n in range(number)]
        faults.on_change(self._look_again)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Start nothing more."""
        with self.changed:
            self.is_stopping = True
            self.changed.notify_all()

    def join(self) -> None:
        """Wait until nothing runs any more."""
        for thread in self._threads:
            thread.join()

    def add(self, item: _T, priority: int = 0) -> None:
        """To be called with :attr:`changed` held. What has the higher priority comes first."""
        due = time.monotonic() + self._faults.start_delay_s()
        heapq.heappush(self._delayed, (due, next(self._sequence), -priority, item))
        self.changed.notify()

    def _work(self) -> None:
        while (item := self._next()) is not None:
            self._run(item)

    def _next(self) -> _T | None:
        """Something to start, or None when the emulator stops."""
        with self.changed:
            while not self.is_stopping:
                wait_s = self._promote()
                while self._ready and self._faults.hold() is None:
                    item = heapq.heappop(self._ready)[-1]
                    if self._begin(item):
                        return item
                self.changed.wait(wait_s)
        return None

    def _promote(self) -> float:
        """Make those ready whose time has come; return the seconds until the next one's has."""
        now = time.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            _, number, rank, item = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (rank, number, item))
        return min(_LOOK_S, self._delayed[0][0] - now) if self._delayed else _LOOK_S

    def _look_again(self) -> None:
        with self.changed:
            self.changed.notify_all()
