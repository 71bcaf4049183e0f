"""Kill the dispatcher at random moments of a map on AWS, and count what ran: each task once, in jobs that were submitted once."""

from __future__ import annotations

from collections import Counter

import boto3
import pytest

from covalent.testing import EmulatedAWS, emulated_aws
from tests.support.cloud_kills import LIMIT_S, ROUNDS, check_kills

pytestmark = pytest.mark.slow

STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")


def jobs_by_name(cloud: EmulatedAWS) -> Counter[str]:
    """All jobs that there are; the children of an array do not count."""
    batch = boto3.client(
        "batch",
        endpoint_url=cloud.endpoint,
        region_name=cloud.environment["AWS_REGION"],
        aws_access_key_id=cloud.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.environment["AWS_SECRET_ACCESS_KEY"],
    )
    pages = (
        page
        for state in STATES
        for page in batch.get_paginator("list_jobs").paginate(jobQueue="covalent-batch-queue", jobStatus=state)
    )
    return Counter(job["jobName"] for page in pages for job in page["jobSummaryList"])


@pytest.mark.timeout(ROUNDS * LIMIT_S)
def test_killing_the_dispatcher_at_any_moment_loses_nothing_and_repeats_nothing(tmp_path):
    with emulated_aws(slots=1) as cloud:
        check_kills(tmp_path, cloud, "awsbatch", lambda: jobs_by_name(cloud))
