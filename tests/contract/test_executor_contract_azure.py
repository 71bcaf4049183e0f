"""The Azure Batch executor keeps the contract of executors, on Azure on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.batch.executor import open_bucket
from covalent.testing import EmulatedAzure, emulated_azure
from covalent.testing.contract import ExecutorContract, Faults, Lab, Limits
from tests.support.azure_cloud import OPTIONS
from tests.support.emulated_faults import EmulatedFaults

pytestmark = [pytest.mark.slow, pytest.mark.npm]

SLOTS = 4


class AzureFaults(EmulatedFaults):
    submit, find = "CreateTaskCollection", "ListJobs"
    operations = ("CreateJob", "CreateTaskCollection", "UpdateJob", "ListJobs", "ListTasks", "GetPool", "storage:*")
    image_option = "base_image_uri"

    def kept(self) -> frozenset[str]:
        return asyncio.run(_kept(self._cloud))


async def _kept(cloud: EmulatedAzure) -> frozenset[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        store = open_bucket(AzureBatchExecutor(**OPTIONS).bucket())
        return frozenset([name async for page in store.list("groups/") for name in page])


class TestAzureBatchExecutor(ExecutorContract):
    short_name = "azurebatch"
    options = {**OPTIONS, "poll_freq": 0.5, "memory": 512}
    retries_option = "retries"
    makes_hosts_good = True
    missing = {
        "directory": {"tenant_id": "no-such-tenant"},
        "application": {"client_id": "no-such-client"},
        "pool": {"pool_id": "no-such-pool"},
        "blob container": {"container_name": "no-such-container"},
    }
    limits = Limits(patience_s=40, time_limit_s=2, slots=SLOTS)

    @pytest.fixture(scope="class")
    @classmethod
    def cloud(cls) -> Iterator[EmulatedAzure]:
        with emulated_azure(slots=SLOTS) as cloud:
            yield cloud

    @pytest.fixture(scope="class")
    @classmethod
    def environment(cls, cloud: EmulatedAzure) -> Mapping[str, str]:
        return cloud.environment

    @pytest.fixture
    def faults(self, cloud: EmulatedAzure, lab: Lab) -> Iterator[Faults]:
        """None is left over for the next case, nor for the clearing up after this one."""
        yield AzureFaults(cloud)
        cloud.faults.clear()
