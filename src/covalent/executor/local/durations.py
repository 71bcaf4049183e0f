"""How long the tasks of a function take, to know how many of them a worker may be given ahead."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

#: Functions that are remembered.
LIMIT: Final = 4096

#: The part that the latest task has in the average.
WEIGHT: Final = 0.25


class Durations:
    """A running average by function."""

    def __init__(self) -> None:
        self._average_s: OrderedDict[str, float] = OrderedDict()

    def expected_s(self, function: str) -> float | None:
        """Seconds that the next task will take; None if the function has never run."""
        return self._average_s.get(function)

    def learn(self, function: str, took_s: float) -> None:
        """Take in what one task took. A task that took longer than expected is believed at once."""
        average = self._average_s.get(function)
        if average is None:
            if len(self._average_s) >= LIMIT:
                self._average_s.popitem(last=False)
            self._average_s[function] = took_s
        else:
            self._average_s[function] = (
                max(took_s, average) if took_s > 4 * average else average + WEIGHT * (took_s - average)
            )
