"""What is known of jobs and pools beside their tasks: asked seldom, and only where tasks do not tell enough."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..batch.remembered import Remembered
from .border import RefusedError
from .listing import OVER
from .pools import Pools
from .session import Clients, part
from .views import JOB_FIELDS, JobFacts, Task

#: Seconds for which all tasks of a group wait before somebody asks why, and between two such questions.
FIRST_S: Final = 3.0
AGAIN_S: Final = 20.0

#: The same while a job is being ended: it is about to have an answer.
ENDING_S: Final = 1.0


@dataclass(kw_only=True, slots=True)
class _Watched:
    facts: JobFacts | None = None
    asked_at: float = -math.inf  #: On the loop's clock.
    idle_since: float | None = None  #: Since when no task of a group has run.
    ended: int = 0  #: Tasks that had come to their end from outside when it was last asked.


class Watch:
    """Over the jobs of one account."""

    def __init__(self, clients: Clients, pools: Pools) -> None:
        self._clients, self._pools = clients, pools
        self._watched: Remembered[_Watched] = Remembered()

    async def facts(self, job: str, tasks: Sequence[Task], *, is_odd: bool) -> JobFacts | None:
        """What must be known of a job to understand its tasks; None if they tell enough.

        :param is_odd: whether tasks wait of which none runs, or are not there
        :raises ExecutorError: if Azure cannot be asked
        """
        known = self._known(job)
        now = asyncio.get_running_loop().time()
        known.idle_since = (now if known.idle_since is None else known.idle_since) if is_odd else None
        ended = sum(task.was_ended for task in tasks if task.execution_info.failure_info is not None)
        if known.facts is not None and known.facts.is_over:
            return known.facts
        if not ended and (known.idle_since is None or now - known.idle_since < FIRST_S):
            return None
        if ended > known.ended or now - known.asked_at >= self._pause_s(known):
            known.asked_at, known.ended = now, ended
            known.facts = await self._ask(job)
        return known.facts

    async def reason(self, facts: JobFacts | None) -> str:
        """Why the tasks of a job wait.

        :param facts: of the job, if they were asked for
        """
        if facts is None:
            return ""
        if facts.state != "active":
            return f"the job is {facts.state}"
        return await self._pools.reason(facts.execution_info.pool_id)

    def hurry(self, job: str) -> None:
        """Ask at the next occasion: something has been done to it."""
        known = self._known(job)
        known.idle_since = known.asked_at = -math.inf

    def _known(self, job: str) -> _Watched:
        known = self._watched.get(job)
        if known is None:
            known = self._watched[job] = _Watched()
        return known

    @staticmethod
    def _pause_s(known: _Watched) -> float:
        return ENDING_S if known.facts is not None and known.facts.state != "active" else AGAIN_S

    async def _ask(self, job: str) -> JobFacts | None:
        what = f"asking after the job {job}"
        try:
            return await self._clients.get(f"/jobs/{part(job)}", what, JobFacts, select=JOB_FIELDS)
        except RefusedError as error:
            if error.status == 404 or error.code in OVER:
                return None
            raise
