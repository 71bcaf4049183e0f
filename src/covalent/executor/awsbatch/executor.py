"""The AWS Batch executor: its settings, and what they mean for a job. The engine of all clouds does the rest."""

from __future__ import annotations

import functools
import json
import logging
import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ...errors import ExecutorError
from ...model import GroupMetadata, Requested, ServiceJob, TaskRef
from ..batch.executor import Bucket
from ..batch.options import pairs
from ..batch.single import SingleTaskExecutor
from .options import Container, JobOptions
from .resources import MIB_PER_GB, Asked, Platform, rounding, size_of
from .session import Account, Clients, StoreCredentials, consoles_of, endpoint, store_endpoint
from .settings import AWSBatchSettings

if TYPE_CHECKING:
    from ..batch.stale import Leftovers
    from ..examination import Examination
    from ..login import Login
    from .service import AWSBatchService

log = logging.getLogger(__name__)

#: What the service's timeout leaves beyond the time limit, which the runner counts: to fetch values, install packages, publish results.
#: AWS Batch takes no timeout below 60 seconds, which this is above. Source: its API reference, ``JobTimeout``.
GRACE_S: Final = 1800

#: The most attempts that AWS Batch takes. Source: its API reference, ``RetryStrategy``.
MOST_ATTEMPTS: Final = 10

#: Settings that a job definition of one's own holds itself.
_IN_DEFINITION: Final = (
    "container_image_uri",
    "ecr_repo_name",
    "architecture",
    "assign_public_ip",
    "shared_memory_mib",
    "disk_gib",
    "secrets",
    "container_properties",
)


class AWSBatchExecutor(AWSBatchSettings, SingleTaskExecutor):
    """Runs tasks as jobs of AWS Batch: many like tasks are one array job, in any image that has Python.

    What is not set here is taken from ``[executors.awsbatch]`` of the server's configuration, then from the defaults. Credentials are
    looked for where the server runs, and in the usual places unless ``credentials`` or ``profile`` is set.

    :param credentials: path of a shared credentials file
    :param profile: a profile of it
    :param region: of queue, bucket and logs
    :param s3_bucket_name: an S3 bucket, where values, results and logs lie
    :param batch_queue: name or ARN of a job queue
    :param batch_execution_role_name: the role by which the image is pulled, logs are written and secrets are read
    :param batch_job_role_name: the role of the tasks
    :param batch_job_log_group_name: a log group of CloudWatch; empty for AWS Batch's own
    :param vcpu: for each task: whole numbers on EC2; on Fargate 0.25, 0.5 and some whole ones, and others are rounded up
    :param memory: for each task, in GB of 1024 MiB; on Fargate rounded up to the next size
    :param num_gpus: for each task
    :param retry_attempts: how often a task whose host was lost starts again. Set here or in the configuration, it also is how often a task
        runs again that failed by its own fault, ran out of memory, or ran for too long
    :param time_limit: seconds that one attempt may run
    :param poll_freq: seconds, at most, between two looks at a job
    :param cache_dir: for temporary files; set here or in the configuration, it also is where tasks keep theirs in the container
    :param batch_job_definition_name: what names of job definitions begin with
    :param container_image_uri: any image with Python; unless set, the official one with the workflow's Python
    :param ecr_repo_name: a repository of Amazon ECR in the same account and region, whose latest image tasks run in unless
        ``container_image_uri`` is set
    :param platform: what the queue has: ``"EC2"`` or ``"FARGATE"``
    :param architecture: ``"X86_64"`` or ``"ARM64"``
    :param assign_public_ip: on Fargate: whether tasks get an address of their own; needed in public subnets
    :param shared_memory_mib: size of ``/dev/shm``; on EC2 only
    :param disk_gib: size of the disk, 21 to 200; on Fargate only
    :param max_memory: GB, at most, for a task that ran out of memory: each further attempt gets twice as much
    :param environment: variables for the tasks
    :param secrets: variables for the tasks, as ARNs of secrets or parameters
    :param tags: for jobs, and what AWS makes for them
    :param scheduling_priority: 0 to 9999, in a queue with fair shares; unless set, that of ``job_definition``, or 0
    :param share_identifier: the share, in a queue with fair shares
    :param job_definition: name or ARN of a job definition of one's own, used as it is
    :param container_properties: more ``containerProperties`` for the job definition, as AWS Batch's API has them
    :param s3_prefix: what all keys in the bucket begin with
    :raises ExecutorError: if a value is wrong
    """

    def __init__(
        self,
        credentials: str | None = None,
        profile: str | None = None,
        region: str | None = None,
        s3_bucket_name: str | None = None,
        batch_queue: str | None = None,
        batch_execution_role_name: str | None = None,
        batch_job_role_name: str | None = None,
        batch_job_log_group_name: str | None = None,
        vcpu: float | None = None,
        memory: float | None = None,
        num_gpus: int | None = None,
        retry_attempts: int | None = None,
        time_limit: float | None = None,
        poll_freq: float | None = None,
        cache_dir: str | None = None,
        *,
        batch_job_definition_name: str | None = None,
        container_image_uri: str | None = None,
        ecr_repo_name: str | None = None,
        platform: str | None = None,
        architecture: str | None = None,
        assign_public_ip: bool | None = None,
        shared_memory_mib: int | None = None,
        disk_gib: int | None = None,
        max_memory: float | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        scheduling_priority: int | None = None,
        share_identifier: str | None = None,
        job_definition: str | None = None,
        container_properties: Mapping[str, Any] | None = None,
        s3_prefix: str | None = None,
    ) -> None:
        super().__init__(locals())  # Each argument is the setting of its name.

    def retry_budget(self) -> int:
        return self.retry_attempts if self.said("retry_attempts") is not None else 0

    def boto_session_options(self) -> dict[str, Any]:
        """Keyword arguments for ``boto3.Session``, by which it finds the credentials and the region of this executor.

        :raises ExecutorError: if the credentials file does not exist
        """
        return self._account().session_options()

    def examination(self) -> Examination:
        from .examination import AWSExamination

        return AWSExamination(self)

    def registry_login(self, host: str) -> Login:
        """What opens a registry of Amazon ECR, with the credentials of this executor.

        :raises CovalentError: if there is none to be had
        """
        from .registry import sign_in

        return sign_in(self._account(), host)

    async def get_status(self, job_id: str) -> tuple[str, int]:
        return await (await self._service()).status(job_id)

    async def check_identity(self, identity: Mapping[str, Any]) -> None:
        """:param identity: as ``sts.get_caller_identity`` answers; its ``Account`` counts"""
        wanted, found = identity.get("Account"), await (await self._service()).account_id()
        if wanted is not None and str(wanted) != found:
            raise ExecutorError(
                f"The credentials belong to the AWS account {found}, not to {wanted}. Check profile and credentials."
            )

    async def why(self, metadata: GroupMetadata, ref: TaskRef, handle: Any) -> str:
        return " ".join(filter(None, (await super().why(metadata, ref, handle), rounding(self.job_options().asked))))

    async def _service(self) -> AWSBatchService:
        service = (await self.engine()).service
        from .service import AWSBatchService

        assert isinstance(service, AWSBatchService)
        return service

    # What the engine asks for.

    def account(self) -> Hashable:
        return (self.short_name, self._account())

    async def connect(self) -> AWSBatchService:
        from .service import AWSBatchService

        return AWSBatchService(await self.open_clients(), self.region)

    async def open_clients(self) -> Clients:
        """New clients for its account.

        :raises ExecutorError: if there are no usable credentials
        """
        return await Clients.open(self._account())

    async def leftovers(self, before: float) -> Leftovers:
        bucket, clients = await self._open_bucket(), await self.open_clients()
        from .stale import AWSLeftovers

        return AWSLeftovers(bucket, before, clients)

    def requested(self) -> Requested:
        return Requested(
            cpus=self.vcpu, memory_mib=self.memory * MIB_PER_GB, gpus=self.num_gpus, time_limit_s=self.time_limit
        )

    def service_job(self, ref: str, index: int | None) -> ServiceJob:
        job_id = ref if index is None else f"{ref}:{index}"
        if endpoint("batch"):
            return ServiceJob(id=job_id)  # Somebody else's service, of which the console knows nothing.
        console = f"https://{self.region}.{consoles_of(self.region)}/batch/home?region={self.region}"
        return ServiceJob(id=job_id, console_url=f"{console}#jobs/detail/{quote(job_id, safe=':')}")

    def bucket(self) -> Bucket:
        address = endpoint("s3") or store_endpoint(self.region)
        options: dict[str, Any] = {"region": self.region, "credential_provider": StoreCredentials(self._account())}
        if address:
            options |= {"endpoint": address, "client_options": {"allow_http": address.startswith("http://")}}
        parts = (self.s3_bucket_name, self.s3_prefix.strip("/"))
        return Bucket(uri=f"s3://{'/'.join(filter(None, parts))}", options=options)

    def time_limit_s(self) -> float:
        return self.time_limit

    def poll_interval_s(self) -> float:
        return self.poll_freq

    def job_options(self) -> JobOptions:
        platform = Platform(self.platform)
        asked = Asked(
            platform=platform,
            vcpu=self.vcpu,
            memory_mib=math.ceil(self.memory * MIB_PER_GB),
            gpus=self.num_gpus,
            max_memory_mib=None if self.max_memory is None else math.ceil(self.max_memory * MIB_PER_GB),
        )
        self._refuse_combinations(platform, asked)
        size_of(asked)
        if note := rounding(asked):
            _tell_once(note)
        return JobOptions(
            queue=self.batch_queue,
            bucket=self.s3_bucket_name,
            prefix=self.s3_prefix.strip("/"),
            job_definition=self.job_definition or "",
            container=self._container(platform),
            asked=asked,
            timeout_s=math.ceil(self.time_limit) + GRACE_S,
            attempts=min(MOST_ATTEMPTS, 1 + self.retry_attempts),
            tags=pairs(self.tags),
            share_identifier=self.share_identifier,
            scheduling_priority=self.scheduling_priority,
            scratch=self.said("cache_dir") or "",
        )

    def _container(self, platform: Platform) -> Container:
        return Container(
            definition_name=self.batch_job_definition_name,
            image=self.container_image_uri or "",
            ecr_repo_name=self.ecr_repo_name or "",
            platform=platform,
            architecture=self.architecture,
            job_role=self.batch_job_role_name,
            execution_role=self.batch_execution_role_name,
            log_group=self.batch_job_log_group_name,
            shared_memory_mib=self.shared_memory_mib,
            disk_gib=self.disk_gib,
            environment=pairs(self.environment),
            secrets=pairs(self.secrets),
            assign_public_ip=bool(self.assign_public_ip),
            properties=json.dumps(self.container_properties or {}, sort_keys=True),
        )

    def _account(self) -> Account:
        # Defaults stand for the usual search; only what somebody said narrows it.
        return Account(
            credentials=self.said("credentials") or "", profile=self.said("profile") or "", region=self.region
        )

    def _refuse_combinations(self, platform: Platform, asked: Asked) -> None:
        """:raises ExecutorError: if settings contradict one another"""
        held = [name for name in _IN_DEFINITION if self.said(name) is not None]
        for refused, message in (
            (
                self.job_definition and held,
                f"job_definition is set, which holds {', '.join(held)} itself: take that out.",
            ),
            (
                self.max_memory is not None and self.max_memory < self.memory,
                f"max_memory is {self.max_memory} GB, less than memory, which is {self.memory} GB.",
            ),
            (
                self.scheduling_priority is not None and self.share_identifier is None,
                "scheduling_priority only counts within a share: set share_identifier too.",
            ),
            *_refusals[platform](self),
        ):
            if refused:
                raise ExecutorError(message)


def _ec2_refusals(executor: AWSBatchSettings) -> list[tuple[object, str]]:
    return [
        (
            executor.disk_gib is not None,
            "disk_gib is for Fargate. On EC2 the disk is that of the instances: set it in the launch template of the "
            "compute environment.",
        ),
        (executor.assign_public_ip is not None, "assign_public_ip is for Fargate. On EC2 the subnet decides."),
    ]


def _fargate_refusals(executor: AWSBatchSettings) -> list[tuple[object, str]]:
    return [
        (executor.shared_memory_mib is not None, "shared_memory_mib is for EC2: on Fargate /dev/shm cannot be set."),
        (
            not executor.batch_execution_role_name,
            "batch_execution_role_name is empty, but Fargate needs an execution role, for example "
            "ecsTaskExecutionRole.",
        ),
    ]


_refusals: Final = {Platform.EC2: _ec2_refusals, Platform.FARGATE: _fargate_refusals}


@functools.cache
def _tell_once(note: str) -> None:
    log.warning("%s", note)
