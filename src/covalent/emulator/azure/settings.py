"""What the emulator of Azure is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..settings import EmulatorSettings
from .batch import BatchSettings
from .identity.principals import Application, Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class AzureSettings(EmulatorSettings):
    storage_port: int  #: 0 takes a free one.
    batch: BatchSettings
    storage_account: str
    blob_containers: Sequence[str]
    application: Application  #: What clients sign in as.
    identities: Sequence[Principal]  #: Managed ones.
    token_lifetime_s: int

    def executor_options(self) -> Mapping[str, str | None]:
        """What an executor is told so that it uses these."""
        return {
            "tenant_id": self.application.tenant_id,
            "client_id": self.application.principal.client_id,
            "client_secret": self.application.secret,
            "batch_account_url": f"https://{self.batch.account}.eastus.batch.azure.com",
            "storage_account_name": self.storage_account,
            "container_name": next(iter(self.blob_containers), None),
            "pool_id": next((pool.id for pool in self.batch.pools), None),
        }
