"""Whatever a user gets wrong with AWS Batch is told in a sentence that says what to do, before anything is submitted."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import covalent as ct
from covalent.errors import CovalentError
from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.harness import Harness
from tests.support.aws_client import client
from tests.support.user import User, check_told_before, command, covalent, setting_of, wait_for

pytestmark = pytest.mark.slow

BUCKET, QUEUE = "covalent-batch-job-resources", "covalent-batch-queue"


def add_one(number: int) -> int:
    return number + 1


@pytest.fixture(scope="module", autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws(queues=[QUEUE, "fargate=FARGATE", "off"]) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def harness(cloud: EmulatedAWS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    harness = Harness(tmp_path_factory.mktemp("server"), environment=cloud.environment)
    with harness.running():
        yield harness


@pytest.fixture
def user(harness: Harness, cloud: EmulatedAWS) -> Iterator[User]:
    cloud.faults.clear()
    cloud.reset_calls()
    yield User(harness, cloud)
    cloud.faults.clear()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0, not 0"),
        ({"vcpu": 0.5}, "Use 1, or set platform to 'FARGATE'"),
        ({"memory": "4GB"}, "memory must be a number of GB above 0, not '4GB'"),
        ({"memory": 1_000_000}, "memory asks for 1e+06 GB; no instance of EC2 has more than 32,768"),
        ({"memory": 1e-9}, "memory is 1 MiB; AWS Batch gives a container at least 4 MiB"),
        ({"platform": "FARGATE", "num_gpus": 1}, "Fargate has no GPUs"),
        ({"region": "Virginia"}, "such as us-east-1, not 'Virginia'"),
        ({"s3_bucket_name": "s3://b"}, "without s3://"),
        ({"container_image_uri": "no such image"}, "container_image_uri must be the name of a container image"),
    ],
    ids=setting_of,
)
def test_a_wrong_value_is_refused_at_the_dispatch(user: User, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CovalentError, match=re.escape(said)):
        user.dispatch(add_one, 1, **options)
    assert not user.cloud.calls().client.get("batch"), "AWS was asked"


@pytest.mark.parametrize(
    ("options", "said", "remedy"),
    [
        ({"region": "eu-west-1"}, f"There is no job queue '{QUEUE}' in eu-west-1", "or another region"),
        ({"s3_bucket_name": "nobodys"}, "There is no S3 bucket 'nobodys'", "s3_bucket_name"),
        ({"batch_queue": "nobodys"}, "There is no job queue 'nobodys'", "batch_queue"),
        ({"batch_job_role_name": "Nobody"}, "There is no IAM role 'Nobody'", "batch_job_role_name"),
        ({"batch_execution_role_name": "Nobody"}, "There is no IAM role 'Nobody'", "batch_execution_role_name"),
        ({"batch_job_log_group_name": "none"}, "There is no CloudWatch log group 'none'", "aws logs create-log-group"),
        ({"job_definition": "none"}, "There is no active job definition 'none'", "Register it"),
        ({"credentials": "/no/file"}, "credentials names the file /no/file, which does not exist", "Correct it"),
        ({"profile": "nobody"}, "The config profile (nobody) could not be found", "Set profile"),
        ({"vcpu": 1000}, "vcpu is 1000, but the compute environments", "maxvCpus"),
        ({"platform": "FARGATE"}, "platform is FARGATE, but the job queue", "Set platform"),
        ({"container_properties": {"nope": 1}}, 'Unknown parameter in containerProperties: "nope"', "Correct that"),
        ({"environment": {"A": "x" * 30_000}}, "The job definition would have", "Put less into environment"),
    ],
    ids=setting_of,
)
def test_what_is_missing_is_named_and_nothing_is_submitted(
    user: User, options: dict[str, Any], said: str, remedy: str
) -> None:
    check_told_before(user, options, said, remedy)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({}, "Unable to locate credentials", id="none"),
        pytest.param({"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "y"}, "InvalidClientTokenId", id="wrong"),
    ],
)
def test_credentials_that_are_no_good_are_told_with_where_they_come_from(
    cloud: EmulatedAWS, tmp_path: Path, variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {name: value for name, value in cloud.environment.items() if not name.endswith(("KEY_ID", "ACCESS_KEY"))}
    for name in cloud.environment.keys() - kept.keys():
        monkeypatch.delenv(name, raising=False)
    harness = Harness(tmp_path, environment={**kept, "AWS_EC2_METADATA_DISABLED": "true", **variables})
    cloud.reset_calls()
    with harness.running():
        user = User(harness, cloud)
        error = user.fails(add_one, 1)
        assert said in error
        assert "the settings profile and credentials of the executor" in error
        assert user.submissions() == 0


def test_expired_credentials_are_told_and_work_again_once_renewed(user: User, tmp_path: Path) -> None:
    keys = user.cloud.environment
    file = tmp_path / "credentials"
    file.write_text(
        f"[default]\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n"
    )
    user.cloud.faults.refuse("*", "ExpiredToken", "The security token included in the request is expired", None)
    error = user.fails(add_one, 1, credentials=str(file))
    assert "(ExpiredToken: The security token included in the request is expired). Sign in again" in error
    assert user.submissions() == 0
    user.cloud.faults.clear()
    assert user.run(add_one, 1, credentials=str(file)) == 2


def test_credentials_that_expire_while_a_job_waits_cost_nothing_but_time(user: User) -> None:
    user.cloud.faults.hold()
    dispatch_id = user.dispatch(add_one, 1, poll_freq=0.5)
    wait_for(dispatch_id, "waits for a place to run")
    user.cloud.faults.refuse("*", "ExpiredToken", "The security token included in the request is expired", None)
    wait_for(dispatch_id, "there is no news, which is tried again until there is: AWS refused when asking after jobs")
    user.cloud.faults.clear()
    assert user.result(dispatch_id).result == 2
    assert user.submissions() == 1


def test_a_queue_that_was_disabled_since_it_was_looked_at_is_told_as_before_and_works_once_enabled(user: User) -> None:
    assert user.run(add_one, 1, batch_queue="off") == 2
    batch = client(user.cloud, "batch")
    batch.update_job_queue(jobQueue="off", state="DISABLED")
    assert "The job queue 'off' is DISABLED: it takes no jobs. Enable it" in user.fails(add_one, 1, batch_queue="off")
    submissions = user.submissions()
    assert "The job queue 'off' is DISABLED" in user.fails(add_one, 1, batch_queue="off")
    assert user.submissions() == submissions + 1, "the engine remembers what was in order, AWS decides"
    batch.update_job_queue(jobQueue="off", state="ENABLED")
    assert user.run(add_one, 1, batch_queue="off") == 2


def test_a_bucket_that_is_made_after_it_was_missed_is_used(user: User) -> None:
    assert "There is no S3 bucket 'made-later'" in user.fails(add_one, 1, s3_bucket_name="made-later")
    client(user.cloud, "s3").create_bucket(Bucket="made-later")
    assert user.run(add_one, 1, s3_bucket_name="made-later") == 2


@pytest.mark.parametrize(
    ("caller", "said", "submitted"),
    [
        ("client", "Allow the executor's credentials to read, write, list and delete below", 0),
        ("job", "Allow s3:PutObject on it in the job's role (batch_job_role_name)", 1),
    ],
)
def test_a_read_only_bucket_is_told_with_whose_permission_is_missing(
    user: User, caller: Any, said: str, submitted: int
) -> None:
    user.cloud.faults.refuse("s3:PutObject", "AccessDenied", "Access Denied", None, caller=caller)
    assert said in user.fails(add_one, 1)
    assert user.submissions() == submitted


def test_no_payload_is_too_large_for_what_a_job_may_be_told(user: User) -> None:
    ballast = os.urandom(2_000_000)

    def weigh(more: bytes) -> int:
        return len(ballast) + len(more)

    assert user.run(weigh, os.urandom(3_000_000)) == 5_000_000
    jobs = client(user.cloud, "batch").list_jobs(jobQueue=QUEUE, jobStatus="SUCCEEDED")["jobSummaryList"]
    newest = max(jobs, key=lambda job: job["createdAt"])
    (job,) = client(user.cloud, "batch").describe_jobs(jobs=[newest["jobId"]])["jobs"]
    assert len(str(job["container"]["environment"])) < 2_000


def test_why_tells_what_keeps_a_job_runnable_and_it_can_be_cancelled(user: User) -> None:
    user.cloud.faults.hold("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is too high.")
    dispatch_id = user.dispatch(add_one, 1, poll_freq=0.5)
    wait_for(dispatch_id, "no instance type of the compute environments has what it asks for. Ask for less in vcpu")
    covalent("cancel", dispatch_id)
    assert str(user.result(dispatch_id).status) == "CANCELLED"
    assert "somebody cancelled it" in covalent("why", dispatch_id)


def test_why_tells_that_aws_wants_fewer_calls_and_the_task_completes_once_it_does_not(user: User) -> None:
    user.cloud.faults.throttle("SubmitJob", None)
    dispatch_id = user.dispatch(add_one, 1)
    wait_for(dispatch_id, "tried again until it works: AWS wants fewer calls")
    user.cloud.faults.clear()
    assert user.result(dispatch_id).result == 2


def test_a_purged_dispatch_leaves_nothing_of_its_group_and_gc_shows_without_deleting(user: User) -> None:
    dispatch_id = user.dispatch(add_one, 1)
    assert user.result(dispatch_id).result == 2
    prefix = f"covalent/groups/ct-{dispatch_id.replace('-', '')}"
    assert keys(user.cloud, prefix)
    shown = covalent("gc", "awsbatch", "--dry-run", "--older-than", "0")
    assert "job definition covalent-batch-jobs-" in shown
    assert dispatch_id.replace("-", "") not in shown, "the server knows it"
    covalent("purge", "-y", dispatch_id)
    deadline = time.monotonic() + 10
    while keys(user.cloud, prefix) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not keys(user.cloud, prefix)
    assert covalent("gc", "awsbatch", "--dry-run", "--older-than", "0") == shown
    missing = command("gc", "awsbatch", "--dry-run", "--bucket", "nobodys")
    assert missing.returncode == 1
    assert "there is no such bucket" in missing.stderr
    assert "Create it, or correct the name of the bucket" in missing.stderr


def test_every_method_tells_what_it_lacks_outside_a_dispatch(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in user.cloud.environment.items():
        monkeypatch.setenv(name, value)
    executor = ct.executor.AWSBatchExecutor(poll_freq=0.5)
    known, unknown, staged = ({"dispatch_id": "d", "node_id": node} for node in range(3))

    async def calls() -> None:
        assert await executor.run(add_one, [1], {}, known) == 2
        assert await executor.query_result(known) == (2, "", "")
        await executor.stage_task(add_one, [1], {}, staged)
        for call, said in (
            (executor.submit_task(unknown), r"Call stage_task\(\) or run\(\)"),
            (executor.query_result(unknown), "Nothing is known of task 1 of d"),
            (executor.get_status("nobody"), "AWS Batch does not know the job nobody"),
            (executor.run(add_one, [1], {}, {}), "task_metadata must have a dispatch_id and a node_id"),
            (executor.submit_task(staged, {"Account": "1"}), "belong to the AWS account 123456789012, not to 1"),
        ):
            with pytest.raises(CovalentError, match=said):
                await call
        assert await executor.cancel(unknown, "nobody") is False

    asyncio.run(calls())


def test_an_emulator_that_is_killed_and_started_again_is_waited_for(tmp_path: Path) -> None:
    with emulated_aws() as first:
        port = int(first.endpoint.rpartition(":")[2])
        harness = Harness(tmp_path, environment=first.environment)
        with harness.running():
            user = User(harness, first)
            os.kill(first.pid, signal.SIGKILL)
            dispatch_id = user.dispatch(add_one, 1)
            wait_for(dispatch_id, "tried again until it works: AWS gave no answer")
            with emulated_aws(port=port):
                assert user.result(dispatch_id).result == 2


def test_what_was_deleted_from_the_bucket_is_brought_anew(user: User, cloud: EmulatedAWS) -> None:
    assert user.run(add_one, 1) == 2
    storage = client(cloud, "s3")
    for key in keys(cloud, ""):
        storage.delete_object(Bucket=BUCKET, Key=key)
    dispatch_id = user.dispatch(add_one, 2)
    assert user.result(dispatch_id).result == 3
    assert "deleted before it was read" in covalent("why", dispatch_id, "0")


def keys(cloud: EmulatedAWS, prefix: str) -> list[str]:
    listed = client(cloud, "s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", ())]
