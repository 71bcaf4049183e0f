"""The Azure Batch executor: its settings, and what they mean for a job. The engine of all clouds does the rest."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ExecutorError
from ...model import Requested, ServiceJob
from ...secrets import Secret
from ..batch.executor import Bucket
from ..batch.options import pairs
from ..batch.single import SingleTaskExecutor
from .account import Account
from .clouds import common_cloud
from .names import GroupRef, dispatches_of, task_id
from .options import MOST_MEMORY_MIB, JobOptions, Registry
from .session import AUTHORITY_VARIABLE, BATCH_VARIABLE, Clients, bucket
from .settings import GRACE_S, AzureBatchSettings

if TYPE_CHECKING:
    from ..batch.stale import Leftovers
    from ..examination import Examination
    from ..login import Login
    from .service import AzureBatchService


class AzureBatchExecutor(AzureBatchSettings, SingleTaskExecutor):
    """Runs tasks in containers on a pool of Azure Batch: few jobs, whose tasks are added by the hundred, in any image that has Python.

    What is not set here is taken from ``[executors.azurebatch]`` of the server's configuration, then from the defaults. Without a
    ``client_secret``, credentials are looked for where the server runs, as every program of Azure's does.

    :param tenant_id: of the directory in which the application ``client_id`` is registered; without a secret, of the directory for which
        whoever is signed in asks
    :param client_id: of that application; without a secret, of the managed identity of the machine where the server runs
    :param client_secret: of the application
    :param batch_account_url: the account's endpoint, with ``https://``; it must be set
    :param batch_account_domain: says which of Azure's clouds the account is in
    :param storage_account_name: where values, results and logs lie; it must be set
    :param storage_account_domain: of its blobs
    :param base_image_uri: any image with Python
    :param pool_id: of a pool with containers and a managed identity; it must be set
    :param retries: set here or in the configuration, how often a task runs again that failed by its own fault, ran out of memory, or ran
        for too long
    :param time_limit: seconds that one attempt may run; waiting does not count
    :param cache_dir: for temporary files when tasks are run without a dispatcher
    :param poll_freq: seconds, at most, between two looks at a job
    :param container_name: of the container of blobs
    :param slots: of a node, for each task
    :param cpus: for each task, at most; unless set, all of the node
    :param memory: for each task, at most, in MiB; unless set, all of the node
    :param max_memory: MiB, at most, for a task that ran out of memory: each further attempt gets twice as much
    :param shared_memory: MiB of ``/dev/shm``
    :param container_options: options of ``docker create``
    :param user_assigned_identity: of the pool, by which tasks reach the blobs: its resource id or client id; needed if the pool has several
    :param registry: server of a private registry, to which nodes sign in with ``registry_identity``
    :param registry_identity: resource id of an identity of the pool; unless set, ``user_assigned_identity``
    :param environment: variables for the tasks
    :param metadata: for jobs
    :param prefix: what names of all blobs begin with
    :raises ExecutorError: if a value is wrong
    """

    def __init__(
        self,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        batch_account_url: str | None = None,
        batch_account_domain: str | None = None,
        storage_account_name: str | None = None,
        storage_account_domain: str | None = None,
        base_image_uri: str | None = None,
        pool_id: str | None = None,
        retries: int | None = None,
        time_limit: float | None = None,
        cache_dir: str | None = None,
        poll_freq: float | None = None,
        *,
        container_name: str | None = None,
        slots: int | None = None,
        cpus: float | None = None,
        memory: int | None = None,
        max_memory: int | None = None,
        shared_memory: int | None = None,
        container_options: str | None = None,
        user_assigned_identity: str | None = None,
        registry: str | None = None,
        registry_identity: str | None = None,
        environment: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(locals())  # Each argument is the setting of its name.

    async def check_identity(self, identity: Mapping[str, Any]) -> None:
        """:param identity: its ``tenant_id`` counts"""
        wanted = identity.get("tenant_id")
        if wanted not in (None, self.tenant_id):
            raise ExecutorError(f"The executor uses the directory {self.tenant_id}, not {wanted}. Set tenant_id.")

    async def purge(self, group_ids: Sequence[str]) -> None:
        await super().purge(group_ids)
        service = await self._service()
        for dispatch_id in dispatches_of(group_ids):
            await service.purge(dispatch_id)

    async def leftovers(self, before: float) -> Leftovers:
        bucket, clients = await self._open_bucket(), await self.open_clients()
        from .stale import AzureLeftovers

        return AzureLeftovers(bucket, before, clients)

    def examination(self) -> Examination:
        from .examination import AzureExamination

        return AzureExamination(self, self._account())

    def registry_login(self, host: str) -> Login:
        """What opens a registry of Azure's, with the credentials of this executor.

        :raises CovalentError: if there is none to be had
        """
        from .registry import sign_in

        return sign_in(self._account(), host)

    async def get_status(self, job_id: str) -> tuple[str, int]:
        return await (await self._service()).status(job_id)

    def retry_budget(self) -> int:
        return self.retries if self.said("retries") is not None else 0

    async def _service(self) -> AzureBatchService:
        service = (await self.engine()).service
        from .service import AzureBatchService

        assert isinstance(service, AzureBatchService)
        return service

    # What the engine wants to know.

    def account(self) -> Hashable:
        return ("azurebatch", self._account())

    async def connect(self) -> AzureBatchService:
        from .service import AzureBatchService

        return AzureBatchService(await self.open_clients(), self._account())

    async def open_clients(self) -> Clients:
        """New clients for its account.

        :raises ExecutorError: if Azure's libraries are missing, or a setting is one that they do not take
        """
        return await Clients.open(self._account())

    def bucket(self) -> Bucket:
        return bucket(self._account(), self._storage_host(), self.container_name, self.prefix.strip("/"))

    def requested(self) -> Requested:
        return Requested(cpus=self.cpus, memory_mib=self.memory, time_limit_s=self.time_limit)

    def service_job(self, ref: str, index: int | None) -> ServiceJob:
        # Pages of the portal have addresses with the subscription in them, which nobody says here.
        found = GroupRef.parse(ref)
        return ServiceJob(id=f"{found.job}/{task_id(found.group, index or 0)}")

    def time_limit_s(self) -> float:
        return self.time_limit

    def poll_interval_s(self) -> float:
        return self.poll_freq

    def job_options(self) -> JobOptions:
        self._refuse_combinations()
        self._account()
        return JobOptions(
            pool=self._needed("pool_id", self.pool_id, "to a pool that runs containers"),
            storage_host=self._storage_host(),
            container=self.container_name,
            prefix=self.prefix.strip("/"),
            image=self.base_image_uri,
            registry=self._registry(),
            container_options=self.container_options or "",
            slots=self.slots,
            cpus=self.cpus,
            memory_mib=self.memory,
            max_memory_mib=self.max_memory,
            shared_memory_mib=self.shared_memory,
            max_run_s=math.ceil(self.time_limit) + GRACE_S,
            identity=self.user_assigned_identity or "",
            environment=pairs(self.environment),
            metadata=pairs(self.metadata),
        )

    def _account(self) -> Account:
        secret = self.client_secret
        url = os.environ.get(BATCH_VARIABLE) or self._needed(
            "batch_account_url",
            self.batch_account_url,
            "to the account's endpoint, with https:// ('covalent deploy up azurebatch' makes one and sets it)",
        )
        return Account(
            url=url.rstrip("/"),
            cloud=common_cloud(self.batch_account_domain, self.storage_account_domain, self.batch_account_url or ""),
            tenant_id=self._needed("tenant_id", self.tenant_id, "to go with client_secret")
            if secret
            else self.tenant_id or "",
            client_id=self._needed("client_id", self.client_id, "to go with client_secret")
            if secret
            else self.client_id or "",
            client_secret=secret,
            authority=os.environ.get(AUTHORITY_VARIABLE, ""),
        )

    def _storage_host(self) -> str:
        name = self._needed("storage_account_name", self.storage_account_name, "to an account with a blob container")
        return f"{name}.{self.storage_account_domain}"

    def _registry(self) -> Registry | None:
        if not self.registry:
            return None
        identity = self.registry_identity or self.user_assigned_identity or ""
        if not identity.startswith("/"):
            raise ExecutorError(
                "registry is set, but not with which identity nodes sign in there. Set registry_identity to the resource id of one "
                "of the pool's."
            )
        if not self.base_image_uri.lower().startswith(f"{self.registry.lower()}/"):
            raise ExecutorError(
                f"registry is {self.registry}, but base_image_uri, which is {self.base_image_uri}, is not there. Write it as "
                f"{self.registry}/NAME:TAG, or leave registry out."
            )
        return Registry(server=self.registry, identity=identity)

    def _needed(self, name: str, value: str | None, how: str) -> str:
        if not value:
            raise ExecutorError(f"{name} is not set. Set it {how}, on the executor or in [executors.azurebatch].")
        return value

    def _refuse_combinations(self) -> None:
        """:raises ExecutorError: if settings contradict one another, or ask for what there is nowhere"""
        options = f" {self.container_options or ''}"
        for refused, message in (
            (
                self.max_memory is not None and self.memory is None,
                "max_memory is set, but memory is not: only what has a limit can get more. Set memory too.",
            ),
            (
                self.max_memory is not None and self.memory is not None and self.max_memory < self.memory,
                f"max_memory is {self.max_memory} MiB, less than memory, which is {self.memory} MiB.",
            ),
            (
                (self.memory or 0) > MOST_MEMORY_MIB,
                f"memory is {self.memory} MiB; no machine of Azure's has more than {MOST_MEMORY_MIB}.",
            ),
            (
                self.memory is not None and (" --memory" in options or " -m" in options),
                "container_options says how much memory there is, and so does memory. Leave one of them out.",
            ),
            (
                self.registry_identity and not self.registry,
                "registry_identity is set, but registry is not. Set it to the registry's server, such as NAME.azurecr.io.",
            ),
        ):
            if refused:
                raise ExecutorError(message)
