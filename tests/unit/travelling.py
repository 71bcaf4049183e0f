"""Classes of a module of the user's, as far as pickling can tell."""

from __future__ import annotations

import dataclasses
import enum

FACTOR = 2


class Color(enum.Enum):
    RED = 1


class Counter:
    made = 0


@dataclasses.dataclass
class Point:
    x: int

    class Inner:
        pass

    def scaled(self) -> int:
        return self.x * FACTOR
