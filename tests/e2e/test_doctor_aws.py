"""``covalent doctor awsbatch`` tells apart whatever can be wrong with an account, and says what mends it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from covalent.doctor.report import made
from covalent.executor.examination import Examination
from covalent.executor.registry import executor_class
from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.harness import Harness
from tests.support.aws_client import client
from tests.support.doctor import Report, check_one_failure, examined, settings, without_keys
from tests.support.user import command

pytestmark = pytest.mark.slow

#: Short enough that nothing is waited for when nobody answers.
_OFFLINE = {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws(queues=["covalent-batch-queue", "off", "behind"]) as cloud:
        batch = client(cloud, "batch")
        batch.update_job_queue(jobQueue="off", state="DISABLED")
        batch.update_compute_environment(computeEnvironment="behind-environment", state="DISABLED")
        yield cloud


Examine = Callable[..., Report]


@pytest.fixture
def examine(cloud: EmulatedAWS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    """Run the command with these settings, and with these variables in place of the emulator's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    home = {"COVALENT_CONFIG_DIR": str(tmp_path), "COVALENT_DATA_DIR": str(tmp_path / "data")}

    def run(variables: dict[str, str] | None = None, **options: Any) -> Report:
        (tmp_path / "covalent.conf").write_text(settings("awsbatch", options))
        used = cloud.environment if variables is None else variables
        return examined("awsbatch", {**used, **home, **_OFFLINE})

    cloud.faults.clear()
    yield run
    cloud.faults.clear()


def test_an_account_that_is_in_order_is_found_to_be(examine: Examine) -> None:
    report = examine()
    assert report.code == 0
    assert {name: found["state"] for name, found in report.checks.items()} == dict.fromkeys(report.checks, "ok")
    assert {"identity", "bucket write", "queue", "compute environments", "job role", "clock"} <= report.checks.keys()
    assert "arn:aws:" in report.checks["identity"]["said"]


def test_nothing_is_left_in_the_bucket(examine: Examine, cloud: EmulatedAWS) -> None:
    assert examine().state("bucket delete") == "ok"
    assert "Contents" not in client(cloud, "s3").list_objects_v2(Bucket="covalent-batch-job-resources")


@pytest.fixture
def examination(cloud: EmulatedAWS, monkeypatch: pytest.MonkeyPatch) -> Examination:
    """One in this process."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    cloud.faults.clear()
    return executor_class("awsbatch").from_options({}).examination()


async def test_nothing_is_left_in_the_bucket_by_somebody_who_ends_it_in_between(
    examination: Examination, cloud: EmulatedAWS
) -> None:
    async with aclosing(examination.make()) as looked:
        async for one in looked:
            if one.check == "bucket write":
                break
    assert one.finding.state == "ok"
    assert "Contents" not in client(cloud, "s3").list_objects_v2(Bucket="covalent-batch-job-resources")


async def test_an_account_is_looked_at_with_few_calls(examination: Examination, cloud: EmulatedAWS) -> None:
    cloud.reset_calls()
    assert await made(examination)
    counts = cloud.calls().client.values()
    assert 5 < sum(sum(operations.values()) for operations in counts) <= 16


def test_keys_are_never_shown(examine: Examine, cloud: EmulatedAWS) -> None:
    assert cloud.environment["AWS_SECRET_ACCESS_KEY"] not in examine().text


def test_without_credentials_that_is_the_one_failure(examine: Examine, cloud: EmulatedAWS) -> None:
    report = examine(without_keys(cloud, "KEY_ID", "ACCESS_KEY", "PROFILE"))
    assert report.troubles == {"credentials": "no-credentials"}
    assert "aws configure" in report.mend("credentials")
    assert report.state("queue") == "skipped"


def test_credentials_of_nobody_are_told_from_none(examine: Examine, cloud: EmulatedAWS) -> None:
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "y"}
    assert examine({**cloud.environment, **wrong}).troubles == {"identity": "wrong-credentials"}


def test_expired_credentials_are_told_from_wrong_ones(examine: Examine, cloud: EmulatedAWS) -> None:
    cloud.faults.refuse("*", "ExpiredToken", "The security token included in the request is expired", None)
    report = examine()
    assert report.troubles == {"identity": "expired-credentials"}
    assert "aws sso login" in report.mend("identity")


def test_a_clock_that_is_wrong_is_told_from_wrong_credentials(examine: Examine, cloud: EmulatedAWS) -> None:
    said = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"
    cloud.faults.refuse("sts:*", "SignatureDoesNotMatch", said, None)
    report = examine()
    assert report.troubles == {"identity": "wrong-clock"}
    assert "timedatectl" in report.mend("identity")


def test_another_region_than_that_of_queue_and_bucket_is_told(examine: Examine) -> None:
    report = examine(region="eu-west-1")
    assert report.troubles["bucket"] == report.troubles["queue"] == "wrong-region"
    assert "executors.awsbatch.region" in report.mend("queue")


def test_a_region_that_does_not_exist_is_told_without_asking_anybody(examine: Examine, cloud: EmulatedAWS) -> None:
    report = examine(without_keys(cloud, "ENDPOINT_URL"), region="us-esat-1")
    assert report.troubles["credentials"] == "wrong-region"
    assert "Did you mean" in report.checks["credentials"]["said"]


@pytest.mark.parametrize(
    ("options", "check", "trouble", "mend"),
    [
        ({"s3_bucket_name": "nobodys"}, "bucket", "missing-bucket", "aws s3 mb"),
        ({"batch_queue": "nobodys"}, "queue", "missing-queue", "executors.awsbatch.batch_queue"),
        ({"batch_queue": "off"}, "queue", "disabled-queue", "--state ENABLED"),
        ({"batch_queue": "behind"}, "compute environments", "disabled-queue", "update-compute-environment"),
        ({"batch_job_role_name": "Nobody"}, "job role", "missing-role", "aws iam create-role"),
        ({"batch_execution_role_name": "Nobody"}, "execution role", "missing-role", "aws iam create-role"),
        ({"vcpu": 1000}, "capacity", "quota", "maxvCpus"),
    ],
)
def test_what_is_missing_is_the_one_failure(
    examine: Examine, options: dict[str, Any], check: str, trouble: str, mend: str
) -> None:
    check_one_failure(examine(**options), check, trouble, mend)


@pytest.mark.parametrize(
    ("operation", "check", "mend"),
    [
        ("s3:HeadBucket", "bucket", "policy"),
        ("s3:PutObject", "bucket write", "s3:PutObject"),
        ("s3:GetObject", "bucket read", "s3:GetObject"),
    ],
)
def test_a_missing_permission_on_the_bucket_is_told(
    examine: Examine, cloud: EmulatedAWS, operation: str, check: str, mend: str
) -> None:
    cloud.faults.refuse(operation, "AccessDenied", "Access Denied", None)
    report = examine()
    assert report.troubles == {check: "no-permission"}
    assert mend in report.mend(check)


def test_a_missing_permission_to_delete_is_told_and_what_is_left_is_deleted_by_gc(
    examine: Examine, cloud: EmulatedAWS, tmp_path: Path
) -> None:
    cloud.faults.refuse("s3:DeleteObjects", "AccessDenied", "Access Denied", None)
    check_one_failure(examine(), "bucket delete", "no-permission", "s3:DeleteObject")
    cloud.faults.clear()
    home = {"COVALENT_CONFIG_DIR": str(tmp_path), "COVALENT_DATA_DIR": str(tmp_path / "data")}
    done = command("gc", "awsbatch", "--older-than", "0", "--yes", environment={**cloud.environment, **home})
    assert "doctor (1 object" in done.stdout, done.stderr
    assert "Contents" not in client(cloud, "s3").list_objects_v2(Bucket="covalent-batch-job-resources")


@pytest.mark.parametrize("operation", ["batch:DescribeJobQueues", "batch:DescribeComputeEnvironments", "iam:GetRole"])
def test_what_may_not_be_asked_is_no_failure(examine: Examine, cloud: EmulatedAWS, operation: str) -> None:
    cloud.faults.refuse(operation, "AccessDeniedException", "User is not authorized", None)
    report = examine()
    assert report.troubles == {}
    assert f"({operation})" in report.text


def test_a_service_that_wants_fewer_calls_is_no_failure(examine: Examine, cloud: EmulatedAWS) -> None:
    cloud.faults.throttle("batch:DescribeJobQueues", None)
    report = examine()
    assert report.troubles == {}
    assert "Try again" in report.checks["queue"]["said"]
    assert report.state("capacity") == "skipped"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_address_where_nobody_answers_is_told_and_what_depends_on_it_is_left_out(
    variable: str, examine: Examine, cloud: EmulatedAWS
) -> None:
    report = examine({**cloud.environment, variable: "http://127.0.0.1:9"})
    assert report.troubles == {"endpoint": "unreachable-endpoint"}
    assert report.state("identity") == "skipped"
    assert "'endpoint'" in report.checks["identity"]["said"]


def test_a_value_that_is_wrong_is_told_with_its_line(examine: Examine) -> None:
    report = examine(vcpu="many")
    assert report.code == 1
    assert "covalent.conf, line 2: executors.awsbatch.vcpu must be" in report.text


@pytest.mark.parametrize(
    ("options", "check", "mend"),
    [
        ({"batch_job_log_group_name": "nobodys"}, "log group", "aws logs create-log-group --log-group-name nobodys"),
        ({"job_definition": "nobodys"}, "job definition", "executors.awsbatch.job_definition"),
    ],
)
def test_what_has_no_word_of_its_own_is_told_with_what_mends_it(
    examine: Examine, options: dict[str, Any], check: str, mend: str
) -> None:
    report = examine(**options)
    assert report.troubles.keys() == {check}
    assert mend in report.mend(check)


def with_task(cloud: EmulatedAWS, home: Path, seconds: int) -> Report:
    harness = Harness(home, environment=cloud.environment)
    with harness.running():
        return examined("awsbatch", {**cloud.environment, **harness.environment}, "--run", "--timeout", str(seconds))


def test_a_task_is_run_on_request(cloud: EmulatedAWS, tmp_path: Path) -> None:
    report = with_task(cloud, tmp_path, 60)
    assert report.code == 0, report.text
    assert "It ran on " in report.checks["task"]["said"]


def test_a_task_that_does_not_start_in_time_is_cancelled_with_the_reason(cloud: EmulatedAWS, tmp_path: Path) -> None:
    cloud.faults.hold("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - There is no room.")
    try:
        report = with_task(cloud, tmp_path, 8)
    finally:
        cloud.faults.clear()
    assert report.state("task") == "failed"
    assert "did not end within 8 s and was cancelled: " in report.checks["task"]["said"]
    assert "covalent why " in report.mend("task")
