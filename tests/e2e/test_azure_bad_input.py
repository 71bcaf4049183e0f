"""Whatever a user gets wrong with Azure Batch is told in a sentence that says what to do, before anything is submitted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import covalent as ct
from covalent.errors import CovalentError
from covalent.testing import EmulatedAzure, emulated_azure
from covalent.testing.harness import Harness
from tests.support.azure_cloud import OPTIONS
from tests.support.user import User, check_told_before, setting_of, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.npm]

#: Pools, by what is wrong with them.
POOLS = (
    "covalent-pool",
    "bare=no-containers",
    "nobody=identity:none",
    "blind=identity:no-rights",
    "refused=resize-error:AllocationFailed",
    "unclear=autoscale-error:AutoScalingFormulaEvaluationError",
    "empty=nodes:0",
)


class AzureUser(User):
    executor = ct.executor.AzureBatchExecutor
    settings = {**OPTIONS, "poll_freq": 0.5}
    submit = "CreateTaskCollection"


def add_one(number: int) -> int:
    return number + 1


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAzure]:
    identities = ["covalent-identity", "no-rights=none"]
    with emulated_azure(pools=POOLS, identities=identities) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def harness(cloud: EmulatedAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    harness = Harness(tmp_path_factory.mktemp("server"), environment=cloud.environment)
    with harness.running():
        yield harness


@pytest.fixture
def user(harness: Harness, cloud: EmulatedAzure) -> Iterator[User]:
    cloud.faults.clear()
    cloud.reset_calls()
    yield AzureUser(harness, cloud)
    cloud.faults.clear()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"batch_account_url": "covalent.eastus.batch.azure.com"},
            "batch_account_url must begin with https://: write 'https://covalent.eastus.batch.azure.com'",
        ),
        (
            {"time_limit": 0},
            "time_limit must be a number of seconds above 0 and up to 15550200, for Azure ends tasks after 180 days, not 0",
        ),
        ({"container_options": "--gpus all"}, "must not hold --gpus"),
        ({"pool_id": "x" * 65}, "up to 64 letters, digits, hyphens and underscores"),
        ({"batch_account_domain": "batch.example.com"}, "in none of Azure's clouds"),
    ],
    ids=setting_of,
)
def test_a_wrong_value_is_refused_at_the_dispatch(user: User, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CovalentError, match=re.escape(said)):
        user.dispatch(add_one, 1, **options)
    assert not user.cloud.calls().client.get("batch"), "Azure was asked"


@pytest.mark.parametrize(
    ("options", "said", "remedy"),
    [
        ({"tenant_id": "nobodys"}, "nobodys", "Correct tenant_id"),
        ({"client_id": "nobodys"}, "AADSTS700016", "Correct client_id"),
        ({"client_secret": "nobodys"}, "AADSTS7000215", "Correct client_secret"),
        ({"pool_id": "nobodys"}, "There is no pool 'nobodys'", "correct pool_id"),
        ({"pool_id": "bare"}, "The pool 'bare' cannot run containers", "container configuration"),
        ({"pool_id": "nobody"}, "The pool 'nobody' has no user-assigned managed identity", "Storage Blob Data"),
        ({"user_assigned_identity": "somebody"}, "does not have the identity 'somebody'", "it has: "),
        ({"container_name": "nobodys"}, "There is no blob container 'nobodys'", "correct container_name"),
        ({"slots": 9}, "A task takes 9 slots, but nodes of the pool 'covalent-pool' have", "taskSlotsPerNode"),
    ],
    ids=setting_of,
)  # fmt: skip
def test_what_is_missing_is_named_and_no_task_is_added(
    user: User, options: dict[str, Any], said: str, remedy: str
) -> None:
    check_told_before(user, options, said, remedy)


def test_an_identity_that_may_not_use_the_blobs_is_told(user: User) -> None:
    error = user.fails(add_one, 1, pool_id="blind")
    assert "could not read from the bucket" in error


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("refused", "AllocationFailed"),
        ("unclear", "the autoscale formula of its pool is wrong"),
        ("empty", "its pool has no nodes, and nobody wants any. Resize the pool"),
    ],
)
def test_a_pool_without_nodes_is_waited_for_and_explained(user: User, pool: str, said: str) -> None:
    dispatch_id = user.dispatch(add_one, 1, pool_id=pool)
    wait_for(dispatch_id, said)
    assert ct.cancel(dispatch_id)


def test_the_quota_of_active_jobs_is_waited_for_and_explained(user: User) -> None:
    user.cloud.faults.refuse(
        "CreateJob", "ActiveJobAndScheduleQuotaReached", "The active job and job schedule quota has been reached", None
    )
    dispatch_id = user.dispatch(add_one, 1)
    wait_for(dispatch_id, "as many jobs that have not ended as its quota allows")
    user.cloud.faults.clear()
    assert user.result(dispatch_id).result == 2


def test_pools_and_names_that_differ_only_in_capital_letters_are_the_same_to_azure(user: User) -> None:
    assert user.run(add_one, 1, pool_id="Covalent-Pool") == 2
