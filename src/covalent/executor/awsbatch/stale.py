"""What was left behind in an account of AWS: job definitions that no job uses, and what is left on every cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ...objects import RemoteStore
from ..batch.concurrently import each
from ..batch.stale import Leftovers, Stale, unhurried
from .definitions import DEFINITION_TAG
from .session import Clients
from .views import STATES

#: Calls to AWS that are under way at once.
CALLS: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleDefinition:
    """A revision of a job definition that Covalent has registered."""

    kind: ClassVar[str] = "job definition"
    dispatch_id: ClassVar[None] = None
    size: ClassVar[int] = 0

    clients: Clients
    name: str
    revision: int
    arn: str

    async def remove(self) -> None:
        what = f"removing the {self}"
        await unhurried(lambda: self.clients.call("batch", "deregister_job_definition", what, jobDefinition=self.arn))

    def __str__(self) -> str:
        return f"job definition {self.name}:{self.revision}"


class AWSLeftovers(Leftovers):
    """:param clients: closed with it"""

    def __init__(self, store: RemoteStore, before: float, clients: Clients) -> None:
        super().__init__(store, before)
        self._clients = clients

    async def find(self) -> Sequence[Stale]:
        return [*await self._definitions(), *await super().find()]

    async def close(self) -> None:
        await self._clients.close()
        await super().close()

    async def _definitions(self) -> list[StaleDefinition]:
        """Job definitions that Covalent has registered, and that no job uses or has used lately, as far as AWS remembers.

        :raises ExecutorError: if AWS cannot be asked
        """
        what = "looking for job definitions"
        ours: dict[str, list[StaleDefinition]] = {}
        for one in await self._listed("describe_job_definitions", "jobDefinitions", what, status="ACTIVE"):
            if DEFINITION_TAG.items() <= one.get("tags", {}).items():
                name, arn = one["jobDefinitionName"], one["jobDefinitionArn"]
                found = StaleDefinition(clients=self._clients, name=name, revision=one["revision"], arn=arn)
                ours.setdefault(name, []).append(found)
        queues = [one["jobQueueName"] for one in await self._listed("describe_job_queues", "jobQueues", what)]
        used = await each(ours, lambda name: self._is_used(name, queues), CALLS)
        return [one for name, is_used in zip(ours, used, strict=True) if not is_used for one in ours[name]]

    async def _is_used(self, definition: str, queues: Sequence[str]) -> bool:
        for queue in queues:
            if await unhurried(lambda: self._has_recent(definition, queue)):  # noqa: B023 - called at once
                return True
        return False

    async def _has_recent(self, definition: str, queue: str) -> bool:
        """Whether a queue has a job of a definition that counts as one that uses it."""
        what = f"looking for jobs of {definition}"
        filters = [{"name": "JOB_DEFINITION", "values": [definition]}]
        jobs = self._clients.items("batch", "list_jobs", what, "jobSummaryList", jobQueue=queue, filters=filters)
        async for job in jobs:
            if self._is_recent(job):
                return True
        return False

    async def _listed(self, operation: str, part: str, what: str, **arguments: Any) -> list[Mapping[str, Any]]:
        async def listed() -> list[Mapping[str, Any]]:
            return [one async for one in self._clients.items("batch", operation, what, part, **arguments)]

        return await unhurried(listed)

    def _is_recent(self, job: Mapping[str, Any]) -> bool:
        return not STATES[job["status"]].is_final or job["createdAt"] / 1000 > self.before
