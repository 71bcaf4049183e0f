"""What an outcome left elsewhere for whoever looks: logs, times and measurements. Read when one task is looked at, and stored then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..errors import CovalentError, ServiceUnreachableError, StoreError
from ..model import AttemptInfo, Outcome
from .elsewhere import Elsewhere
from .threads import StoreThreads

log = logging.getLogger(__name__)

#: Seconds that somebody who looks at a task has to wait at most.
PATIENCE_S: Final = 15.0

#: Attempts that are completed at the same time.
AT_ONCE: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An attempt with all that can be had of it."""

    attempt: AttemptInfo
    missing: CovalentError | None = None  #: Why its details could not be read, if they could not.


class Details:
    """Completes attempts."""

    def __init__(self, threads: StoreThreads, elsewhere: Elsewhere) -> None:
        self._threads, self._elsewhere = threads, elsewhere
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def see(self, dispatch_id: str, attempts: Sequence[AttemptInfo]) -> list[Seen]:
        """The attempts of a task, each completed as far as that can be."""
        return list(await asyncio.gather(*(self._see(dispatch_id, attempt) for attempt in attempts)))

    async def _see(self, dispatch_id: str, attempt: AttemptInfo) -> Seen:
        outcome = attempt.outcome
        if outcome is None or outcome.details is None:
            return Seen(attempt=attempt)
        try:
            async with self._slots, asyncio.timeout(PATIENCE_S):
                found = await self._elsewhere.complete(outcome, dispatch_id)
        except TimeoutError:
            missing = ServiceUnreachableError(f"{outcome.details} could not be read within {PATIENCE_S:g} s.")
            return Seen(attempt=attempt, missing=missing)
        except CovalentError as error:
            return Seen(attempt=attempt, missing=error)
        whole = _joined(outcome, found)
        try:
            replace_outcome = self._threads.store.replace_outcome
            await self._threads.write(replace_outcome, dispatch_id, attempt.node_id, attempt.attempt, whole)
        except StoreError:
            # It is read again when somebody looks again.
            log.warning("details of task %d of %s cannot be stored", attempt.node_id, dispatch_id, exc_info=True)
        return Seen(attempt=replace(attempt, outcome=whole))


def _joined(known: Outcome, found: Outcome) -> Outcome:
    """What was found, but for what others have relied on since it was reported."""
    return replace(
        found,
        status=known.status,
        output=known.output,
        cause=known.cause,
        message=known.message or found.message,
        failure=known.failure or found.failure,
        started=known.started,
        details=None,
    )
