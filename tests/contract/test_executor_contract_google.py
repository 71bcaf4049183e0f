"""The Google Batch executor keeps the contract of executors, on Google Cloud on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from covalent.executor.batch.executor import open_bucket
from covalent.executor.gcpbatch import GCPBatchExecutor
from covalent.testing import EmulatedGoogle, emulated_google
from covalent.testing.contract import ExecutorContract, Faults, Lab, Limits
from tests.support.emulated_faults import EmulatedFaults

pytestmark = pytest.mark.slow

BUCKET = "covalent-tasks"

SLOTS = 4


class GoogleFaults(EmulatedFaults):
    submit, find = "CreateJob", "GetJob"
    operations = ("CreateJob", "GetJob", "ListTasks", "ListJobs", "storage:*")

    def kept(self) -> frozenset[str]:
        return asyncio.run(_kept(self._cloud))


async def _kept(cloud: EmulatedGoogle) -> frozenset[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        store = open_bucket(GCPBatchExecutor(bucket_name=BUCKET).bucket())
    return frozenset([name async for page in store.list("groups/") for name in page])


class TestGCPBatchExecutor(ExecutorContract):
    short_name = "gcpbatch"
    options = {"poll_freq": 0.5, "bucket_name": BUCKET, "memory": 512}
    retries_option = "retries"
    missing = {
        "bucket": {"bucket_name": "there-is-no-such-bucket"},
        "project": {"project_id": "there-is-no-such-project"},
        "region": {"region": "nowhere-east9"},
    }
    limits = Limits(patience_s=40, time_limit_s=2, slots=SLOTS)

    @pytest.fixture(scope="class")
    @classmethod
    def cloud(cls) -> Iterator[EmulatedGoogle]:
        with emulated_google(buckets=[BUCKET], slots=SLOTS) as cloud:
            yield cloud

    @pytest.fixture(scope="class")
    @classmethod
    def environment(cls, cloud: EmulatedGoogle) -> Mapping[str, str]:
        return cloud.environment

    @pytest.fixture
    def faults(self, cloud: EmulatedGoogle, lab: Lab) -> Iterator[Faults]:
        """None is left over for the next case, nor for the clearing up after this one."""
        yield GoogleFaults(cloud)
        cloud.faults.clear()
