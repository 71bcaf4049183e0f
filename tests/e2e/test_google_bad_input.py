"""Whatever a user gets wrong with Google Batch is told in a sentence that says what to do, before anything is submitted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

import covalent as ct
from covalent.errors import CovalentError
from covalent.testing import EmulatedGoogle, emulated_google
from covalent.testing.harness import Harness
from tests.support.user import User, check_told_before, covalent, setting_of, wait_for

pytestmark = pytest.mark.slow

BUCKET = "covalent-tasks"
ACCOUNT, SILENT = "tasks@covalent-project.iam.gserviceaccount.com", "silent@covalent-project.iam.gserviceaccount.com"


def add_one(number: int) -> int:
    return number + 1


class GoogleUser(User):
    executor = ct.executor.GCPBatchExecutor
    settings: ClassVar[Mapping[str, Any]] = {
        "bucket_name": BUCKET,
        "poll_freq": 0.5,
        "service_account_email": ACCOUNT,
    }
    submit = "CreateJob"


@pytest.fixture(scope="module", autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_"))]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedGoogle]:
    with emulated_google(buckets=[BUCKET], service_accounts=[ACCOUNT, f"{SILENT}=silent:2"]) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def harness(cloud: EmulatedGoogle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    harness = Harness(tmp_path_factory.mktemp("server"), environment=cloud.environment)
    with harness.running():
        yield harness


@pytest.fixture
def user(harness: Harness, cloud: EmulatedGoogle) -> Iterator[User]:
    cloud.faults.clear()
    cloud.reset_calls()
    yield GoogleUser(harness, cloud)
    cloud.faults.clear()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parallelism": 0}, "parallelism must be a whole number from 1 to 5000, not 0"),
        ({"memory": "512 MiB"}, "memory must be a whole number of MiB above 0, not '512 MiB'"),
        ({"allowed_locations": ["us-west1-a"]}, "zones/us-west1-a, which is not in the region us-east1"),
        ({"bucket_name": "gs://b"}, "without gs://"),
    ],
    ids=setting_of,
)
def test_a_wrong_value_is_refused_at_the_dispatch(user: User, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CovalentError, match=re.escape(said)):
        user.dispatch(add_one, 1, **options)
    assert not user.cloud.calls().client.get("batch"), "Google was asked"


@pytest.mark.parametrize(
    ("options", "said", "remedy"),
    [
        ({"project_id": "no-such-project"}, "no-such-project", "project_id"),
        ({"region": "nowhere-east9"}, "nowhere-east9", "Set region to one that has Google Batch"),
        ({"bucket_name": "nobodys"}, "nobodys", "bucket_name"),
    ],
    ids=setting_of,
)
def test_what_is_missing_is_named_and_nothing_is_submitted(
    user: User, options: dict[str, Any], said: str, remedy: str
) -> None:
    check_told_before(user, options, said, remedy)


def test_a_service_account_that_may_not_be_used_is_named(user: User) -> None:
    email = "nobody@covalent-project.iam.gserviceaccount.com"
    error = user.fails(add_one, 1, service_account_email=email)
    assert email in error
    assert "roles/iam.serviceAccountUser" in error


def test_an_account_whose_machines_may_not_report_is_told_with_the_role_that_it_lacks(user: User) -> None:
    assert "roles/batch.agentReporter" in user.fails(add_one, 1, service_account_email=SILENT, retries=0)


def test_an_api_that_is_not_enabled_is_told_with_what_to_enable(user: User) -> None:
    said = "Batch API has not been used in project 1 before or it is disabled."
    user.cloud.faults.refuse("batch:*", "PERMISSION_DENIED", f"{said} reason: SERVICE_DISABLED", None)
    # The engine remembers what it has found in order; this region has not been looked at.
    assert "gcloud services enable batch.googleapis.com" in user.fails(add_one, 1, region="us-west1")
    assert user.submissions() == 0


def test_credentials_that_are_missing_are_told_with_where_they_come_from(
    cloud: EmulatedGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in cloud.environment:
        monkeypatch.delenv(name, raising=False)
    environment = {"GOOGLE_CLOUD_PROJECT": "covalent-project", "NO_GCE_CHECK": "true"}
    harness = Harness(tmp_path, environment=environment)
    cloud.reset_calls()
    with harness.running():
        error = GoogleUser(harness, cloud).fails(add_one, 1)
    assert "gcloud auth application-default login" in error
    assert not cloud.calls().client.get("batch")


def test_why_tells_that_a_quota_is_used_up_and_the_task_completes_once_it_is_not(user: User) -> None:
    user.cloud.faults.hold()
    dispatch_id = user.dispatch(add_one, 1)
    wait_for(dispatch_id, "a quota of the project is used up; it goes on when other machines end.")
    user.cloud.faults.release()
    assert user.result(dispatch_id).result == 2


def test_a_job_that_waits_can_be_cancelled(user: User) -> None:
    user.cloud.faults.hold()
    dispatch_id = user.dispatch(add_one, 1)
    wait_for(dispatch_id, "a quota of the project is used up")
    covalent("cancel", dispatch_id)
    assert str(user.result(dispatch_id).status) == "CANCELLED"
    assert "somebody cancelled it" in covalent("why", dispatch_id)
