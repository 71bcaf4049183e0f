"""The AWS Batch executor keeps the contract of executors, on AWS on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import boto3
import pytest

from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.contract import ExecutorContract, Faults, Lab, Limits
from tests.support.emulated_faults import EmulatedFaults

pytestmark = pytest.mark.slow

BUCKET = "covalent-batch-job-resources"

SLOTS = 4


class AWSFaults(EmulatedFaults):
    submit, find = "SubmitJob", "ListJobs"
    operations = (
        "RegisterJobDefinition",
        "DescribeJobDefinitions",
        "SubmitJob",
        "DescribeJobs",
        "ListJobs",
        "s3:*",
    )

    def kept(self) -> frozenset[str]:
        environment = self._cloud.environment
        store = boto3.client(
            "s3",
            endpoint_url=self._cloud.endpoint,
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        pages = store.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="covalent/groups/")
        return frozenset(entry["Key"] for page in pages for entry in page.get("Contents", ()))


class TestAWSBatchExecutor(ExecutorContract):
    short_name = "awsbatch"
    options = {"poll_freq": 0.5, "s3_bucket_name": BUCKET}
    retries_option = "retry_attempts"
    missing = {
        "bucket": {"s3_bucket_name": "there-is-no-such-bucket"},
        "queue": {"batch_queue": "there-is-no-such-queue"},
        "job role": {"batch_job_role_name": "there-is-no-such-role"},
        "execution role": {"batch_execution_role_name": "there-is-no-such-role"},
        "log group": {"batch_job_log_group_name": "there-is-no-such-log-group"},
    }
    limits = Limits(patience_s=40, time_limit_s=2, slots=SLOTS)

    @pytest.fixture(scope="class")
    @classmethod
    def cloud(cls) -> Iterator[EmulatedAWS]:
        with emulated_aws(slots=SLOTS) as cloud:
            yield cloud

    @pytest.fixture(scope="class")
    @classmethod
    def environment(cls, cloud: EmulatedAWS) -> Mapping[str, str]:
        return cloud.environment

    @pytest.fixture
    def faults(self, cloud: EmulatedAWS, lab: Lab) -> Iterator[Faults]:
        """None is left over for the next case, nor for the clearing up after this one."""
        yield AWSFaults(cloud)
        cloud.faults.clear()
