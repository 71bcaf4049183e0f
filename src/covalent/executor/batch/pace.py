"""When to look at a group again: at once where things happen, seldom where nothing does, and never often for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """The engine's times, in seconds."""

    fast_s: float = 0.5  #: The shortest time between two looks at a group.
    retry_s: tuple[float, float] = (
        0.5,
        60.0,
    )  #: Between tries of a call that was not answered: the first and the longest.
    tasks_s: float = 15.0  #: From the first question which tasks of a job run to the second; each later one waits four times as long.
    settle_s: float = 3.0  #: After which a service's lists show for certain what it has taken.
    lost_s: float = 60.0  #: The least age of a group at which a job counts as lost that the service does not know.
    log_s: float = 1.0  #: The shortest time between two readings of a task's log.


#: The part of the time without news after which a group is looked at again, and of its age.
QUIET_SHARE: Final = 0.25
AGE_SHARE: Final = 0.03

#: What throttling multiplies the time between looks by, up to a limit, and what each look without it leaves of that.
SLOWER: Final = 2.0
SLOWEST: Final = 64.0
RECOVERY: Final = 0.7


def interval_s(age_s: float, quiet_s: float, longest_s: float, fast_s: float) -> float:
    """Seconds until the next look at a group that was sent ``age_s`` and last changed ``quiet_s`` ago."""
    return min(longest_s, max(fast_s, AGE_SHARE * age_s, QUIET_SHARE * quiet_s))


class Brake:
    """Slows all looks down together while the service wants fewer calls or does not answer."""

    def __init__(self) -> None:
        self.factor = 1.0

    def press(self) -> None:
        self.factor = min(self.factor * SLOWER, SLOWEST)

    def release(self) -> None:
        self.factor = max(self.factor * RECOVERY, 1.0)
