"""The Google Batch executor: its settings, and what they mean for a job. The engine of all clouds does the rest."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ...errors import ExecutorError
from ...model import Requested, ServiceJob
from ..batch.executor import Bucket
from ..batch.options import Pairs, pairs
from ..batch.single import SingleTaskExecutor
from .options import MOST_MEMORY_MIB, MOST_VCPUS, JobOptions, Machine
from .session import ENDPOINT_VARIABLE, PROJECT_VARIABLE, Account, Clients, bucket
from .settings import GCPBatchSettings

if TYPE_CHECKING:
    from ..examination import Examination
    from ..login import Login
    from .service import GCPBatchService

#: What the service's time limit leaves beyond the runner's: to fetch values, install packages, publish results.
GRACE_S: Final = 1800

#: The longest that Google Batch lets a task run, in seconds. Source: its documentation, "Quotas and limits".
LONGEST_S: Final = 14 * 24 * 3600

#: The most further attempts that Google Batch takes. Source: its API reference, ``TaskSpec.maxRetryCount``.
MOST_RETRIES: Final = 10

#: Families of machines that have GPUs by themselves. Source: documentation of Compute Engine, "GPU machine types".
_WITH_GPUS: Final = re.compile(r"(a2|a3|a4|a4x|g2|g4)-")


class GCPBatchExecutor(GCPBatchSettings, SingleTaskExecutor):
    """Runs tasks as jobs of Google Batch: many like tasks are one task group, in any image that has Python.

    What is not set here is taken from ``[executors.gcpbatch]`` of the server's configuration, then from the defaults. Credentials are
    looked for where the server runs, as every program of Google's does.

    :param project_id: unless set, the one in ``GOOGLE_CLOUD_PROJECT`` where the server runs
    :param region: of jobs and machines
    :param bucket_name: a bucket of Cloud Storage, where values, results and logs lie; it must be set
    :param container_image_uri: any image with Python; unless set, Python's own with the workflow's version
    :param service_account_email: the account of the tasks; unless set, Compute Engine's own
    :param vcpus: for each task; parts of one are possible
    :param memory: for each task, in MiB
    :param retries: how often a task whose machine was lost starts again. Set here or in the configuration, it also is how often a task
        runs again that failed by its own fault, ran out of memory, or ran for too long
    :param time_limit: seconds that one attempt may run; waiting does not count
    :param poll_freq: seconds, at most, between two looks at a job
    :param cache_dir: for temporary files when tasks are run without a dispatcher
    :param machine_type: for example ``"n2-standard-4"``; unless set, Google Batch chooses one
    :param spot: whether to use spot machines, which are cheap and may be taken back at any time
    :param gpu_type: for example ``"nvidia-tesla-t4"``
    :param num_gpus: on each machine
    :param install_gpu_drivers: unless set, they are installed where there are GPUs
    :param boot_disk_mib: MiB of disk for each task beside what every machine has
    :param network: name or path
    :param subnetwork: name or path
    :param assign_public_ip: whether machines get a public address; without, set ``network`` and ``subnetwork``, or neither for ``default``
    :param allowed_locations: zones of the region; all of them unless set
    :param reservation: name or path of a reservation
    :param parallelism: tasks of one job that run at the same time, at most
    :param max_memory: MiB, at most, for a task that ran out of memory: each further attempt gets twice as much
    :param labels: for jobs and machines
    :param environment: variables for the tasks
    :param secrets: variables for the tasks, as names of secrets in Secret Manager, or paths of versions of them
    :param container_options: options of ``docker run``
    :param bucket_prefix: what all keys in the bucket begin with
    :raises ExecutorError: if a value is wrong
    """

    def __init__(
        self,
        project_id: str | None = None,
        region: str | None = None,
        bucket_name: str | None = None,
        container_image_uri: str | None = None,
        service_account_email: str | None = None,
        vcpus: float | None = None,
        memory: int | None = None,
        retries: int | None = None,
        time_limit: float | None = None,
        poll_freq: float | None = None,
        cache_dir: str | None = None,
        *,
        machine_type: str | None = None,
        spot: bool | None = None,
        gpu_type: str | None = None,
        num_gpus: int | None = None,
        install_gpu_drivers: bool | None = None,
        boot_disk_mib: int | None = None,
        network: str | None = None,
        subnetwork: str | None = None,
        assign_public_ip: bool | None = None,
        allowed_locations: Sequence[str] | None = None,
        reservation: str | None = None,
        parallelism: int | None = None,
        max_memory: int | None = None,
        labels: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        container_options: str | None = None,
        bucket_prefix: str | None = None,
    ) -> None:
        super().__init__(locals())  # Each argument is the setting of its name.

    def retry_budget(self) -> int:
        return self.retries if self.said("retries") is not None else 0

    def examination(self) -> Examination:
        from .examination import GoogleExamination

        return GoogleExamination(self, self._account())

    def registry_login(self, host: str) -> Login:
        """What opens a registry of Google's, with the credentials of this executor.

        :raises CovalentError: if there is none to be had
        """
        from .registry import sign_in

        return sign_in()

    async def get_status(self, job_id: str) -> tuple[str, int]:
        return await (await self._service()).status(job_id)

    async def check_identity(self, identity: Mapping[str, Any]) -> None:
        """:param identity: its ``project_id`` counts"""
        wanted, used = identity.get("project_id"), self._account().project
        if wanted not in (None, used):
            raise ExecutorError(f"The executor uses the project {used}, not {wanted}. Set project_id.")

    async def _service(self) -> GCPBatchService:
        service = (await self.engine()).service
        from .service import GCPBatchService

        assert isinstance(service, GCPBatchService)
        return service

    # What the engine asks for.

    def account(self) -> Hashable:
        return (self.short_name, self._account())

    async def connect(self) -> GCPBatchService:
        from .service import GCPBatchService

        return GCPBatchService(await self.open_clients(), self._account())

    async def open_clients(self) -> Clients:
        """New clients for its account.

        :raises ExecutorError: if Google's libraries are missing, or there are no credentials
        """
        return await Clients.open(self._account())

    def bucket(self) -> Bucket:
        return bucket(self._bucket_name(), self.bucket_prefix.strip("/"))

    def requested(self) -> Requested:
        return Requested(cpus=self.vcpus, memory_mib=self.memory, gpus=self.num_gpus, time_limit_s=self.time_limit)

    def service_job(self, ref: str, index: int | None) -> ServiceJob:
        account = self._account()
        if os.environ.get(ENDPOINT_VARIABLE):
            return ServiceJob(id=ref)  # Of which the console knows nothing.
        job = f"regions/{account.region}/jobs/{quote(ref, safe='')}"
        page = (
            f"https://console.cloud.google.com/batch/jobsDetail/{job}/details?project={quote(account.project, safe='')}"
        )
        return ServiceJob(id=ref, console_url=page)

    def time_limit_s(self) -> float:
        return self.time_limit

    def poll_interval_s(self) -> float:
        return self.poll_freq

    def job_options(self) -> JobOptions:
        self._refuse_combinations()
        return JobOptions(
            bucket=self._bucket_name(),
            prefix=self.bucket_prefix.strip("/"),
            image=self.container_image_uri or "",
            container_options=self.container_options or "",
            service_account=self.service_account_email or "",
            cpu_milli=math.ceil(self.vcpus * 1000),
            memory_mib=self.memory,
            max_memory_mib=self.max_memory,
            boot_disk_mib=self.boot_disk_mib,
            parallelism=self.parallelism,
            max_run_s=math.ceil(self.time_limit) + GRACE_S,
            retries=min(MOST_RETRIES, self.retries),
            machine=self._machine(),
            labels=pairs(self.labels),
            environment=pairs(self.environment),
            secrets=self._secrets(),
        )

    def _machine(self) -> Machine:
        has_gpus = bool(self.num_gpus or _WITH_GPUS.match(self.machine_type or ""))
        drivers = self.install_gpu_drivers
        # Without a public address, Google Batch wants to be told where a machine is; every project has these two unless it removed them.
        place = "default" if not (self.assign_public_ip or self.network or self.subnetwork) else None
        return Machine(
            machine_type=self.machine_type or "",
            spot=self.spot,
            gpu_type=self.gpu_type or "",
            num_gpus=self.num_gpus,
            install_gpu_drivers=has_gpus if drivers is None else drivers,
            reservation=self.reservation or "",
            locations=tuple(sorted(map(_location, self.allowed_locations or ()))),
            network=_path(self.network or place, "global/networks"),
            subnetwork=_path(self.subnetwork or place, f"regions/{self.region}/subnetworks"),
            has_public_ip=self.assign_public_ip,
        )

    def _secrets(self) -> Pairs:
        start = f"projects/{self._account().project}/secrets"
        named = {variable: _path(name, start) for variable, name in (self.secrets or {}).items()}
        return pairs({v: path if "/versions/" in path else f"{path}/versions/latest" for v, path in named.items()})

    def _account(self) -> Account:
        project = self.project_id or os.environ.get(PROJECT_VARIABLE)
        if not project:
            raise ExecutorError(
                "project_id is not set. Set it on the executor, in [executors.gcpbatch], or in GOOGLE_CLOUD_PROJECT where the server runs."
            )
        return Account(project=project, region=self.region)

    def _bucket_name(self) -> str:
        if not self.bucket_name:
            raise ExecutorError(
                "bucket_name is not set. Set it to a bucket of Cloud Storage, on the executor or in [executors.gcpbatch]; "
                "'covalent deploy up gcpbatch' makes one and sets it."
            )
        return self.bucket_name

    def _refuse_combinations(self) -> None:
        """:raises ExecutorError: if settings contradict one another, or ask for what there is nowhere"""
        elsewhere = [one for one in map(_location, self.allowed_locations or ()) if not _is_in(one, self.region)]
        longest_s = LONGEST_S - GRACE_S
        for refused, message in (
            (
                elsewhere,
                f"allowed_locations has {', '.join(elsewhere)}, which is not in the region {self.region}, where the job would be. "
                "Take it out, or set region.",
            ),
            (
                self.max_memory is not None and self.max_memory < self.memory,
                f"max_memory is {self.max_memory} MiB, less than memory, which is {self.memory} MiB.",
            ),
            (
                self.memory > MOST_MEMORY_MIB,
                f"memory is {self.memory} MiB; no machine of Google's has more than {MOST_MEMORY_MIB}.",
            ),
            (self.vcpus > MOST_VCPUS, f"vcpus is {self.vcpus:g}; no machine of Google's has more than {MOST_VCPUS}."),
            (
                self.time_limit > longest_s,
                f"time_limit is {self.time_limit:g} s; Google Batch ends tasks after 14 days, so it may be {longest_s} at most.",
            ),
            (
                self.num_gpus and not self.gpu_type,
                f"num_gpus is {self.num_gpus}, but gpu_type is not set. Set it, for example to 'nvidia-tesla-t4'.",
            ),
            (self.gpu_type and not self.num_gpus, f"gpu_type is {self.gpu_type!r}, but num_gpus is 0. Set it too."),
            *self._refused_places(),
        ):
            if refused:
                raise ExecutorError(message)

    def _refused_places(self) -> Sequence[tuple[object, str]]:
        """What Google does not take of networks and reservations."""
        kinds = {one.partition("/")[0] for one in map(_location, self.allowed_locations or ())}
        in_region = re.search(r"(?:^|/)regions/([^/]+)/subnetworks/", self.subnetwork or "")
        is_half = bool(self.network) != bool(self.subnetwork)
        return (
            (
                len(kinds) > 1,
                "allowed_locations has a region and zones of it; Google Batch takes one region, or zones. Leave one kind out.",
            ),
            (
                is_half and not self.assign_public_ip,
                "Without public addresses (assign_public_ip), Google Batch wants both network and subnetwork: set "
                f"{'subnetwork' if self.network else 'network'} too.",
            ),
            (
                in_region and in_region[1] != self.region,
                f"subnetwork is {self.subnetwork!r}, which is not in the region {self.region}, where the machines would be. Set region, "
                "or a subnetwork there.",
            ),
            (
                self.spot and self.reservation not in (None, "NO_RESERVATION"),
                "spot is set, but a reservation has no spot machines. Leave reservation or spot out.",
            ),
        )


def _location(name: str) -> str:
    """A zone or region as the API has it."""
    if "/" in name:
        return name
    return f"zones/{name}" if re.search(r"\d-[a-z]$", name) else f"regions/{name}"


def _is_in(location: str, region: str) -> bool:
    name = location.partition("/")[2]
    return name == region or name.rpartition("-")[0] == region


def _path(name: str | None, start: str) -> str:
    """What is only a name, with what comes before it in a path."""
    return f"{start}/{name}" if name and "/" not in name else name or ""
