"""What was left behind in an account: job definitions that no job uses, and objects of task groups that nobody waits for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...errors import ExecutorError
from ..batch.concurrently import each
from ..batch.single import PREFIX
from .definitions import DEFINITION_TAG
from .executor import AWSBatchExecutor
from .session import Clients
from .views import STATES

#: Calls to AWS that are under way at once.
CALLS: Final = 8

#: Objects that one call deletes. Source: API reference of Amazon S3, ``DeleteObjects``.
DELETED_AT_ONCE: Final = 1000

#: The name of a task group, which begins with its dispatch: see ``covalent.scheduler``.
_GROUP: Final = re.compile(r"ct-(?P<dispatch>[0-9a-f]{32})-\d+-\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleDefinition:
    """A revision of a job definition that Covalent has registered."""

    name: str
    revision: int
    arn: str

    def __str__(self) -> str:
        return f"{self.name}:{self.revision}"


@dataclass(kw_only=True, slots=True)
class StagedGroup:
    """All that lies in the bucket for one task group."""

    name: str
    dispatch_id: str | None  #: None for a task that was run without a dispatcher.
    keys: list[str] = field(default_factory=list)
    size: int = 0  #: Bytes.
    changed_at: float = 0.0  #: When the newest object was written, in Unix seconds.


class Leftovers:
    """Looks for what was left where an executor's settings point.

    :param before: Unix seconds; what was used later is left alone
    """

    def __init__(self, executor: AWSBatchExecutor, clients: Clients, before: float) -> None:
        options = executor.job_options()
        self._bucket, self._prefix = options.bucket, f"{options.prefix}/groups/".lstrip("/")
        self._clients, self._before = clients, before

    @classmethod
    async def open(cls, settings: Mapping[str, Any], before: float) -> Leftovers:
        """:param settings: of :class:`AWSBatchExecutor`; None for what the configuration says

        :raises ExecutorError: if one is wrong, or there are no usable credentials
        """
        executor = AWSBatchExecutor(**settings)
        return cls(executor, await executor.open_clients(), before)

    async def close(self) -> None:
        await self._clients.close()

    async def definitions(self) -> list[StaleDefinition]:
        """Job definitions that Covalent has registered, and that no job uses or has used lately, as far as AWS remembers.

        :raises ExecutorError: if AWS cannot be asked
        """
        what = "looking for job definitions"
        ours: dict[str, list[StaleDefinition]] = {}
        async for one in self._clients.items(
            "batch", "describe_job_definitions", what, "jobDefinitions", status="ACTIVE"
        ):
            if DEFINITION_TAG.items() <= one.get("tags", {}).items():
                name = one["jobDefinitionName"]
                found = StaleDefinition(name=name, revision=one["revision"], arn=one["jobDefinitionArn"])
                ours.setdefault(name, []).append(found)
        queues = [
            q["jobQueueName"] async for q in self._clients.items("batch", "describe_job_queues", what, "jobQueues")
        ]
        used = await each(ours, lambda name: self._is_used(name, queues), CALLS)
        return [one for name, is_used in zip(ours, used, strict=True) if not is_used for one in ours[name]]

    async def groups(self) -> list[StagedGroup]:
        """Task groups with objects in the bucket, the newest of which is old.

        :raises ExecutorError: if the bucket cannot be listed
        """
        found: dict[str, StagedGroup] = {}
        what = f"listing the bucket {self._bucket}"
        async for entry in self._clients.items(
            "s3", "list_objects_v2", what, "Contents", Bucket=self._bucket, Prefix=self._prefix
        ):
            name = entry["Key"][len(self._prefix) :].partition("/")[0]
            if (group := found.get(name) or _group(name)) is None:
                continue
            found[name] = group
            group.keys.append(entry["Key"])
            group.size += entry["Size"]
            group.changed_at = max(group.changed_at, entry["LastModified"].timestamp())
        return [group for group in found.values() if group.changed_at < self._before]

    async def remove_definition(self, definition: StaleDefinition) -> None:
        """:raises ExecutorError: if AWS refuses it"""
        what = f"removing the job definition {definition}"
        await self._clients.call("batch", "deregister_job_definition", what, jobDefinition=definition.arn)

    async def remove_group(self, group: StagedGroup) -> None:
        """:raises ExecutorError: if an object cannot be deleted"""
        for start in range(0, len(group.keys), DELETED_AT_ONCE):
            keys = [{"Key": key} for key in group.keys[start : start + DELETED_AT_ONCE]]
            answer = await self._clients.call(
                "s3",
                "delete_objects",
                f"deleting what was staged for the group {group.name}",
                Bucket=self._bucket,
                Delete={"Objects": keys, "Quiet": True},
            )
            for error in answer.get("Errors", ()):
                raise ExecutorError(
                    f"S3 did not delete s3://{self._bucket}/{error['Key']} ({error['Code']}: {error['Message']})."
                )

    async def _is_used(self, definition: str, queues: list[str]) -> bool:
        what = f"looking for jobs of {definition}"
        filters = [{"name": "JOB_DEFINITION", "values": [definition]}]
        for queue in queues:
            jobs = self._clients.items("batch", "list_jobs", what, "jobSummaryList", jobQueue=queue, filters=filters)
            async for job in jobs:
                if self._is_recent(job):
                    return True
        return False

    def _is_recent(self, job: Mapping[str, Any]) -> bool:
        return not STATES[job["status"]].is_final or job["createdAt"] / 1000 > self._before


def _group(name: str) -> StagedGroup | None:
    """A group by that name; None if it is not one of Covalent's."""
    if match := _GROUP.fullmatch(name):
        return StagedGroup(name=name, dispatch_id=str(uuid.UUID(match["dispatch"])))
    return StagedGroup(name=name, dispatch_id=None) if name.startswith(PREFIX) else None
