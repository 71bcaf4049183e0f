"""How often, and how soon, an attempt that ended badly is tried again: data, by cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..model import Outcome
from ..states import Cause

#: Retries that a task gets without anybody asking. What is absent gets none: trying again would end the same way.
INFRASTRUCTURE_RETRIES: Final[Mapping[Cause, int]] = {
    Cause.PREEMPTED: 10,
    Cause.HOST: 5,
    Cause.LOST: 3,
    Cause.QUOTA: 50,
    Cause.UNKNOWN: 1,
}

#: Causes that the user's ``retries`` adds to: the task's own doing.
USER_CAUSES: Final = frozenset({Cause.USER, Cause.TIMEOUT, Cause.OUT_OF_MEMORY})

#: How often an attempt in which nothing ran is repeated for nothing. The bound keeps a broken executor from spinning for ever.
FREE_RETRIES: Final = 100

#: Free repetitions that follow at once; later ones wait like any other.
FREE_AT_ONCE: Final = 3

#: Seconds before the first retry; each further one waits twice as long, up to ``LONGEST_DELAY_S``.
FIRST_DELAY_S: Final[Mapping[Cause, float]] = {Cause.QUOTA: 15.0, Cause.HOST: 1.0, Cause.UNKNOWN: 1.0}
DEFAULT_FIRST_DELAY_S: Final = 0.1
LONGEST_DELAY_S: Final = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """What one executor's settings allow."""

    retries: int = 0  #: How often a task that failed by its own doing runs again, over all such causes.

    def allows(self, cause: Cause, used: Mapping[Cause, int]) -> bool:
        """Whether a task may run again after ``cause``, when ``used`` counts its failures so far, this one included."""
        if cause in USER_CAUSES:
            return sum(used.get(c, 0) for c in USER_CAUSES) <= self.retries
        return used.get(cause, 0) <= INFRASTRUCTURE_RETRIES.get(cause, 0)

    def is_free(self, outcome: Outcome) -> bool:
        """Whether the attempt costs nothing: no user code ran, and the task is not to blame.

        What nobody knows is no reason: an executor that is broken would be asked for hours, while nobody hears why.
        """
        is_known = outcome.cause in INFRASTRUCTURE_RETRIES and outcome.cause is not Cause.UNKNOWN
        return not outcome.started and is_known

    def delay_s(self, cause: Cause, failures: int) -> float:
        """Seconds to wait before the next attempt, after that many failures by ``cause``."""
        first = FIRST_DELAY_S.get(cause, DEFAULT_FIRST_DELAY_S)
        return float(min(LONGEST_DELAY_S, first * 2 ** max(0, min(failures, 30) - 1)))
