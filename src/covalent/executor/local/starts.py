"""When to stop trying to bring up workers that die before they are ready."""

from __future__ import annotations

from typing import Final

#: Failures in a row after which it is hopeless: workers that ended by themselves, and workers that were killed from outside.
FAILURES: Final = 3
KILLS: Final = 30

#: Seconds before the next try, after the first failure, the second, and all others.
DELAYS_S: Final = (0.1, 0.5, 1.0)


class Starts:
    """How the latest tries went."""

    def __init__(self) -> None:
        self.last_words = ""  #: Of the worker that failed last.
        self._failures = self._kills = 0
        self._not_before = 0.0

    def failed(self, now: float, last_words: str, *, was_killed: bool = False) -> float:
        """Take in a failure; return the seconds to wait. ``now`` is on the event loop's clock."""
        self.last_words = last_words
        if was_killed:
            self._kills += 1
        else:
            self._failures += 1
        return self.pause(now)

    def pause(self, now: float) -> float:
        """Allow no try for a while, which is returned."""
        delay_s = DELAYS_S[min(self._failures, len(DELAYS_S) - 1)]
        self._not_before = now + delay_s
        return delay_s

    def succeeded(self) -> None:
        self._failures = self._kills = 0
        self._not_before = 0.0

    def allows(self, now: float) -> bool:
        """Whether there may be another try now."""
        return now >= self._not_before

    @property
    def is_troubled(self) -> bool:
        """Whether the latest try failed."""
        return bool(self._failures or self._kills)

    @property
    def is_hopeless(self) -> bool:
        return self._failures >= FAILURES or self._kills >= KILLS
