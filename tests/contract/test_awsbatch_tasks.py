"""Single tasks on AWS Batch without a dispatcher, and what is left behind there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import boto3
import pytest
from click.testing import CliRunner

from covalent.cli import cli
from covalent.errors import ThrottledError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.batch import stale
from covalent.testing import EmulatedAWS, emulated_aws
from tests.support.single_tasks import TASK, SingleTaskCases, add, sleep

pytestmark = pytest.mark.slow

pytest_plugins = ("tests.support.known_dispatches",)

BUCKET = "covalent-batch-job-resources"


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws(slots=4) as aws:
        yield aws


@pytest.fixture
def aws(cloud: EmulatedAWS, monkeypatch: pytest.MonkeyPatch, covalent_home: object) -> Iterator[EmulatedAWS]:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    cloud.faults.clear()
    yield cloud
    cloud.faults.clear()


@pytest.fixture
def executor(aws: EmulatedAWS) -> AWSBatchExecutor:
    return AWSBatchExecutor(vcpu=1, memory=0.25, poll_freq=1)


class TestSingleTasks(SingleTaskCases):
    identity = {"Account": "123456789012"}
    foreign = {"Account": "999999999999"}
    foreign_is_refused_with = "belong to the AWS account 123456789012, not to 999999999999"
    cancelled = "FAILED"


# What is left behind


def stage(group: str) -> None:
    for name in ("manifest", "outcomes/0.1.error"):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=f"covalent/groups/{group}/{name}", Body=b"12345")


def keys(below: str = "") -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"covalent/{below}").get("Contents", ())
    return [one["Key"] for one in found]


def groups() -> set[str]:
    return {key.split("/")[2] for key in keys("groups/")}


def gc(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["gc", "awsbatch", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_no_dispatch_and_no_job_needs_is_deleted(aws, known):
    one, two = f"{1:032x}", f"{2:032x}"
    for group in (f"ct-{one}-0-1", f"ct-{two}-0-1", f"ct-{two}-14-2", "somebody-elses"):
        stage(group)
    known.add("00000000-0000-0000-0000-000000000001")
    batch = boto3.client("batch")
    batch.register_job_definition(
        jobDefinitionName="not-ours",
        type="container",
        containerProperties={"image": "i", "resourceRequirements": requirements()},
    )
    asyncio.run(AWSBatchExecutor(vcpu=1, memory=0.25, poll_freq=1).run(add, [1], {}, TASK))
    definition = active_definitions() - {"not-ours"}
    assert "There is nothing to delete" in gc()

    shown = gc("--older-than", "0", "--dry-run")
    assert f"ct-{two}-0-1 (2 objects, 10 bytes)" in shown
    assert "runner (1 object," in shown
    assert one not in shown
    assert {name for name in definition if f"job definition {name}:1" in shown} == definition

    assert "Deleted" in gc("--older-than", "0", "-y")
    assert groups() == {f"ct-{one}-0-1", "somebody-elses"}
    assert {key.split("/")[1] for key in keys()} == {"groups"}
    assert active_definitions() == {"not-ours"}


def test_deleting_goes_on_where_aws_wants_fewer_calls(aws, known, monkeypatch):
    monkeypatch.setattr(stale, "REPEAT_S", 0.01)
    asyncio.run(AWSBatchExecutor(vcpu=1, memory=0.25, poll_freq=1).run(add, [1], {}, TASK))
    for operation in (
        "DescribeJobDefinitions", "DescribeJobQueues", "ListJobs", "DeregisterJobDefinition"
    ):  # fmt: skip
        aws.faults.throttle(operation, 2)
    assert "Deleted" in gc("--older-than", "0", "-y")
    assert not active_definitions() - {"not-ours"}
    aws.faults.throttle("DescribeJobDefinitions", None)
    with pytest.raises(ThrottledError):
        gc("--older-than", "0", "-y")


async def test_a_definition_that_a_job_uses_is_left_alone(executor, known):
    await executor.stage_task(sleep, [], {}, TASK)
    job_id = await executor.submit_task(TASK)
    before = active_definitions()
    await asyncio.to_thread(gc, "--older-than", "0", "-y")
    assert active_definitions() == before
    await executor.cancel(TASK, job_id)


def test_nothing_is_deleted_without_a_yes(aws, known):
    group = f"ct-{3:032x}-0-1"
    stage(group)
    done = CliRunner().invoke(cli, ["gc", "awsbatch", "--older-than", "0"], input="n\n")
    assert done.exit_code == 1
    assert group in groups()


def requirements() -> list[dict[str, str]]:
    return [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]


def active_definitions() -> set[str]:
    found = boto3.client("batch").describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    return {one["jobDefinitionName"] for one in found}
