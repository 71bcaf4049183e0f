"""``covalent doctor gcpbatch`` tells apart whatever can be wrong with a project, and says what mends it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from covalent.testing import EmulatedGoogle, emulated_google
from covalent.testing.harness import Harness
from tests.support.doctor import Report, check_one_failure, examined, settings

pytestmark = pytest.mark.slow

BUCKET = "covalent-tasks"
SILENT = "silent@covalent-project.iam.gserviceaccount.com"

Examine = Callable[..., Report]


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedGoogle]:
    with emulated_google(buckets=[BUCKET], service_accounts=[f"{SILENT}=silent:2"]) as cloud:
        yield cloud


@pytest.fixture
def examine(cloud: EmulatedGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    """Run the command with these settings, and with these variables in place of the emulator's."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    home = {"COVALENT_CONFIG_DIR": str(tmp_path), "COVALENT_DATA_DIR": str(tmp_path / "data")}

    def run(variables: dict[str, str] | None = None, **options: Any) -> Report:
        (tmp_path / "covalent.conf").write_text(settings("gcpbatch", {"bucket_name": BUCKET, **options}))
        return examined("gcpbatch", {**(cloud.environment if variables is None else variables), **home})

    cloud.faults.clear()
    yield run
    cloud.faults.clear()


def test_a_project_that_is_in_order_is_found_to_be(examine: Examine) -> None:
    report = examine()
    assert report.code == 0, report.text
    told = {name for name, found in report.checks.items() if found["state"] == "ok"}
    assert {"identity", "bucket", "bucket write", "bucket read", "bucket delete", "image", "clock"} <= told
    untold = report.checks.keys() - told
    assert untold == {"service account", "quota"}
    assert all(report.state(name) == "skipped" for name in untold)


def test_without_credentials_that_is_told_whatever_the_network_does(examine: Examine) -> None:
    report = examine({"GOOGLE_CLOUD_PROJECT": "covalent-project", "NO_GCE_CHECK": "true"})
    assert report.troubles["credentials"] == "no-credentials"
    assert "gcloud auth application-default login" in report.mend("credentials")


@pytest.mark.parametrize(
    ("code", "said", "trouble", "mend"),
    [
        ("UNAUTHENTICATED", "Request had invalid authentication credentials.", "expired-credentials", "gcloud auth"),
        (
            "PERMISSION_DENIED",
            "Batch API has not been used in project 1 before or it is disabled. reason: SERVICE_DISABLED",
            "missing-api",
            "gcloud services enable",
        ),
        (
            "PERMISSION_DENIED",
            "Permission 'batch.jobs.list' denied on resource.",
            "missing-role",
            "roles/batch.jobsEditor",
        ),
    ],
)
def test_refusals_of_the_service_are_told_apart(
    examine: Examine, cloud: EmulatedGoogle, code: str, said: str, trouble: str, mend: str
) -> None:
    cloud.faults.refuse("batch:*", code, said, None)
    report = examine()
    assert report.troubles == {"identity": trouble}
    assert mend in report.mend("identity")
    assert report.state("bucket delete") == "ok", "storage is looked at as well"


@pytest.mark.parametrize(
    ("options", "check", "trouble", "mend"),
    [
        ({"region": "nowhere-east9"}, "identity", "wrong-region", "executors.gcpbatch.region"),
        ({"bucket_name": "nobodys"}, "bucket", "missing-bucket", "gcloud storage buckets create"),
    ],
)
def test_what_is_missing_is_the_one_failure(
    examine: Examine, options: dict[str, Any], check: str, trouble: str, mend: str
) -> None:
    check_one_failure(examine(**options), check, trouble, mend)


def test_a_missing_permission_to_write_is_told(examine: Examine, cloud: EmulatedGoogle) -> None:
    cloud.faults.refuse("storage:PutObject", "PERMISSION_DENIED", "Access denied.", None)
    report = examine()
    assert report.troubles == {"bucket write": "no-permission"}
    assert "roles/storage.objectUser" in report.mend("bucket write")


@pytest.mark.parametrize(
    ("variable", "address", "check"),
    [
        ("COVALENT_GCP_BATCH_ENDPOINT", "127.0.0.1:9", "identity"),
        ("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9", "endpoint"),
    ],
)
def test_an_address_where_nobody_answers_is_told(
    variable: str, address: str, check: str, examine: Examine, cloud: EmulatedGoogle
) -> None:
    report = examine({**cloud.environment, variable: address})
    assert report.troubles == {check: "unreachable-endpoint"}
    assert variable in report.mend(check)


def test_a_task_is_run_on_request_and_tells_which_role_its_account_lacks(cloud: EmulatedGoogle, tmp_path: Path) -> None:
    harness = Harness(tmp_path, environment=cloud.environment)
    options = {"bucket_name": BUCKET, "service_account_email": SILENT, "retries": 0}
    (tmp_path / "config" / "covalent.conf").write_text(settings("gcpbatch", options))
    with harness.running():
        report = examined("gcpbatch", {**cloud.environment, **harness.environment}, "--run", "--timeout", "60")
    assert report.state("task") == "failed"
    assert "roles/batch.agentReporter" in report.checks["task"]["said"]
