"""What ``covalent doctor`` looks at on Google Batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ...troubles import Trouble
from ..batch.examination import SET_CLOCK, BatchExamination
from ..examination import Check, Finding, ok, skipped
from .checks import Checks
from .options import BASE_IMAGE
from .session import ENDPOINT_VARIABLE, STORAGE_VARIABLE, Account, Clients

if TYPE_CHECKING:
    from .executor import GCPBatchExecutor

_SET: Final = "covalent config set executors.gcpbatch"
_SIGN_IN: Final = "gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS; then covalent restart"
_BUCKET_ROLE: Final = (
    "gcloud storage buckets add-iam-policy-binding gs://NAME --member user:EMAIL --role roles/storage.objectUser"
)
_APIS: Final = "batch.googleapis.com compute.googleapis.com logging.googleapis.com storage.googleapis.com"


class GoogleExamination(BatchExamination):
    packages = ("google-cloud-batch", "google-cloud-logging", "google-auth", "obstore")
    extra = "gcp"
    to_write = _BUCKET_ROLE
    to_delete = _BUCKET_ROLE
    mends: Mapping[Trouble, str] = MappingProxyType(
        {
            Trouble.NO_CREDENTIALS: _SIGN_IN,
            Trouble.EXPIRED_CREDENTIALS: _SIGN_IN,
            Trouble.WRONG_CREDENTIALS: _SIGN_IN,
            Trouble.WRONG_CLOCK: SET_CLOCK,
            Trouble.WRONG_REGION: f"gcloud batch locations list, then {_SET}.region REGION",
            Trouble.UNREACHABLE: f"Check the network, HTTPS_PROXY, and {ENDPOINT_VARIABLE} and {STORAGE_VARIABLE} if they are set",
            Trouble.NO_PERMISSION: _BUCKET_ROLE,
            Trouble.MISSING_ROLE: "gcloud projects add-iam-policy-binding PROJECT --member user:EMAIL --role "
            "roles/batch.jobsEditor, and roles/iam.serviceAccountUser on the account of the tasks",
            Trouble.MISSING_API: f"gcloud services enable {_APIS}",
            Trouble.MISSING_PROJECT: f"{_SET}.project_id ID",
            Trouble.MISSING_BUCKET: f"gcloud storage buckets create gs://NAME, or {_SET}.bucket_name NAME",
            Trouble.MISSING_IMAGE: f"{_SET}.container_image_uri NAME",
            Trouble.MISSING_PACKAGE: "pip install 'covalent-batch[gcp]'",
        }
    )

    def __init__(self, executor: GCPBatchExecutor, account: Account) -> None:
        super().__init__(executor)
        self._settings = executor
        self._account = account
        self._options = executor.job_options()
        self._clients: Clients | None = None

    async def close(self) -> None:
        if self._clients is not None:
            await self._clients.close()
        await super().close()

    def addresses(self) -> Sequence[str]:
        emulated = os.environ.get(STORAGE_VARIABLE, "")
        storage = emulated if "://" in emulated or not emulated else f"http://{emulated}"
        # What takes the place of Google Batch speaks gRPC alone, which tells no time; the next checks ask it.
        batch = () if os.environ.get(ENDPOINT_VARIABLE) else ("https://batch.googleapis.com",)
        return (*batch, storage or "https://storage.googleapis.com")

    async def sign_in(self) -> Finding:
        self._clients = await self._settings.open_clients()
        await self._clients.renew()
        who = self._clients.principal()
        return ok(f"{who}." if who else f"None are needed: {ENDPOINT_VARIABLE} names an emulator.")

    async def identity(self) -> Finding:
        await self._checks.check_region()
        return ok(f"Google Batch lets them into the project {self._account.project}, region {self._account.region}.")

    async def bucket(self) -> Finding:
        await self._checks.check_bucket(self._options.bucket, self._options.prefix)
        return ok(f"The bucket {self._options.bucket} is there.")

    def service_checks(self) -> Sequence[Check]:
        return (
            Check(name="service account", look=self.service_account, needs=("identity",)),
            Check(name="quota", look=self.quota, needs=("identity",)),
        )

    async def service_account(self) -> Finding:
        account = self._options.service_account or "Compute Engine's default service account"
        return skipped(
            f"Tasks run as {account}. Which roles it has, Google Batch does not tell; a task does (--run).",
            f"gcloud projects get-iam-policy {self._account.project} must name roles/batch.agentReporter and "
            "roles/logging.logWriter for it",
        )

    async def quota(self) -> Finding:
        region, project = self._account.region, self._account.project
        return skipped(
            "Google Batch does not tell quotas; a task that waits for one does ('covalent why').",
            f"gcloud compute regions describe {region} --project {project} shows them",
        )

    def image_name(self) -> str:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return self._options.image or BASE_IMAGE.format(python=python)

    @property
    def _checks(self) -> Checks:
        assert self._clients is not None
        return Checks(self._clients, self._account)
