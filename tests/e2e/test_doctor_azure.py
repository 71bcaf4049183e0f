"""``covalent doctor azurebatch`` tells apart whatever can be wrong with an account, and says what mends it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from covalent.testing import EmulatedAzure, emulated_azure
from covalent.testing.harness import Harness
from tests.support.azure_cloud import OPTIONS
from tests.support.doctor import Report, check_one_failure, examined, settings

pytestmark = [pytest.mark.slow, pytest.mark.npm]

POOLS = (
    "covalent-pool",
    "bare=no-containers",
    "nobody=identity:none",
    "refused=resize-error:AccountCoreQuotaReached",
    "empty=nodes:0",
)

Examine = Callable[..., Report]


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAzure]:
    with emulated_azure(pools=POOLS) as cloud:
        yield cloud


@pytest.fixture
def examine(cloud: EmulatedAzure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    """Run the command with these settings, and with these variables beside the emulator's. None takes a setting away."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    home = {"COVALENT_CONFIG_DIR": str(tmp_path), "COVALENT_DATA_DIR": str(tmp_path / "data")}

    def run(variables: Mapping[str, str] | None = None, **options: Any) -> Report:
        told = {name: value for name, value in {**OPTIONS, **options}.items() if value is not None}
        (tmp_path / "covalent.conf").write_text(settings("azurebatch", told))
        return examined("azurebatch", {**cloud.environment, **home, **(variables or {})})

    cloud.faults.clear()
    yield run
    cloud.faults.clear()


def test_an_account_that_is_in_order_is_found_to_be_and_its_secret_is_not_shown(examine: Examine) -> None:
    report = examine()
    assert report.code == 0, report.text
    assert {name: found["state"] for name, found in report.checks.items()} == dict.fromkeys(report.checks, "ok")
    assert {"identity", "bucket write", "pool", "pool identity", "nodes", "quota", "clock"} <= report.checks.keys()
    assert OPTIONS["client_secret"] not in report.text


def test_a_wrong_secret_is_told_and_not_shown(examine: Examine) -> None:
    report = examine(client_secret="a-secret-of-nobody")
    assert report.troubles == {"credentials": "wrong-credentials"}
    assert "executors.azurebatch.client_secret -" in report.mend("credentials")
    assert "a-secret-of-nobody" not in report.text


def test_without_credentials_that_is_the_one_failure(examine: Examine) -> None:
    nobody = {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
    report = examine(nobody, client_secret=None, tenant_id=None, client_id=None)
    assert report.troubles == {"credentials": "no-credentials"}
    assert "az login" in report.mend("credentials")


def test_an_expired_secret_is_told_from_a_wrong_one(examine: Examine, cloud: EmulatedAzure) -> None:
    said = "AADSTS7000222: The provided client secret keys for app 'client-id' are expired."
    cloud.faults.refuse("identity:Token", "invalid_client", said, None)
    report = examine()
    assert report.troubles == {"credentials": "expired-credentials"}
    assert "az ad app credential reset" in report.mend("credentials")


@pytest.mark.parametrize(
    ("options", "check", "trouble", "mend"),
    [
        ({"container_name": "nobodys"}, "bucket", "missing-bucket", "az storage container create"),
        ({"pool_id": "nobodys"}, "pool", "missing-pool", "executors.azurebatch.pool_id"),
        ({"pool_id": "bare"}, "pool", "bad-pool", "executors.azurebatch.pool_id"),
        ({"pool_id": "nobody"}, "pool", "missing-role", "Identity"),
        ({"pool_id": "refused"}, "quota", "quota", "higher quota"),
    ],
)
def test_what_is_missing_is_the_one_failure(
    examine: Examine, options: dict[str, Any], check: str, trouble: str, mend: str
) -> None:
    check_one_failure(examine(**options), check, trouble, mend)


def test_a_pool_without_nodes_is_a_warning(examine: Examine) -> None:
    report = examine(pool_id="empty")
    assert report.code == 0
    assert report.state("nodes") == "warning"
    assert "az batch pool resize" in report.mend("nodes")


def test_a_missing_permission_to_write_is_told(examine: Examine, cloud: EmulatedAzure) -> None:
    cloud.faults.refuse("storage:PutBlob", "AuthorizationPermissionMismatch", "This request is not authorized.", None)
    report = examine()
    assert report.troubles == {"bucket write": "no-permission"}
    assert "Storage Blob Data Contributor" in report.mend("bucket write")


def test_an_application_without_the_role_on_the_account_is_told(examine: Examine, cloud: EmulatedAzure) -> None:
    cloud.faults.refuse("batch:ListJobs", "PermissionDenied", "The caller does not have the role.", None)
    report = examine()
    assert report.troubles == {"identity": "missing-role"}
    assert "Azure Batch Job Submitter" in report.mend("identity")
    assert report.state("bucket delete") == "ok", "the other role is looked at as well"


def test_a_service_that_is_not_enabled_in_the_directory_is_told(examine: Examine, cloud: EmulatedAzure) -> None:
    said = "AADSTS500011: The resource principal named https://batch.core.windows.net/ was not found in the tenant."
    cloud.faults.refuse("identity:Token", "invalid_resource", said, None)
    report = examine()
    assert report.troubles == {"credentials": "missing-api"}
    assert "az provider register" in report.mend("credentials")


@pytest.mark.parametrize(
    ("variable", "setting"),
    [
        ("COVALENT_AZURE_BATCH_ENDPOINT", "batch_account_url"),
        ("COVALENT_AZURE_STORAGE_ENDPOINT", "storage_account_name"),
    ],
)
def test_an_address_where_nobody_answers_is_told(variable: str, setting: str, examine: Examine) -> None:
    report = examine({variable: "http://127.0.0.1:9"})
    assert report.troubles == {"endpoint": "unreachable-endpoint"}
    assert setting in report.mend("endpoint")
    assert report.state("credentials") == "ok"
    assert report.state("pool") == "skipped"


def test_a_sign_in_where_nobody_answers_is_told_from_a_wrong_secret(examine: Examine) -> None:
    report = examine({"COVALENT_AZURE_AUTHORITY": "http://127.0.0.1:9"})
    assert report.troubles == {"credentials": "unreachable-endpoint"}


def test_a_setting_that_is_needed_and_not_there_is_told(examine: Examine) -> None:
    report = examine(pool_id=None)
    assert report.state("settings") == "failed"
    assert "pool_id is not set" in report.checks["settings"]["said"]
    assert "covalent config set executors.azurebatch.KEY" in report.mend("settings")


def test_a_task_is_run_on_request(cloud: EmulatedAzure, tmp_path: Path) -> None:
    harness = Harness(tmp_path, environment=cloud.environment)
    (tmp_path / "config" / "covalent.conf").write_text(settings("azurebatch", OPTIONS))
    with harness.running():
        report = examined("azurebatch", {**cloud.environment, **harness.environment}, "--run", "--timeout", "60")
    assert report.code == 0, report.text
    assert "It ran on " in report.checks["task"]["said"]
