"""What a workflow on Google Cloud costs in calls and in bytes, counted at the emulator, on the client's side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import covalent as ct
from covalent.testing import EmulatedGoogle, emulated_google
from covalent.testing.harness import Harness
from tests.support.cloud_costs import LIMIT_S, check_chain, check_map

pytestmark = pytest.mark.slow

BUCKET = "covalent-tasks"
EXECUTOR = ct.executor.GCPBatchExecutor(bucket_name=BUCKET, memory=1024)


@pytest.fixture
def cloud() -> Iterator[EmulatedGoogle]:
    with emulated_google(buckets=[BUCKET]) as cloud:
        yield cloud


@pytest.fixture
def harness(cloud: EmulatedGoogle, tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path, environment=cloud.environment).running() as harness:
        yield harness


@pytest.mark.timeout(2 * LIMIT_S)
def test_a_thousand_like_tasks_take_as_many_calls_as_a_few(cloud, harness):
    counts = check_map(cloud, harness, EXECUTOR, ("batch:GetJob", "storage:ListObjects"))
    assert counts["batch:CreateJob"] == 2


def test_values_that_tasks_pass_on_do_not_pass_through_the_dispatcher(cloud, harness):
    check_chain(cloud, harness, EXECUTOR, "storage")
