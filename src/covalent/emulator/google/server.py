"""The emulator of Google Cloud as a whole: started, used, stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..calls import Calls
from ..faults import Faults
from ..hosts import make_host
from ..http import listen
from ..settings import EmulatorSettings
from .application import GoogleApplication
from .batch.api import BatchApi
from .batch.attempts import Attempts
from .batch.jobs import Task
from .batch.operations import Operations
from .batch.scheduler import Scheduler
from .gate import Gate
from .grpc_border import GrpcServer
from .identity import Account, Identities
from .logs import Logs
from .metadata import MetadataServers, Place
from .rest import RestApi
from .services import Services
from .storage.buckets import make_buckets
from .storage.json_api import JsonApi
from .storage.uploads import Uploads
from .storage.xml_api import XmlApi

_NO_QUOTA: Final = (
    "VM in Managed Instance Group meets error: Batch Error: code - CODE_GCE_QUOTA_EXCEEDED, description - error count is 1, latest "
    "message example: Instance creation failed: Quota 'CPUS' exceeded. Limit: 0.0 in region."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class GoogleSettings(EmulatorSettings):
    grpc_port: int  #: 0 takes a free one.
    region: str
    project: str
    buckets: Sequence[str]
    service_accounts: Sequence[Account]  #: Those that exist; none stands for all that anybody names.
    secrets: Mapping[str, str]  #: Values, by their names.


class GoogleEmulator:
    """Serves from the moment it is made until :meth:`stop`."""

    def __init__(self, settings: GoogleSettings) -> None:
        """:raises EmulatorError: if it cannot start"""
        self._settings = settings
        self.faults, calls, logs, operations = Faults(hold_reason=_NO_QUOTA), Calls(), Logs(), Operations()
        buckets = make_buckets(settings.buckets)
        default = f"{settings.project}-compute@developer.gserviceaccount.com"
        identities = Identities(settings.service_accounts, default)
        self._http = listen(settings.host, settings.port)
        self.endpoint = self._http.address.url
        place = Place(project=settings.project, zone=f"{settings.region}-b")
        self._metadata = MetadataServers(settings.host, place, identities, self.faults.is_unreachable)
        self._host = make_host(settings.containers)
        self._script_host = self._host if settings.containers == "none" else make_host("none")
        surroundings = _Surroundings(settings, self.endpoint, self._metadata)
        attempts = Attempts(self._host, self._script_host, logs, self.faults, surroundings)
        self._scheduler = Scheduler(settings.jobs_at_a_time, attempts.run, self.faults)
        gate = Gate(identities, self.faults, calls)
        batch = BatchApi(settings.project, self._scheduler, operations, identities)
        services = Services(batch, operations, logs, gate)
        try:
            self._grpc = GrpcServer(settings.host, settings.grpc_port, services)
        except BaseException:
            self._close_hosts()
            raise
        for fault in settings.faults:
            self.faults.add(fault)
        uploads = Uploads(buckets)
        storage = XmlApi(buckets, uploads), JsonApi(buckets, uploads, self.endpoint)
        self._scheduler.start()
        self._grpc.start()
        self._http.start(GoogleApplication(RestApi(services), *storage, gate, self.faults, calls))

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which clients on this machine find it."""
        host, port = self._grpc.address
        return {
            "STORAGE_EMULATOR_HOST": self.endpoint,
            "COVALENT_GCP_BATCH_ENDPOINT": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "GOOGLE_CLOUD_PROJECT": self._settings.project,
        }

    def stop(self) -> None:
        """End all jobs, and serve no more."""
        self._http.stop()
        self._grpc.stop()
        self._scheduler.stop()
        self._metadata.stop()
        self._close_hosts()

    def _close_hosts(self) -> None:
        self._host.close()
        if self._script_host is not self._host:
            self._script_host.close()


class _Surroundings:
    """What Google gives to a task."""

    def __init__(self, settings: GoogleSettings, endpoint: str, metadata: MetadataServers) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._metadata = metadata

    def variables(self, task: Task) -> Mapping[str, str]:
        """Source: https://cloud.google.com/batch/docs/create-run-job-environment-variables"""
        host, port = self._metadata.address(task.job.message.allocation_policy.service_account.email)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return {
            "GCE_METADATA_HOST": address,
            "GCE_METADATA_IP": address,
            "STORAGE_EMULATOR_HOST": self._endpoint,
            "BATCH_JOB_ID": task.job.id,
            "BATCH_JOB_UID": task.job.message.uid,
            "BATCH_TASK_COUNT": str(len(task.job.tasks)),
            "BATCH_TASK_INDEX": str(task.index),
            "BATCH_TASK_RETRY_ATTEMPT": str(task.retries),
        }

    def secret(self, path: str) -> str | None:
        _, project, _, name, _, _ = path.split("/")
        return self._settings.secrets.get(name) if project == self._settings.project else None
