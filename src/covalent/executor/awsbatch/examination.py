"""What ``covalent doctor`` looks at on AWS Batch."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ...errors import ExecutorError
from ...troubles import Trouble
from ..batch.examination import SET_CLOCK, BatchExamination
from ..examination import Check, Finding, ok, warning
from .border import RefusedError
from .checks import Checks
from .definitions import image_of
from .fitting import Described
from .session import Clients, domain_of, endpoint

if TYPE_CHECKING:
    from .executor import AWSBatchExecutor

_SET: Final = "covalent config set executors.awsbatch"

#: Who runs containers on behalf of AWS Batch, and must be trusted by their roles.
_TASKS: Final = "ecs-tasks.amazonaws.com"


class AWSExamination(BatchExamination):
    packages = ("boto3", "botocore", "obstore")
    extra = "aws"
    to_write = "Allow s3:PutObject and s3:GetObject on the prefix to whoever runs the server"
    to_delete = "Allow s3:DeleteObject on the prefix to whoever runs the server"
    bucket_needs = ("identity",)  # Until then, nobody has looked at the credentials that were found.
    mends: Mapping[Trouble, str] = MappingProxyType(
        {
            Trouble.NO_CREDENTIALS: f"aws configure, or set AWS_PROFILE, or {_SET}.profile NAME; then covalent restart",
            Trouble.EXPIRED_CREDENTIALS: "aws sso login, or renew the keys; then covalent restart",
            Trouble.WRONG_CREDENTIALS: f"aws configure, or {_SET}.profile NAME; then covalent restart",
            Trouble.WRONG_CLOCK: SET_CLOCK,
            Trouble.WRONG_REGION: f"{_SET}.region REGION",
            Trouble.UNREACHABLE: "Check the network, HTTPS_PROXY, and AWS_ENDPOINT_URL if it is set",
            Trouble.NO_PERMISSION: "Add what is missing to the policy of whoever runs the server",
            Trouble.MISSING_BUCKET: f"aws s3 mb s3://NAME, or {_SET}.s3_bucket_name NAME",
            Trouble.MISSING_QUEUE: f"covalent deploy up awsbatch, or {_SET}.batch_queue NAME",
            Trouble.DISABLED_QUEUE: "aws batch update-job-queue --job-queue NAME --state ENABLED, the same with "
            "update-compute-environment, or " + f"{_SET}.batch_queue NAME",
            Trouble.MISSING_ROLE: f"aws iam create-role, or {_SET}.batch_job_role_name NAME (batch_execution_role_name)",
            Trouble.MISSING_IMAGE: f"{_SET}.container_image_uri NAME",
            Trouble.QUOTA: f"{_SET}.vcpu N, or raise maxvCpus of the compute environment",
            Trouble.MISSING_PACKAGE: "pip install 'covalent-batch[aws]'",
        }
    )

    def __init__(self, executor: AWSBatchExecutor) -> None:
        super().__init__(executor)
        self._settings = executor
        self._options = executor.job_options()
        self._clients: Clients | None = None
        self._account = ""
        self._is_elsewhere = False
        self._queue: Described = {}

    async def close(self) -> None:
        if self._clients is not None:
            await self._clients.close()
        await super().close()

    def addresses(self) -> Sequence[str]:
        region = self._settings.region
        names = {service: f"https://{service}.{region}.{domain_of(region)}" for service in ("batch", "s3")}
        return tuple(dict.fromkeys(endpoint(service) or address for service, address in names.items()))

    async def sign_in(self) -> Finding:
        self._clients = await self._settings.open_clients()
        return ok("There are credentials.")

    async def identity(self) -> Finding:
        found = await self._checks.identity()
        self._account = str(found["Account"])
        return ok(f"{found['Arn']}, in the account {self._account}.")

    async def bucket(self) -> Finding:
        name = self._options.bucket
        try:
            await self._checks.check_bucket(name)
        except ExecutorError as error:
            self._is_elsewhere = error.trouble is Trouble.WRONG_REGION
            raise
        return ok(f"The bucket {name} is in {self._settings.region}.")

    def service_checks(self) -> Sequence[Check]:
        container = self._options.container
        own = self._options.job_definition
        if own:
            mend = f"{_SET}.job_definition NAME"
            made: tuple[Check, ...] = (
                Check(name="job definition", look=self.definition, needs=("identity",), mend=mend),
            )
        else:
            made = (
                Check(name="job role", look=self.job_role, needs=("identity",)),
                Check(name="execution role", look=self.execution_role, needs=("identity",)),
            )
            if group := container.log_group:
                mend = f"aws logs create-log-group --log-group-name {group}, or {_SET}.batch_job_log_group_name NAME"
                made = (*made, Check(name="log group", look=self.log_group, needs=("identity",), mend=mend))
        return (
            Check(name="queue", look=self.queue, needs=("identity",)),
            Check(name="compute environments", look=self.environments, needs=("queue",)),
            Check(
                name="capacity",
                look=self.capacity,
                needs=("compute environments",),
                mend=f"{_SET}.vcpu N (memory, num_gpus, platform, architecture, share_identifier)",
            ),
            *made,
        )

    async def queue(self) -> Finding:
        try:
            self._queue = await self._checks.queue(self._options.queue)
        except RefusedError as error:
            if error.is_denied:
                return self.unasked("the queue (batch:DescribeJobQueues)")
            raise
        except ExecutorError as error:
            if error.trouble is Trouble.MISSING_QUEUE and self._is_elsewhere:
                raise ExecutorError(f"{error} The bucket is elsewhere, too.", trouble=Trouble.WRONG_REGION) from error
            raise
        return ok(f"The queue {self._options.queue} is {self._queue['state']} and {self._queue['status']}.")

    async def environments(self) -> Finding:
        try:
            usable = await self._checks.environments(self._queue)
        except RefusedError as error:
            if error.is_denied:
                return self.unasked("compute environments (batch:DescribeComputeEnvironments)")
            raise
        names = ", ".join(str(one["computeEnvironmentName"]) for one in usable)
        behind = len(self._queue.get("computeEnvironmentOrder", ()))
        if len(usable) < behind:
            return warning(
                f"Of {behind} compute environments behind the queue, only {names} can be used.",
                "aws batch describe-compute-environments says why (statusReason)",
            )
        return ok(f"Enabled and valid: {names or 'those that AWS chooses'}.")

    async def capacity(self) -> Finding:
        await self._checks.check_queue(self._options)
        asked = self._options.asked
        return ok(f"The compute environments may have as many vCPUs as a task asks for ({asked.vcpu:g}).")

    async def job_role(self) -> Finding:
        return await self._role(self._options.container.job_role, "batch_job_role_name")

    async def execution_role(self) -> Finding:
        return await self._role(self._options.container.execution_role, "batch_execution_role_name")

    async def _role(self, name: str, setting: str) -> Finding:
        if not name:
            return ok(f"{setting} is empty: there is none.")
        plain = name.rpartition("/")[2] if name.startswith("arn:") else name
        try:
            role = await self._checks.role(plain, setting)
        except RefusedError as error:
            if error.is_denied:
                return self.unasked(f"the role {plain} (iam:GetRole)")
            raise
        if _TASKS not in json.dumps(role.get("AssumeRolePolicyDocument", {})):
            return warning(
                f"The role {plain} does not trust {_TASKS}, so no container can use it.",
                f"aws iam update-assume-role-policy --role-name {plain} --policy-document FILE",
                Trouble.MISSING_ROLE,
            )
        return ok(f"The role {plain} is there, and containers may use it.")

    async def definition(self) -> Finding:
        name = self._options.job_definition
        await self._checks.check_definition(self._options)
        return ok(f"The job definition {name} is in order, as far as these credentials may see.")

    async def log_group(self) -> Finding:
        name = self._options.container.log_group
        await self._checks.check_log_group(name)
        return ok(f"The log group {name} is there, as far as these credentials may see.")

    def image_name(self) -> str:
        if self._options.job_definition:
            return ""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return image_of(self._options.container, python, self._account, self._settings.region)

    @property
    def _checks(self) -> Checks:
        assert self._clients is not None
        return Checks(self._clients, self._settings.region)
