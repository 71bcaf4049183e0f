"""What a service has said of things that do not change, for as long as there is room."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeVar

T = TypeVar("T")

MOST: Final = 10_000


class Remembered(OrderedDict[str, T]):
    """By name; the one that was written longest ago is forgotten first."""

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > MOST:
            self.popitem(last=False)
