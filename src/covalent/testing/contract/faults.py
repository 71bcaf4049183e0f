"""What the world of an executor can suffer, as far as a test can cause it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NoReturn, Protocol

import pytest


class Held(Protocol):
    """A submission that was carried out, and whose answer is held back."""

    def wait(self, within_s: float) -> None:
        """Return once there is one.

        :raises AssertionError: if there is none after ``within_s`` seconds
        """


class Faults:
    """Override what yours can suffer. A case that needs what is left is skipped, and says what it lacks."""

    def throttled(self) -> AbstractContextManager[object]:
        """While the block lasts, the service refuses most calls because there are too many."""
        self._lacks("refuse calls because there are too many")

    def unreachable(self) -> AbstractContextManager[object]:
        """While the block lasts, no call reaches the service."""
        self._lacks("be out of reach")

    def lost_answer(self) -> AbstractContextManager[object]:
        """The first submission in the block is carried out, and its answer never arrives."""
        self._lacks("lose an answer")

    def held_answer(self) -> AbstractContextManager[Held]:
        """The first submission in the block is carried out, and its answer held back until the block ends."""
        self._lacks("hold an answer back")

    def full(self) -> AbstractContextManager[object]:
        """While the block lasts, nothing starts that is submitted."""
        self._lacks("keep tasks waiting")

    def lost_host(self) -> AbstractContextManager[object]:
        """The host of the first attempt that starts in the block goes away while that runs, when the block ends at the latest."""
        self._lacks("lose a host")

    def taken_host(self) -> AbstractContextManager[object]:
        """The same, but the host is taken back, as a cheap one may be at any time."""
        self._lacks("take a host back")

    def out_of_memory(self) -> AbstractContextManager[object]:
        """The same, but the attempt is ended by its host, for it took more memory than it may."""
        self._lacks("end a task for its memory")

    def bad_image(self) -> AbstractContextManager[Mapping[str, Any]]:
        """While the block lasts, the image that the settings name which it yields cannot be had."""
        self._lacks("lack an image")

    def submissions(self) -> int:
        """How many submissions the service has carried out so far."""
        self._lacks("count submissions")

    def kept(self) -> frozenset[str]:
        """Names of what lies elsewhere because of single dispatches: results, logs, lists of what to run."""
        self._lacks("say what it keeps")

    def require(self, fault: str) -> None:
        """Skip the case unless that method is overridden."""
        if getattr(type(self), fault) is getattr(Faults, fault):
            getattr(self, fault)()

    def _lacks(self, what: str) -> NoReturn:
        pytest.skip(f"{type(self).__name__} cannot {what}")
