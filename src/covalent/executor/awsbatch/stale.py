"""What was left behind in an account: job definitions that no job uses, and objects that nobody waits for."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Mapping
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

#: What several task groups may use. A group that still needs what is deleted is sent again, and brings it anew.
SHARED: Final = ("functions", "runner", "singles", "values")

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
class StagedObjects:
    """Objects in the bucket that come and go together."""

    name: str
    dispatch_id: str | None = None  #: The dispatch for which they were staged, if it is one alone.
    keys: list[str] = field(default_factory=list)
    size: int = 0  #: Bytes.
    changed_at: float = 0.0  #: When the newest object was written, in Unix seconds.

    def add(self, entry: Mapping[str, Any]) -> None:
        """:param entry: of ``Contents`` of a listing"""
        self.keys.append(entry["Key"])
        self.size += entry["Size"]
        self.changed_at = max(self.changed_at, entry["LastModified"].timestamp())


class Leftovers:
    """Looks for what was left where an executor's settings point.

    :param before: Unix seconds; what was used later is left alone
    """

    def __init__(self, executor: AWSBatchExecutor, clients: Clients, before: float) -> None:
        options = executor.job_options()
        self._bucket, self._root = options.bucket, f"{options.prefix}/".lstrip("/")
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

    async def groups(self) -> list[StagedObjects]:
        """Task groups with objects in the bucket, the newest of which is old.

        :raises ExecutorError: if the bucket cannot be listed
        """
        found: dict[str, StagedObjects] = {}
        prefix = f"{self._root}groups/"
        async for entry in self._objects(prefix):
            name = entry["Key"][len(prefix) :].partition("/")[0]
            if (group := found.get(name) or _group(name)) is not None:
                found[name] = group
                group.add(entry)
        return [group for group in found.values() if group.changed_at < self._before]

    async def shared(self) -> list[StagedObjects]:
        """Old objects that several task groups may have used: functions, large arguments, and the runner.

        :raises ExecutorError: if the bucket cannot be listed
        """
        found = [StagedObjects(name=name) for name in SHARED]
        for kind in found:
            async for entry in self._objects(f"{self._root}{kind.name}/"):
                if entry["LastModified"].timestamp() < self._before:
                    kind.add(entry)
        return [kind for kind in found if kind.keys]

    async def remove_definition(self, definition: StaleDefinition) -> None:
        """:raises ExecutorError: if AWS refuses it"""
        what = f"removing the job definition {definition}"
        await self._clients.call("batch", "deregister_job_definition", what, jobDefinition=definition.arn)

    async def remove_objects(self, staged: StagedObjects) -> None:
        """:raises ExecutorError: if an object cannot be deleted"""
        for start in range(0, len(staged.keys), DELETED_AT_ONCE):
            keys = [{"Key": key} for key in staged.keys[start : start + DELETED_AT_ONCE]]
            answer = await self._clients.call(
                "s3",
                "delete_objects",
                f"deleting what was staged for {staged.name}",
                Bucket=self._bucket,
                Delete={"Objects": keys, "Quiet": True},
            )
            for error in answer.get("Errors", ()):
                raise ExecutorError(
                    f"S3 did not delete s3://{self._bucket}/{error['Key']} ({error['Code']}: {error['Message']})."
                )

    def _objects(self, prefix: str) -> AsyncIterator[Mapping[str, Any]]:
        what = f"listing the bucket {self._bucket}"
        return self._clients.items("s3", "list_objects_v2", what, "Contents", Bucket=self._bucket, Prefix=prefix)

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


def _group(name: str) -> StagedObjects | None:
    """A group by that name; None if it is not one of Covalent's."""
    if match := _GROUP.fullmatch(name):
        return StagedObjects(name=name, dispatch_id=str(uuid.UUID(match["dispatch"])))
    return StagedObjects(name=name) if name.startswith(PREFIX) else None
