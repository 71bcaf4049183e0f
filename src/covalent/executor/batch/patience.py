"""Waiting for a service that wants fewer calls, or does not answer: for as long as it takes, or until nobody wants it any more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from ...errors import CovalentError, WithdrawnError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds before the second try, and the longest time between two.
DELAY_S: Final = (0.5, 60.0)


class Patience:
    """Repeats calls that a later moment may answer; :attr:`trouble` says meanwhile what is wrong."""

    def __init__(self, delay_s: tuple[float, float] = DELAY_S) -> None:
        self._delay_s = delay_s
        self.trouble = ""
        self._is_over = asyncio.Event()

    def give_up(self) -> None:
        """Repeat nothing any more; what is being tried is tried to its end."""
        self._is_over.set()

    async def insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """What ``call`` returns, in the end.

        :raises CovalentError: one that is not retryable
        :raises WithdrawnError: if :meth:`give_up` was called, and the call failed
        """
        delay_s, longest_s = self._delay_s
        while True:
            try:
                result = await call()
            except CovalentError as error:
                if not error.retryable:
                    raise
                log.info("%s; trying again", error)
                self.trouble = str(error)
            else:
                self.trouble = ""
                return result
            # Those who were refused together must not come back together.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(random.uniform(delay_s / 2, delay_s)):  # noqa: S311
                    await self._is_over.wait()
            if self._is_over.is_set():
                raise WithdrawnError(f"It was cancelled before it was submitted. ({self.trouble})")
            delay_s = min(delay_s * 2, longest_s)
