"""What must exist before a job is submitted: asked at once, each with its remedy. What may not be asked is taken to be there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...errors import ExecutorError
from ..batch.concurrently import Once
from .border import RefusedError
from .definitions import Roles
from .options import JobOptions
from .resources import Platform, size_of
from .session import Clients, partition_of

#: Kinds of compute environments by what they run. Source: API reference of AWS Batch, ``ComputeResource``.
_KINDS: Final[Mapping[Platform, frozenset[str]]] = {
    Platform.EC2: frozenset({"EC2", "SPOT", "ECS_MANAGED_INSTANCES"}),
    Platform.FARGATE: frozenset({"FARGATE", "FARGATE_SPOT"}),
}

#: Answers of S3 to those who look for a bucket in the wrong region; an answer to HEAD has no more than its number.
_ELSEWHERE: Final = frozenset({"301", "400", "PermanentRedirect", "AuthorizationHeaderMalformed"})

#: Seconds for which what was found in order is not asked for again.
VALID_S: Final = 600.0

Described = Mapping[str, Any]


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
        self._queues: Once[tuple[Described, Sequence[Described]]] = Once(VALID_S)

    async def check(self, options: JobOptions) -> None:
        """:raises ExecutorError: naming the setting and what to do"""
        await self._account.get(None, self._identity)  # The one clear word on credentials that are no good.
        bucket, group = options.bucket, options.container.log_group
        wanted = [
            self._check_queue(options),
            self._found.get(("bucket", bucket), lambda: self._check_bucket(bucket)),
        ]
        if own := options.job_definition:
            wanted.append(self._found.get(("job definition", own), lambda: self._check_definition(own)))
        else:
            wanted.append(self._check_roles(options))
            if group:
                wanted.append(self._found.get(("log group", group), lambda: self._check_log_group(group)))
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

    async def _identity(self) -> str:
        answer = await self._clients.call("sts", "get_caller_identity", "asking who the AWS credentials belong to")
        return str(answer["Account"])

    async def _check_roles(self, options: JobOptions) -> None:
        await self.roles(options)

    async def _arn(self, role: str, setting: str) -> str:
        if not role or role.startswith("arn:"):
            return role
        return await self._arns.get(role, lambda: self._look_up_role(role, setting))

    async def _look_up_role(self, role: str, setting: str) -> str:
        try:
            answer = await self._clients.call("iam", "get_role", f"looking for the role {role}", RoleName=role)
        except RefusedError as error:
            if error.code == "NoSuchEntity":
                raise ExecutorError(
                    f"There is no IAM role {role!r} in the account {await self.account_id()}. Create it, let "
                    "ecs-tasks.amazonaws.com assume it, "
                    f"or name another one in {setting}."
                ) from error
            if error.is_denied:
                return f"arn:{partition_of(self._region)}:iam::{await self.account_id()}:role/{role}"
            raise
        return str(answer["Role"]["Arn"])

    async def _check_definition(self, name: str) -> None:
        """One of the user's own, by name, by name and revision, or by ARN."""
        by_name = {"jobDefinitionName": name, "status": "ACTIVE"}
        asked = {"jobDefinitions": [name]} if ":" in name else by_name
        try:
            answer = await self._clients.call(
                "batch", "describe_job_definitions", f"looking for the job definition {name}", **asked
            )
        except RefusedError as error:
            if error.is_denied:
                return
            raise
        active = [one for one in answer["jobDefinitions"] if one.get("status") == "ACTIVE"]
        if not active:
            raise ExecutorError(
                f"There is no active job definition {name!r} in {self._region}. Register it, name another one in job_definition, "
                "or leave that out: Covalent then makes one."
            )
        if not any(one.get("containerProperties") for one in active):
            raise ExecutorError(
                f"The job definition {name!r} is not of one container, as tasks need it. Name another one in job_definition."
            )

    async def _check_log_group(self, group: str) -> None:
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

    async def _check_bucket(self, bucket: str) -> None:
        try:
            answer = await self._clients.call("s3", "head_bucket", f"looking for the bucket {bucket}", Bucket=bucket)
            region = answer.get("BucketRegion", self._region)
        except RefusedError as error:
            _refuse_bucket(bucket, self._region, error)
            region = error.bucket_region or "another region"
        if region != self._region:
            raise ExecutorError(
                f"The S3 bucket {bucket!r} is in {region}, the executor works in {self._region}. "
                "Name a bucket there in s3_bucket_name, or set region."
            )

    # The queue, and what is behind it.

    async def _check_queue(self, options: JobOptions) -> None:
        name = options.queue
        try:
            queue, environments = await self._queues.get(name, lambda: self._describe_queue(name))
        except RefusedError as error:
            if error.is_denied:
                return
            raise
        _refuse_shares(queue, options)
        managed = [e["computeResources"] for e in environments if e.get("computeResources")]
        if managed and len(managed) == len(environments):
            _refuse_compute(name, managed, options)

    async def _describe_queue(self, name: str) -> tuple[Described, Sequence[Described]]:
        answer = await self._clients.call(
            "batch", "describe_job_queues", f"looking for the queue {name}", jobQueues=[name]
        )
        if not answer["jobQueues"]:
            raise ExecutorError(
                f"There is no job queue {name!r} in {self._region}. Create it, or name another one in batch_queue, "
                "or another region."
            )
        queue = answer["jobQueues"][0]
        if queue["state"] != "ENABLED":
            raise ExecutorError(
                f"The job queue {name!r} is {queue['state']}: it takes no jobs. Enable it, or name another one in "
                "batch_queue."
            )
        if queue["status"] not in ("VALID", "UPDATING"):
            why = queue.get("statusReason") or "AWS does not say why"
            raise ExecutorError(
                f"The job queue {name!r} is {queue['status']} ({why}). Mend it, or name another one in batch_queue."
            )
        arns = [one["computeEnvironment"] for one in queue.get("computeEnvironmentOrder", ())]
        try:
            described = await self._clients.call(
                "batch", "describe_compute_environments", f"looking behind the queue {name}", computeEnvironments=arns
            )
        except RefusedError as error:
            if error.is_denied:
                return queue, ()
            raise
        usable = [
            e for e in described["computeEnvironments"] if (e.get("state"), e.get("status")) == ("ENABLED", "VALID")
        ]
        if arns and not usable:
            raise ExecutorError(
                f"None of the compute environments behind the job queue {name!r} is ENABLED and VALID, so its jobs "
                "would wait for ever. "
                "Mend one of them, or name another queue in batch_queue."
            )
        return queue, usable


def _refuse_bucket(bucket: str, region: str, error: RefusedError) -> None:
    """Raise what a refusal means, unless it means that the bucket is in another region."""
    if error.code in ("404", "NoSuchBucket"):
        raise ExecutorError(
            f"There is no S3 bucket {bucket!r}. Create it in {region}, or name another one in s3_bucket_name."
        ) from error
    if error.is_denied:
        raise ExecutorError(
            f"The S3 bucket {bucket!r} is not open to these credentials: it is somebody else's, or they lack s3:ListBucket "
            "on it. Name a bucket of yours in s3_bucket_name, or give them that permission."
        ) from error
    if error.code not in _ELSEWHERE:
        raise error


def _refuse_shares(queue: Described, options: JobOptions) -> None:
    has_shares = bool(queue.get("schedulingPolicyArn"))
    if has_shares and options.share_identifier is None:
        raise ExecutorError(f"The job queue {options.queue!r} divides its time by shares: set share_identifier.")
    if not has_shares and options.share_identifier is not None:
        raise ExecutorError(f"The job queue {options.queue!r} knows no shares: take share_identifier out.")


def _refuse_compute(queue: str, managed: Sequence[Described], options: JobOptions) -> None:
    """:param managed: the ``computeResources`` of all environments of the queue"""
    platform = options.asked.platform
    fitting = [one for one in managed if one.get("type") in _KINDS[platform]]
    if not fitting:
        others = ", ".join(sorted({str(one.get("type")) for one in managed}))
        raise ExecutorError(
            f"platform is {platform}, but the job queue {queue!r} has {others} only. Set platform to match, or name "
            "another queue in batch_queue."
        )
    most = max(one.get("maxvCpus", 0) for one in fitting)
    vcpu = size_of(options.asked).vcpu
    if most and vcpu > most:
        raise ExecutorError(
            f"vcpu is {vcpu:g}, but the compute environments of the job queue {queue!r} may have {most} in all "
            "(maxvCpus), so the job would never start."
        )
    wanted = options.container.architecture
    types = [name for one in fitting for name in one.get("instanceTypes", ())]
    if platform is Platform.EC2 and wanted and types and all(architecture_of(name) != wanted for name in types):
        raise ExecutorError(
            f"architecture is {wanted}, but the job queue {queue!r} has other instances only "
            f"({', '.join(sorted(set(types)))}). "
            "Set architecture to match, or name another queue in batch_queue."
        )


def architecture_of(instance_type: str) -> str:
    """Of an instance type, a family, or one of AWS Batch's names for several.

    Source: user guide of Amazon EC2, "Instance type naming conventions": families of Graviton processors have a ``g`` after the generation.
    """
    family = instance_type.partition(".")[0]
    if family in ("a1", "default_arm64"):
        return "ARM64"
    attributes = family.lstrip("abcdefghijklmnopqrstuvwxyz").partition("-")[0].lstrip("0123456789")
    return "ARM64" if "g" in attributes else "X86_64"
