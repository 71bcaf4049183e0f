"""Kill the dispatcher at random moments of a map on Google Batch, and count what ran: each task once, in jobs that were submitted once."""

from __future__ import annotations

from collections import Counter

import grpc
import pytest
from google.cloud.batch_v1 import BatchServiceClient
from google.cloud.batch_v1.services.batch_service.transports import BatchServiceGrpcTransport

import covalent as ct
from covalent.testing import EmulatedGoogle, emulated_google
from tests.support.cloud_kills import LIMIT_S, ROUNDS, check_kills

pytestmark = pytest.mark.slow

BUCKET = "covalent-tasks"


def jobs_by_name(cloud: EmulatedGoogle) -> Counter[str]:
    """All jobs that there are."""
    with grpc.insecure_channel(cloud.environment["COVALENT_GCP_BATCH_ENDPOINT"]) as channel:
        client = BatchServiceClient(transport=BatchServiceGrpcTransport(channel=channel))
        project = cloud.environment["GOOGLE_CLOUD_PROJECT"]
        return Counter(job.name for job in client.list_jobs(parent=f"projects/{project}/locations/us-east1"))


@pytest.mark.timeout(ROUNDS * LIMIT_S)
def test_killing_the_dispatcher_at_any_moment_loses_nothing_and_repeats_nothing(tmp_path):
    with emulated_google(buckets=[BUCKET], slots=1) as cloud:
        executor = ct.executor.GCPBatchExecutor(bucket_name=BUCKET)
        check_kills(tmp_path, cloud, executor, lambda: jobs_by_name(cloud))
