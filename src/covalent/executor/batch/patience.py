"""Waiting for a service that wants fewer calls, or does not answer: for as long as it takes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from ...errors import CovalentError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds before the second try, and the longest time between two.
DELAY_S: Final = (0.5, 60.0)


class Patience:
    """Repeats calls that a later moment may answer; :attr:`trouble` says meanwhile what is wrong."""

    def __init__(self, delay_s: tuple[float, float] = DELAY_S) -> None:
        self._delay_s = delay_s
        self.trouble = ""

    async def insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """What ``call`` returns, in the end.

        :raises CovalentError: one that is not retryable
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
            await asyncio.sleep(random.uniform(delay_s / 2, delay_s))  # noqa: S311
            delay_s = min(delay_s * 2, longest_s)
