"""Kill the dispatcher at random moments of a map on Azure Batch, and count what ran: each task once, in groups that were added once."""

from __future__ import annotations

from collections import Counter

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential

import covalent as ct
from covalent.testing import EmulatedAzure, emulated_azure
from tests.support.azure_cloud import OPTIONS
from tests.support.cloud_kills import LIMIT_S, ROUNDS, check_kills

pytestmark = [pytest.mark.slow, pytest.mark.npm]


def groups_by_name(cloud: EmulatedAzure) -> Counter[str]:
    """All groups that there are, each once for each job that it is in."""
    environment = cloud.environment
    credential = AzureNamedKeyCredential(environment["AZURE_BATCH_ACCOUNT"], environment["AZURE_BATCH_ACCESS_KEY"])
    with BatchClient(environment["COVALENT_AZURE_BATCH_ENDPOINT"], credential) as client:
        found = {
            (job.id, task.id.rpartition("-")[0])
            for job in client.list_jobs(select=["id"])
            for task in client.list_tasks(job.id, select=["id"])
        }
    return Counter(group for _, group in found)


@pytest.mark.timeout(ROUNDS * LIMIT_S)
def test_killing_the_dispatcher_at_any_moment_loses_nothing_and_repeats_nothing(tmp_path):
    with emulated_azure(slots=1) as cloud:
        executor = ct.executor.AzureBatchExecutor(**OPTIONS)
        check_kills(tmp_path, cloud, executor, lambda: groups_by_name(cloud))
