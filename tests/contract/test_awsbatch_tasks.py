"""Single tasks on AWS Batch without a dispatcher, and what is left behind there."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import boto3
import pytest
from click.testing import CliRunner

from covalent.cli import cli
from covalent.client.server import Server
from covalent.errors import ExecutorError, NotFoundError, PickleError, TaskError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.states import Cause, Status
from covalent.testing import EmulatedAWS, emulated_aws

pytestmark = pytest.mark.slow

BUCKET = "covalent-batch-job-resources"
TASK = {"dispatch_id": "by-hand", "node_id": 0}
PATIENCE_S = 20


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


def add(a, b=0):
    print("adding", a, "and", b)
    print("carefully", file=sys.stderr)
    return a + b


def refuse():
    raise LookupError("not here")


def sleep():
    time.sleep(60)


def quit_at_once():
    import os

    os._exit(7)


async def test_a_function_runs_and_its_value_comes_back(executor, capfd):
    assert await executor.run(add, [1], {"b": 41}, TASK) == 42
    printed = capfd.readouterr()
    assert printed.out == "adding 1 and 41\n"
    assert "carefully\n" in printed.err


async def test_what_is_large_travels_both_ways(executor):
    assert await executor.run(lambda data: data * 2, [b"x" * 300_000], {}, TASK) == b"x" * 600_000


async def test_its_exception_is_raised_with_the_remote_traceback(executor):
    with pytest.raises(LookupError, match="not here") as caught:
        await executor.run(refuse, [], {}, TASK)
    assert isinstance(caught.value.__cause__, TaskError)
    assert "in refuse" in caught.value.__cause__.remote_traceback


async def test_a_task_without_an_exception_says_why_it_failed(executor):
    with pytest.raises(TaskError) as caught:
        await executor.run(quit_at_once, [], {}, TASK)
    assert caught.value.cause == Cause.USER


async def test_what_cannot_travel_is_refused(executor):
    with pytest.raises(PickleError):
        await executor.run(lambda: None, [threading.Lock()], {}, TASK)


def test_each_step_can_be_taken_by_itself_and_elsewhere(executor):
    """Each with an event loop of its own, and the last with another object, as after a restart."""
    with asyncio.Runner() as runner:
        runner.run(executor.stage_task(add, [1, 2], {}, TASK))
        job_id = runner.run(executor.submit_task(TASK, {"Account": "123456789012"}))
    assert executor.task_record(("by-hand", 0)).status is Status.SUBMITTED
    deadline = time.monotonic() + PATIENCE_S
    while (status := asyncio.run(executor.get_status(job_id)))[0] not in ("SUCCEEDED", "FAILED"):
        assert status == (status[0], -1)
        assert time.monotonic() < deadline
    assert status == ("SUCCEEDED", 0)
    other = AWSBatchExecutor().from_dict(executor.to_dict())
    assert asyncio.run(other.query_result(TASK)) == (3, "adding 1 and 2\n", "carefully\n")
    assert asyncio.run(other.cancel(TASK, job_id)) is False


async def test_credentials_of_another_account_are_refused(executor):
    await executor.stage_task(add, [1], {}, TASK)
    with pytest.raises(ExecutorError, match="belong to the AWS account 123456789012, not to 999999999999"):
        await executor.submit_task(TASK, {"Account": "999999999999"})


async def test_a_job_is_cancelled_by_its_id(executor):
    await executor.stage_task(sleep, [], {}, TASK)
    job_id = await executor.submit_task(TASK)
    with executor.task_context("by-hand", 0):
        assert not await executor.get_cancel_requested()
        assert await executor.cancel(task_metadata=TASK, job_handle=job_id)
        assert await executor.get_cancel_requested()
    async with asyncio.timeout(PATIENCE_S):
        while (await executor.get_status(job_id))[0] != "FAILED":
            await asyncio.sleep(0.1)


async def test_cancelling_who_waits_ends_the_job(executor):
    waiting = asyncio.create_task(executor.run(sleep, [], {}, TASK))
    async with asyncio.timeout(PATIENCE_S):
        while (job_id := executor.task_record(("by-hand", 0)).handle) is None:
            await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(PATIENCE_S):
        while (await executor.get_status(job_id))[0] != "FAILED":
            await asyncio.sleep(0.1)


async def test_what_is_not_there_is_said_to_be_so(executor):
    with pytest.raises(ExecutorError, match="Nothing was staged for task 9 of none"):
        await executor.submit_task({"dispatch_id": "none", "node_id": 9})
    with pytest.raises(ExecutorError, match="Nothing is known of task 9 of none"):
        await executor.query_result({"dispatch_id": "none", "node_id": 9})
    with pytest.raises(ExecutorError, match="must have a dispatch_id and a node_id"):
        await executor.query_result({})


async def test_a_task_that_has_not_ended_has_no_result(executor):
    await executor.stage_task(sleep, [], {}, TASK)
    job_id = await executor.submit_task(TASK)
    with pytest.raises(ExecutorError, match="has not ended"):
        await executor.query_result(TASK)
    await executor.cancel(TASK, job_id)


# What is left behind


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of dispatches that the server knows."""
    ids: set[str] = set()

    def dispatch(self: Server, dispatch_id: str) -> SimpleNamespace:
        if dispatch_id not in ids:
            raise NotFoundError(f"no {dispatch_id}")
        return SimpleNamespace(id=dispatch_id)

    monkeypatch.setattr(Server, "dispatch", dispatch)
    return ids


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
