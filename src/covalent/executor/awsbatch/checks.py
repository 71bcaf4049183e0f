"""What must exist before a job is submitted: asked at once, each with its remedy. What may not be asked is taken to be there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from ...errors import ExecutorError
from ...troubles import Trouble
from ..batch.concurrently import Once
from .border import RefusedError
from .definitions import Roles
from .fitting import Described, refuse_compute, refuse_shares, refuse_without_priority, resources_of
from .options import JobOptions
from .session import Clients, partition_of

#: Answers of S3 to those who look for a bucket in the wrong region; an answer to HEAD has no more than its number.
_ELSEWHERE: Final = frozenset({"301", "400", "PermanentRedirect", "AuthorizationHeaderMalformed"})

#: Seconds for which what was found in order is not asked for again.
VALID_S: Final = 600.0


class Checks:
    """Those of one account and region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients, self._region = clients, region
        self._account: Once[str] = Once(VALID_S)
        self.forget()

    def forget(self) -> None:
        """Ask anew for all that was found in order: something there has changed."""
        self._arns: Once[str] = Once(VALID_S)
        self._found: Once[None] = Once(VALID_S)
        self._own: Once[Described | None] = Once(VALID_S)
        self._queues: Once[tuple[Described, Sequence[Described]]] = Once(VALID_S)

    async def check(self, options: JobOptions) -> None:
        """:raises ExecutorError: naming the setting and what to do"""
        await self._account.get(None, self._identity)  # The one clear word on credentials that are no good.
        bucket, group = options.bucket, options.container.log_group
        wanted = [
            self.check_queue(options),
            self._found.get(("bucket", bucket), lambda: self.check_bucket(bucket)),
        ]
        if options.job_definition:
            wanted.append(self.check_definition(options))
        else:
            wanted.append(self._check_roles(options))
            if group:
                wanted.append(self._found.get(("log group", group), lambda: self.check_log_group(group)))
        results = await asyncio.gather(*wanted, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        # What waiting may mend is told only if nothing else is wrong.
        for error in sorted(errors, key=lambda error: getattr(error, "retryable", True)):
            raise error

    async def roles(self, options: JobOptions) -> Roles:
        """ARNs of the roles that the settings name.

        :raises ExecutorError: if there is no such role
        """
        container = options.container
        job, execution = await asyncio.gather(
            self._arn(container.job_role, "batch_job_role_name"),
            self._arn(container.execution_role, "batch_execution_role_name"),
        )
        return Roles(job=job, execution=execution)

    async def account_id(self) -> str:
        """:raises ExecutorError: if the credentials are no good"""
        return await self._account.get(None, self._identity)

    async def identity(self) -> Described:
        """Who the credentials belong to.

        :raises ExecutorError: if they are no good
        """
        return await self._clients.call("sts", "get_caller_identity", "asking who the AWS credentials belong to")

    async def _identity(self) -> str:
        return str((await self.identity())["Account"])

    async def _check_roles(self, options: JobOptions) -> None:
        await self.roles(options)

    async def _arn(self, role: str, setting: str) -> str:
        if not role or role.startswith("arn:"):
            return role
        return await self._arns.get(role, lambda: self._looked_up(role, setting))

    async def _looked_up(self, role: str, setting: str) -> str:
        try:
            return str((await self.role(role, setting))["Arn"])
        except RefusedError as error:
            if error.is_denied:
                return f"arn:{partition_of(self._region)}:iam::{await self.account_id()}:role/{role}"
            raise

    async def role(self, role: str, setting: str) -> Described:
        """What IAM says of it.

        :raises ExecutorError: if there is none, or nobody may be asked
        """
        try:
            answer = await self._clients.call("iam", "get_role", f"looking for the role {role}", RoleName=role)
        except RefusedError as error:
            if error.code == "NoSuchEntity":
                raise ExecutorError(
                    f"There is no IAM role {role!r} in the account {await self.account_id()}. Create it, let "
                    "ecs-tasks.amazonaws.com assume it, "
                    f"or name another one in {setting}.",
                    trouble=Trouble.MISSING_ROLE,
                ) from error
            raise
        found: Described = answer["Role"]
        return found

    async def check_definition(self, options: JobOptions) -> None:
        """One of the user's own, by name, by name and revision, or by ARN.

        :raises ExecutorError: if there is none, or no task can run by it
        """
        name = options.job_definition
        found = await self._own.get(name, lambda: self._definition(name))
        if found is not None:
            refuse_without_priority(found, options)

    async def _definition(self, name: str) -> Described | None:
        """The newest revision that is meant; None if nobody may ask."""
        # AWS submits by an ARN without a revision, but describes by a name only then.
        plain = name.rpartition("/")[2]
        asked = {"jobDefinitions": [name]} if ":" in plain else {"jobDefinitionName": plain, "status": "ACTIVE"}
        try:
            found = [one async for one in self._clients.definitions(f"looking for the job definition {name}", **asked)]
        except RefusedError as error:
            if error.is_denied:
                return None
            raise
        active: list[Described] = [one for one in found if one.get("status") == "ACTIVE"]
        if not active:
            raise ExecutorError(
                f"There is no active job definition {name!r} in {self._region}. Register it, name another one in job_definition, "
                "or leave that out: Covalent then makes one."
            )
        if not any(one.get("containerProperties") for one in active):
            raise ExecutorError(
                f"The job definition {name!r} is not of one container, as tasks need it. Name another one in job_definition."
            )
        return max(active, key=lambda one: int(one["revision"]))

    async def check_log_group(self, group: str) -> None:
        try:
            answer = await self._clients.call(
                "logs", "describe_log_groups", f"looking for the log group {group}", logGroupNamePrefix=group, limit=1
            )
        except RefusedError as error:
            if error.is_denied:
                return
            raise
        if not any(found["logGroupName"] == group for found in answer["logGroups"]):
            raise ExecutorError(
                f"There is no CloudWatch log group {group!r} in {self._region}. Create it (aws logs create-log-group "
                f"--log-group-name {group}), "
                "or name another one in batch_job_log_group_name."
            )

    async def check_bucket(self, bucket: str) -> None:
        """:raises ExecutorError: if there is none, or it is somebody else's or elsewhere"""
        try:
            answer = await self._clients.call("s3", "head_bucket", f"looking for the bucket {bucket}", Bucket=bucket)
            region = answer.get("BucketRegion", self._region)
        except RefusedError as error:
            _refuse_bucket(bucket, self._region, error)
            region = error.bucket_region or "another region"
        if region != self._region:
            raise ExecutorError(
                f"The S3 bucket {bucket!r} is in {region}, the executor works in {self._region}. "
                "Name a bucket there in s3_bucket_name, or set region.",
                trouble=Trouble.WRONG_REGION,
            )

    # The queue, and what is behind it.

    async def check_queue(self, options: JobOptions) -> None:
        """Whether a job would get a place there.

        :raises ExecutorError: if it would not
        """
        name = options.queue
        try:
            queue, environments = await self._queues.get(name, lambda: self._looked_behind(name))
        except RefusedError as error:
            if error.is_denied:
                return
            raise
        refuse_shares(queue, options)
        managed = [resources_of(e) for e in environments if e.get("computeResources")]
        if managed and len(managed) == len(environments):
            refuse_compute(name, managed, options)

    async def _looked_behind(self, name: str) -> tuple[Described, Sequence[Described]]:
        queue = await self.queue(name)
        try:
            return queue, await self.environments(queue)
        except RefusedError as error:
            if error.is_denied:
                return queue, ()
            raise

    async def queue(self, name: str) -> Described:
        """One that takes jobs.

        :raises ExecutorError: if it does not, or is not there
        """
        answer = await self._clients.call(
            "batch", "describe_job_queues", f"looking for the queue {name}", jobQueues=[name]
        )
        if not answer["jobQueues"]:
            raise ExecutorError(
                f"There is no job queue {name!r} in {self._region}. Create it, or name another one in batch_queue, "
                "or another region.",
                trouble=Trouble.MISSING_QUEUE,
            )
        queue: Described = answer["jobQueues"][0]
        if queue["state"] != "ENABLED":
            raise ExecutorError(
                f"The job queue {name!r} is {queue['state']}: it takes no jobs. Enable it, or name another one in "
                "batch_queue.",
                trouble=Trouble.DISABLED_QUEUE,
            )
        if queue["status"] not in ("VALID", "UPDATING"):
            why = queue.get("statusReason") or "AWS does not say why"
            raise ExecutorError(
                f"The job queue {name!r} is {queue['status']} ({why}). Mend it, or name another one in batch_queue.",
                trouble=Trouble.DISABLED_QUEUE,
            )
        return queue

    async def environments(self, queue: Described) -> Sequence[Described]:
        """The compute environments behind a queue that are in order; empty if AWS has chosen them.

        :raises ExecutorError: if none is
        """
        name = queue["jobQueueName"]
        arns = [one["computeEnvironment"] for one in queue.get("computeEnvironmentOrder", ())]
        if not arns:
            return ()
        described = await self._clients.call(
            "batch", "describe_compute_environments", f"looking behind the queue {name}", computeEnvironments=arns
        )
        usable = [
            e for e in described["computeEnvironments"] if (e.get("state"), e.get("status")) == ("ENABLED", "VALID")
        ]
        if not usable:
            raise ExecutorError(
                f"None of the compute environments behind the job queue {name!r} is ENABLED and VALID, so its jobs "
                "would wait for ever. "
                "Mend one of them, or name another queue in batch_queue.",
                trouble=Trouble.DISABLED_QUEUE,
            )
        return usable


def _refuse_bucket(bucket: str, region: str, error: RefusedError) -> None:
    """Raise what a refusal means, unless it means that the bucket is in another region."""
    if error.code in ("404", "NoSuchBucket"):
        raise ExecutorError(
            f"There is no S3 bucket {bucket!r}. Create it in {region}, or name another one in s3_bucket_name.",
            trouble=Trouble.MISSING_BUCKET,
        ) from error
    if error.is_denied:
        raise ExecutorError(
            f"The S3 bucket {bucket!r} is not open to these credentials: it is somebody else's, or they lack s3:ListBucket "
            "on it. Name a bucket of yours in s3_bucket_name, or give them that permission.",
            trouble=Trouble.NO_PERMISSION,
        ) from error
    if error.code not in _ELSEWHERE:
        raise error
