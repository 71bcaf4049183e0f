"""What was left behind in an account of Azure: jobs, which Azure keeps for ever, and what is left on every cloud."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...objects import RemoteStore
from ..batch.stale import Leftovers, Stale, unhurried
from ..batch.submission import DISPATCH_TAG
from .jobs import Jobs
from .names import dispatch_of
from .session import Clients
from .views import JOB_FIELDS, JobFacts, seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleJob:
    """A job that Covalent has made."""

    kind: ClassVar[str] = "job"
    size: ClassVar[int] = 0

    jobs: Jobs
    name: str
    state: str
    dispatch_id: str | None  #: None if it has ended: nobody needs it then, even if the dispatch is known.

    async def remove(self) -> None:
        await unhurried(lambda: self.jobs.delete(self.name))

    def __str__(self) -> str:
        return f"job {self.name} ({self.state})"


class AzureLeftovers(Leftovers):
    """:param clients: closed with it"""

    def __init__(self, store: RemoteStore, before: float, clients: Clients) -> None:
        super().__init__(store, before)
        self._clients = clients

    async def find(self) -> Sequence[Stale]:
        return [*await self._jobs(), *await super().find()]

    async def close(self) -> None:
        await self._clients.close()
        await super().close()

    async def _jobs(self) -> list[StaleJob]:
        """Covalent's, of those that have been what they are for long: ended, or still there for a dispatch that may be gone.

        :raises ExecutorError: if Azure cannot be asked
        """
        jobs = Jobs(self._clients)
        found = await unhurried(
            lambda: self._clients.items(
                "/jobs", "looking for jobs", JobFacts, filter="startswith(id,'ct-')", select=JOB_FIELDS
            )
        )
        return [self._stale(jobs, job) for job in found if self._is_ours(job) and self._is_old(job)]

    def _stale(self, jobs: Jobs, job: JobFacts) -> StaleJob:
        dispatch = None if job.is_over else str(uuid.UUID(dispatch_of(job.id)))
        return StaleJob(jobs=jobs, name=job.id, state=job.state, dispatch_id=dispatch)

    def _is_ours(self, job: JobFacts) -> bool:
        return dispatch_of(job.id) is not None and any(one.name == DISPATCH_TAG for one in job.metadata)

    def _is_old(self, job: JobFacts) -> bool:
        changed_at = seconds(job.state_transition_time)
        return changed_at is not None and changed_at < self.before
