"""Azure on this machine, for a module of tests: name this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential

from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.azurebatch.service import AzureBatchService
from covalent.testing import EmulatedAzure, emulated_azure

from .azure_cloud import OPTIONS


@pytest.fixture(scope="module")
def azurebatch_cloud() -> Iterator[EmulatedAzure]:
    with emulated_azure(slots=4) as azure:
        yield azure


@pytest.fixture
def azurebatch(
    azurebatch_cloud: EmulatedAzure, monkeypatch: pytest.MonkeyPatch, covalent_home: object
) -> Iterator[EmulatedAzure]:
    """The variables of this process point at it; it has no faults, and its counts are at zero."""
    for name, value in azurebatch_cloud.environment.items():
        monkeypatch.setenv(name, value)
    azurebatch_cloud.faults.clear()
    azurebatch_cloud.reset_calls()
    yield azurebatch_cloud
    azurebatch_cloud.faults.clear()


@pytest.fixture
async def service(azurebatch: EmulatedAzure) -> AsyncIterator[AzureBatchService]:
    service = await AzureBatchExecutor(**OPTIONS).connect()
    yield service
    await service.close()


@pytest.fixture
def client(azurebatch: EmulatedAzure) -> Iterator[BatchClient]:
    """Azure's own."""
    environment = azurebatch.environment
    credential = AzureNamedKeyCredential(environment["AZURE_BATCH_ACCOUNT"], environment["AZURE_BATCH_ACCESS_KEY"])
    with BatchClient(environment["COVALENT_AZURE_BATCH_ENDPOINT"], credential, retry_total=0) as client:
        yield client
