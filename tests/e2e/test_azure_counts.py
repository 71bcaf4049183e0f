"""What a workflow on Azure costs in calls and in bytes, counted at the emulator, on the client's side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import covalent as ct
from covalent.testing import EmulatedAzure, emulated_azure
from covalent.testing.harness import Harness
from tests.support.azure_cloud import OPTIONS
from tests.support.cloud_costs import LIMIT_S, check_chain, check_map

pytestmark = [pytest.mark.slow, pytest.mark.npm]

EXECUTOR = ct.executor.AzureBatchExecutor(**OPTIONS)

#: Calls, beside those that look for news, that a map and its reduction may make: ten are collections of 100 tasks.
CALLS = 35


@pytest.fixture
def cloud() -> Iterator[EmulatedAzure]:
    with emulated_azure() as cloud:
        yield cloud


@pytest.fixture
def harness(cloud: EmulatedAzure, tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path, environment=cloud.environment).running() as harness:
        yield harness


@pytest.mark.timeout(2 * LIMIT_S)
def test_a_thousand_like_tasks_take_as_many_calls_as_azures_collections_demand(cloud, harness):
    counts = check_map(cloud, harness, EXECUTOR, ("batch:ListTasks", "storage:ListBlobs"), most=CALLS)
    assert counts["batch:CreateTaskCollection"] == 11
    assert counts["batch:CreateJob"] == counts["batch:UpdateJob"] == 2, "one active job at a time"


def test_values_that_tasks_pass_on_do_not_pass_through_the_dispatcher(cloud, harness):
    check_chain(cloud, harness, EXECUTOR, "storage")
