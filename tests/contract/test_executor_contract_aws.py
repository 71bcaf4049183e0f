"""The AWS Batch executor keeps the contract of executors, on AWS on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.contract import ExecutorContract, Faults, Lab, Limits

pytestmark = pytest.mark.slow

BUCKET = "covalent-batch-job-resources"

#: More than a task needs to begin, on a busy machine.
BEGUN_S = 2.5

SLOTS = 4


class AWSFaults(Faults):
    def __init__(self, cloud: EmulatedAWS) -> None:
        self._cloud = cloud

    @contextmanager
    def throttled(self) -> Iterator[None]:
        for operation in (
            "RegisterJobDefinition",
            "DescribeJobDefinitions",
            "SubmitJob",
            "DescribeJobs",
            "ListJobs",
            "s3:*",
        ):
            self._cloud.faults.throttle(operation, 2)
        yield
        self._cloud.faults.clear()

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self._cloud.faults.unreachable(600)
        yield
        self._cloud.faults.clear()

    @contextmanager
    def lost_answer(self) -> Iterator[None]:
        self._cloud.faults.lose_answer("SubmitJob")
        yield
        self._cloud.faults.clear()

    @contextmanager
    def held_answer(self) -> Iterator[_Held]:
        # Whoever has lost an answer asks what became of the submission, and is not told.
        self._cloud.faults.lose_answer("SubmitJob", None)
        self._cloud.faults.throttle("ListJobs", None)
        yield _Held(self, self.submissions())
        self._cloud.faults.clear()

    @contextmanager
    def full(self) -> Iterator[None]:
        self._cloud.faults.hold()
        yield
        self._cloud.faults.release()

    @contextmanager
    def lost_host(self) -> Iterator[None]:
        self._cloud.faults.lose_host(after_s=BEGUN_S)
        yield

    @contextmanager
    def taken_host(self) -> Iterator[None]:
        self._cloud.faults.preempt(after_s=BEGUN_S)
        yield

    @contextmanager
    def out_of_memory(self) -> Iterator[None]:
        self._cloud.faults.out_of_memory(after_s=BEGUN_S)
        yield

    @contextmanager
    def bad_image(self) -> Iterator[Mapping[str, Any]]:
        self._cloud.faults.bad_image(None)
        yield {"container_image_uri": "example.com/no/such/image:1"}
        self._cloud.faults.clear()

    def submissions(self) -> int:
        return self._cloud.calls().client.get("batch", {}).get("SubmitJob", 0)

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


class _Held:
    def __init__(self, faults: AWSFaults, before: int) -> None:
        self._faults, self._before = faults, before

    def wait(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while self._faults.submissions() == self._before:
            assert time.monotonic() < deadline, "nothing was submitted"
            time.sleep(0.02)


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
