"""What a workflow on AWS costs in calls and in bytes, counted at the emulator, on the client's side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.harness import Harness
from tests.support.cloud_costs import LIMIT_S, by_name, check_chain, check_map

pytestmark = pytest.mark.slow


@pytest.fixture
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws() as cloud:
        yield cloud


@pytest.fixture
def harness(cloud: EmulatedAWS, tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path, environment=cloud.environment).running() as harness:
        yield harness


@pytest.mark.timeout(2 * LIMIT_S)
def test_a_thousand_like_tasks_take_as_many_calls_as_a_few(cloud, harness):
    counts = check_map(cloud, harness, "awsbatch", ("batch:DescribeJobs", "s3:ListObjectsV2"))
    assert counts["batch:RegisterJobDefinition"] == 1
    assert by_name(cloud.calls())["batch:RegisterJobDefinition"] == 0


def test_values_that_tasks_pass_on_do_not_pass_through_the_dispatcher(cloud, harness):
    check_chain(cloud, harness, "awsbatch", "s3")
