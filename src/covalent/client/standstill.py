"""Saying what a dispatch waits for to somebody who watches it stand still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from ..errors import CovalentError
from ..model import DispatchInfo
from ..states import FINAL, Status

#: How long nothing may happen until somebody wants to know why.
PATIENCE_S: Final = 20.0


class Standstill:
    """While it is entered, asks why nothing happens whenever nothing has happened for a while; each answer is said once.

    Tasks that run are reason enough, and nobody is told of them.
    """

    def __init__(
        self,
        ask: Callable[[], str],
        say: Callable[[str], None],
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param ask: may raise CovalentError; then nothing is said
        :param patience_s: also the time between two questions
        """
        self._ask, self._say, self._patience_s, self._clock = ask, say, patience_s, clock
        self._said: set[str] = set()
        self._since = clock()
        self._last: DispatchInfo | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="covalent-standstill", daemon=True)

    def __enter__(self) -> Standstill:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()

    def saw(self, info: DispatchInfo) -> None:
        """Called with each state of the dispatch."""
        if self._last is None or (info.status, info.counts) != (self._last.status, self._last.counts):
            self._since = self._clock()
        self._last = info

    def _watch(self) -> None:
        while not self._over.wait(self._patience_s):
            if not self._is_still():
                continue
            try:
                reason = self._ask()
            except CovalentError:
                continue
            if reason not in self._said and self._is_still() and not self._over.is_set():
                self._said.add(reason)
                self._say(reason)

    def _is_still(self) -> bool:
        info = self._last
        return (
            info is not None
            and info.status not in {*FINAL, Status.NEW_OBJECT}
            and not info.counts.get(Status.RUNNING)
            and self._clock() - self._since >= self._patience_s
        )
