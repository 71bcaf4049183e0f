"""The AWS Batch executor's calls, against AWS on this machine, which refuses what AWS refuses."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import boto3
import pytest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.awsbatch.service import AWSBatchService
from covalent.executor.batch.causes import explain
from covalent.executor.batch.service import Job, JobState, JobView
from covalent.states import Cause
from covalent.testing import EmulatedAWS, emulated_aws

pytestmark = pytest.mark.slow

#: What jobs of these tests run, in place of the runner.
PROGRAM = "import os, sys, time; print('task', os.environ.get('AWS_BATCH_JOB_ARRAY_INDEX', '-')); "

PYTHON = {"COVALENT_PYTHON": "3.11"}
PATIENCE_S = 20


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws(queues=["covalent-batch-queue", "fargate=FARGATE"], job_definitions=["mine"], slots=4) as aws:
        yield aws


@pytest.fixture
def aws(cloud: EmulatedAWS, monkeypatch: pytest.MonkeyPatch, covalent_home: object) -> Iterator[EmulatedAWS]:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    cloud.faults.clear()
    cloud.reset_calls()
    yield cloud
    cloud.faults.clear()


@pytest.fixture
async def service(aws: EmulatedAWS) -> AsyncIterator[AWSBatchService]:
    service = await AWSBatchExecutor().connect()
    yield service
    await service.close()


def job(name: str, program: str = "", *, size: int = 1, out_of_memory: int = 0, **settings: object) -> Job:
    return Job(
        name=name,
        size=size,
        command=("python3", "-c", PROGRAM + program),
        environment=PYTHON,
        options=AWSBatchExecutor(**{"vcpu": 1, "memory": 0.25, **settings}).job_options(),
        out_of_memory=out_of_memory,
        tags={"covalent-dispatch": "d1"},
    )


async def ended(service: AWSBatchService, ref: str) -> JobView:
    return await reached(service, ref, JobState.SUCCEEDED, JobState.FAILED)


async def reached(service: AWSBatchService, ref: str, *states: JobState) -> JobView:
    async with asyncio.timeout(PATIENCE_S):
        while (view := (await service.describe([ref]))[ref]).state not in states:
            await asyncio.sleep(0.1)
    return view


async def checked(**settings: object) -> None:
    executor = AWSBatchExecutor(**settings)
    service = await executor.connect()
    try:
        await service.check(executor.job_options())
    finally:
        await service.close()


async def complaint(**settings: object) -> str:
    with pytest.raises(ExecutorError) as caught:
        await checked(**settings)
    assert not caught.value.retryable
    return str(caught.value)


# Before a job is submitted


async def test_what_is_there_is_found_with_few_calls_and_only_once(aws, service):
    for memory in (1, 2):
        await service.check(AWSBatchExecutor(memory=memory).job_options())
    calls = aws.calls().client
    assert sum(count for operations in calls.values() for count in operations.values()) <= 8


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("s3_bucket_name", "no-such-bucket", "There is no S3 bucket 'no-such-bucket'. Create it in us-east-1"),
        ("batch_queue", "no-such-queue", "There is no job queue 'no-such-queue' in us-east-1. Create it"),
        ("batch_job_role_name", "NoSuchRole", "There is no IAM role 'NoSuchRole' in the account 123456789012."),
        ("batch_execution_role_name", "NoSuchRole", "There is no IAM role 'NoSuchRole'"),
        ("job_definition", "no-such-one", "There is no active job definition 'no-such-one' in us-east-1. Register it"),
        ("job_definition", "mine:99", "There is no active job definition 'mine:99' in us-east-1. Register it"),
        ("batch_job_log_group_name", "no-such-group", "There is no CloudWatch log group 'no-such-group' in us-east-1."),
    ],
)
async def test_what_is_missing_is_named_with_its_setting_and_a_remedy(aws, setting, value, said):
    text = await complaint(**{setting: value})
    assert said in text
    assert f"in {setting}" in text


async def test_a_definition_of_ones_own_is_found_by_name_revision_and_arn(aws):
    arn = boto3.client("batch").describe_job_definitions(jobDefinitionName="mine")["jobDefinitions"][0][
        "jobDefinitionArn"
    ]
    for name in ("mine", "mine:1", arn, arn.rpartition(":")[0]):
        await checked(job_definition=name)


async def test_a_bucket_elsewhere_is_named_with_its_region(aws):
    boto3.client("s3").create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    text = await complaint(s3_bucket_name="far-away")
    assert re.search(
        r"The S3 bucket 'far-away' is in (eu-west-1|another region), the executor works in us-east-1\.", text
    )


async def test_a_queue_that_takes_no_jobs_is_named(aws):
    batch = boto3.client("batch")
    environment = batch.describe_compute_environments()["computeEnvironments"][0]["computeEnvironmentArn"]
    batch.create_job_queue(
        jobQueueName="closed",
        state="DISABLED",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )
    assert "The job queue 'closed' is DISABLED: it takes no jobs." in await complaint(batch_queue="closed")


async def test_a_platform_that_the_queue_does_not_have_is_refused(aws):
    assert "platform is FARGATE, but the job queue 'covalent-batch-queue' has EC2 only." in await complaint(
        platform="FARGATE"
    )
    assert "platform is EC2, but the job queue 'fargate' has FARGATE only." in await complaint(batch_queue="fargate")
    await checked(platform="FARGATE", batch_queue="fargate")


async def test_more_vcpus_than_the_queue_may_have_are_refused(aws):
    assert "may have" in await complaint(vcpu=1900)


async def test_a_processor_that_the_queue_does_not_have_is_refused(aws):
    assert "architecture is ARM64, but the job queue" in await complaint(architecture="ARM64")
    await checked(architecture="X86_64")


async def test_shares_belong_to_queues_that_have_them(aws):
    assert "knows no shares: take share_identifier out" in await complaint(share_identifier="a")


@pytest.fixture
def shared_queue(aws: EmulatedAWS) -> Iterator[str]:
    batch = boto3.client("batch")
    policy = batch.create_scheduling_policy(name="fair", fairsharePolicy={"shareDecaySeconds": 600})["arn"]
    behind = batch.describe_job_queues(jobQueues=["covalent-batch-queue"])["jobQueues"][0]["computeEnvironmentOrder"]
    batch.create_job_queue(
        jobQueueName="shared", state="ENABLED", priority=1, schedulingPolicyArn=policy, computeEnvironmentOrder=behind
    )
    yield "shared"
    batch.delete_job_queue(jobQueue="shared")
    batch.delete_scheduling_policy(arn=policy)


async def test_a_job_in_a_share_has_a_priority_for_aws_takes_none_without(shared_queue, service):
    in_share = {"batch_queue": shared_queue, "share_identifier": "mine"}
    assert "divides its time by shares: set share_identifier" in await complaint(batch_queue=shared_queue)
    for priority, name in ((None, "share-a"), (7, "share-b")):
        ref = await service.submit(job(name, **in_share, scheduling_priority=priority))
        found = boto3.client("batch").describe_jobs(jobs=[ref])["jobs"][0]
        assert (found["shareIdentifier"], found["schedulingPriority"]) == ("mine", priority or 0)
        assert (await ended(service, ref)).state is JobState.SUCCEEDED


async def test_the_priority_in_a_share_may_be_that_of_ones_own_definition(shared_queue, service):
    batch = boto3.client("batch")
    in_share = {"batch_queue": shared_queue, "share_identifier": "mine"}
    said = await complaint(**in_share, job_definition="mine")
    assert "'mine' has no schedulingPriority, which AWS Batch wants of jobs in a share: set scheduling_priority" in said
    await checked(**in_share, job_definition="mine", scheduling_priority=1)
    known = batch.describe_job_definitions(jobDefinitionName="mine")["jobDefinitions"][0]
    batch.register_job_definition(
        jobDefinitionName="ranked",
        type="container",
        schedulingPriority=5,
        containerProperties={
            name: known["containerProperties"][name] for name in ("image", "command", "resourceRequirements")
        },
    )
    ref = await service.submit(job("share-c", **in_share, job_definition="ranked"))
    assert batch.describe_jobs(jobs=[ref])["jobs"][0]["schedulingPriority"] == 5


async def test_what_may_not_be_looked_at_is_taken_to_be_there(aws):
    for operation in ("iam:GetRole", "logs:DescribeLogGroups", "batch:DescribeJobQueues"):
        aws.faults.refuse(operation, "AccessDenied", "Not for you")
    executor = AWSBatchExecutor()
    service = await executor.connect()
    await service.check(executor.job_options())
    ref = await service.submit(job("not-looked-at"))
    assert (await ended(service, ref)).state is JobState.SUCCEEDED
    await service.close()


async def test_a_bucket_that_is_somebody_elses_is_refused(aws):
    aws.faults.refuse("s3:HeadBucket", "AccessDenied", "Access Denied")
    assert "is not open to these credentials" in await complaint()


# Credentials


async def test_without_credentials_it_says_where_they_are_looked_for(aws, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "Check the access key that the server finds" in await complaint()


async def test_credentials_that_are_no_good_are_told_by_what_to_do(aws, monkeypatch):
    aws.faults.refuse("sts:GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired")
    assert "Sign in again" in await complaint()
    aws.faults.clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    assert "Check the access key" in await complaint()


async def test_a_credentials_file_wins_over_the_environment(aws, tmp_path, monkeypatch):
    file = tmp_path / "keys"
    keys = aws.environment
    section = f"aws_access_key_id={keys['AWS_ACCESS_KEY_ID']}\naws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\n"
    file.write_text(f"[default]\n{section}\n[other]\naws_access_key_id=AKIAUNKNOWN\naws_secret_access_key=x\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    await checked(credentials=str(file))
    assert "Check the access key" in await complaint(credentials=str(file), profile="other")
    assert "profile" in await complaint(credentials=str(file), profile="third")
    executor = AWSBatchExecutor(credentials=str(file), profile="default")
    assert (
        boto3.Session(**executor.boto_session_options()).client("sts").get_caller_identity()["Account"]
        == "123456789012"
    )


async def test_a_credentials_file_that_is_missing_is_named(aws, tmp_path):
    assert "does not exist on this machine" in await complaint(credentials=str(tmp_path / "none"))


async def test_a_mistyped_region_is_refused(aws, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert "region is 'us-esat-1'" in await complaint(region="us-esat-1")
    assert "Did you mean 'us-" in await complaint(region="us-esat-1")


# Jobs


async def test_a_task_runs_and_is_seen_to(service):
    ref = await service.submit(job("one", "time.sleep(1)"))
    view = await reached(service, ref, JobState.RUNNING)
    assert view.tasks is not None
    (task,) = view.tasks
    assert (task.index, task.attempt, task.exit_code) == (0, 1, None)
    view = await ended(service, ref)
    assert (view.state, view.memory_mib) == (JobState.SUCCEEDED, 256)
    assert view.tasks is not None
    (task,) = view.tasks
    assert task.exit_code == 0
    assert task.started_at < task.ended_at
    assert ref in task.place
    assert await service.status(ref) == ("SUCCEEDED", 0)


async def test_an_array_has_a_task_for_each_index(service):
    ref = await service.submit(job("many", "sys.exit(3 * (os.environ['AWS_BATCH_JOB_ARRAY_INDEX'] == '2'))", size=5))
    view = await ended(service, ref)
    assert (view.state, view.tasks) == (JobState.FAILED, None)
    assert view.counts == {JobState.SUCCEEDED: 4, JobState.FAILED: 1} | {
        s: 0 for s in view.counts if not view.counts[s]
    }
    tasks = await service.tasks(ref, JobState)
    assert sorted(task.index for task in tasks) == [0, 1, 2, 3, 4]
    (failed,) = await service.tasks(ref, [JobState.FAILED])
    assert (failed.index, failed.exit_code, failed.is_cancelled) == (2, 3, False)


async def test_equal_jobs_share_one_definition_and_others_do_not(aws, service):
    before = definitions()
    for name, memory in (("a", 0.25), ("b", 0.5)):
        await service.submit(job(f"shares-{name}", memory=memory, vcpu=1, environment={"WHO": "shares"}))
    (added,) = definitions() - before
    assert added.startswith("covalent-batch-jobs-")
    assert added.endswith(":1")
    await service.submit(job("shares-not", environment={"WHO": "shares not"}))
    assert len(definitions() - before) == 2
    assert aws.calls().client["batch"]["RegisterJobDefinition"] == 2


async def test_a_definition_is_found_again_by_another_dispatcher(aws, service):
    await service.submit(job("first", environment={"WHO": "again"}))
    other = await AWSBatchExecutor().connect()
    await asyncio.gather(*(other.submit(job(f"again-{n}", environment={"WHO": "again"})) for n in range(3)))
    await other.close()
    calls = aws.calls().client["batch"]
    assert (calls["RegisterJobDefinition"], calls["DescribeJobDefinitions"]) == (1, 2)


async def test_a_definition_that_was_removed_is_registered_again(aws, service):
    await service.submit(job("here", environment={"WHO": "removed"}))
    batch = boto3.client("batch")
    ours = [d for d in batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"] if "covalent" in d["tags"]]
    for one in ours:
        batch.deregister_job_definition(jobDefinition=one["jobDefinitionArn"])
    ref = await service.submit(job("here-again", environment={"WHO": "removed"}))
    assert (await ended(service, ref)).state is JobState.SUCCEEDED


async def test_a_job_has_what_its_settings_say(service):
    ref = await service.submit(
        job(
            "settings",
            tags={"team": "blue"},
            shared_memory_mib=64,
            environment={"COLOUR": "green"},
            container_properties={"user": "nobody"},
            container_image_uri="python:3.11",
            retry_attempts=2,
        )
    )
    found = boto3.client("batch").describe_jobs(jobs=[ref])["jobs"][0]
    container = found["container"]
    assert container["image"] == "python:3.11"
    assert container["user"] == "nobody"
    assert container["linuxParameters"] == {"initProcessEnabled": True, "sharedMemorySize": 64}
    assert container["jobRoleArn"].endswith(":role/CovalentBatchJobRole")
    assert container["executionRoleArn"].endswith(":role/ecsTaskExecutionRole")
    assert {"name": "COLOUR", "value": "green"} in container["environment"]
    assert found["tags"] == {"team": "blue", "covalent-dispatch": "d1", "covalent": "job"}
    assert found["retryStrategy"]["attempts"] == 3
    assert found["retryStrategy"]["evaluateOnExit"][-1] == {"onReason": "*", "action": "EXIT"}


async def test_an_image_in_ecr_may_be_named_by_its_repository(service):
    ref = await service.submit(job("ecr", ecr_repo_name="covalent/tasks"))
    found = boto3.client("batch").describe_jobs(jobs=[ref])["jobs"][0]
    assert found["container"]["image"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/covalent/tasks"


async def test_fargate_gets_what_fargate_wants(service):
    ref = await service.submit(
        job(
            "fargate",
            platform="FARGATE",
            batch_queue="fargate",
            vcpu=0.3,
            disk_gib=30,
            assign_public_ip=True,
            architecture="ARM64",
        )
    )
    container = boto3.client("batch").describe_jobs(jobs=[ref])["jobs"][0]["container"]
    assert container["networkConfiguration"] == {"assignPublicIp": "ENABLED"}
    assert container["ephemeralStorage"] == {"sizeInGiB": 30}
    assert container["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert (await ended(service, ref)).state is JobState.SUCCEEDED


async def test_a_definition_of_ones_own_is_used_as_it_is(service):
    long = "pass\n" + "# a line of a program that is longer than what AWS takes beside a definition\n" * 150
    ref = await service.submit(
        job("own", f"print('own', os.environ['COLOUR'])\n{long}", job_definition="mine", environment={"COLOUR": "red"})
    )
    assert (await ended(service, ref)).state is JobState.SUCCEEDED
    found = boto3.client("batch").describe_jobs(jobs=[ref])["jobs"][0]
    assert "job-definition/mine:" in found["jobDefinition"]
    assert "own red" in (await service.logs(ref, 0, "")).data.decode()


async def test_too_much_for_a_submission_is_refused_before(service):
    with pytest.raises(ExecutorError, match=r"AWS Batch takes 8192\. Put variables into the job definition"):
        await service.submit(job("too-much", job_definition="mine", environment={"A": "b" * 9000}))
    with pytest.raises(ExecutorError, match=r"AWS Batch takes 24576\. Put less into environment"):
        await service.submit(job("much-too-much", environment={"A": "b" * 25_000}))


async def test_memory_grows_with_each_time_that_it_was_not_enough(service):
    ref = await service.submit(job("grown", out_of_memory=2))
    assert (await service.describe([ref]))[ref].memory_mib == 1024


async def test_a_job_is_found_by_its_name(service):
    await service.submit(job("by-name-and-more"))
    assert await service.find(job("by-name")) is None
    ref = await service.submit(job("by-name"))
    assert await service.find(job("by-name")) == ref


async def test_jobs_that_are_not_there_are_absent(service):
    assert await service.describe(["00000000-0000-0000-0000-000000000000"]) == {}
    with pytest.raises(ExecutorError, match="AWS Batch does not know the job"):
        await service.status("00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize("size", [1, 3])
async def test_a_task_is_cancelled_alone(service, size):
    ref = await service.submit(
        job(
            f"cancel-{size}",
            "time.sleep(1 if os.environ.get('AWS_BATCH_JOB_ARRAY_INDEX', '0') != '0' else 60)",
            size=size,
        )
    )
    await service.cancel(ref, 0, "enough")
    await ended(service, ref)
    tasks = {task.index: task for task in await service.tasks(ref, JobState)}
    assert tasks[0].is_cancelled
    assert explain(tasks[0], service.reasons).cause is Cause.CANCELLED
    assert [tasks[n].state for n in range(1, size)] == [JobState.SUCCEEDED] * (size - 1)
    await service.cancel(ref, 0, "again")


async def test_a_whole_array_is_cancelled_at_once(service):
    ref = await service.submit(job("cancel-all", "time.sleep(60)", size=4))
    await service.cancel(ref, None, "enough")
    await ended(service, ref)
    assert {task.is_cancelled for task in await service.tasks(ref, JobState)} == {True}


async def test_what_a_task_prints_is_read_while_it_runs(service):
    ref = await service.submit(job("talks", "sys.stdout.flush(); time.sleep(3); print('the end')", size=2))
    data, cursor = b"", ""
    async with asyncio.timeout(PATIENCE_S):
        while b"task 1" not in data:
            page = await service.logs(ref, 1, cursor)
            data, cursor = data + page.data, page.cursor
            await asyncio.sleep(0.1)
    assert (await service.describe([ref]))[ref].state is not JobState.SUCCEEDED
    await ended(service, ref)
    assert (await service.logs(ref, 1, cursor)).data == b"the end\n"


async def test_the_end_of_a_long_log_is_its_end_and_takes_one_call(aws, service):
    program = "[print('line', n) for n in range(400)]; print('killed', end=''); sys.stdout.flush(); os._exit(9)"
    ref = await service.submit(job("long-log", program, size=2))
    await ended(service, ref)
    aws.reset_calls()
    assert (await service.log_end(ref, 1)).endswith(b"line 398\nline 399\nkilled\n")
    assert sum(aws.calls().client["logs"].values()) == 1


async def test_a_log_that_is_not_there_yet_is_empty(aws, service):
    aws.faults.hold("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested")
    ref = await service.submit(job("waits"))
    assert (await service.logs(ref, 0, "")).data == await service.log_end(ref, 0) == b""
    async with asyncio.timeout(PATIENCE_S):
        while not (view := (await service.describe([ref]))[ref]).reason:
            await asyncio.sleep(0.1)
    assert view.state is JobState.WAITING
    assert any(wait.text.search(view.reason) for wait in service.waits)
    aws.faults.release()
    assert (await ended(service, ref)).state is JobState.SUCCEEDED


# Trouble


async def test_a_wish_for_fewer_calls_and_silence_are_told_apart(aws, service):
    aws.faults.throttle("SubmitJob", 1)
    with pytest.raises(ThrottledError):
        await service.submit(job("throttled"))
    assert await service.find(job("throttled")) is None
    aws.faults.lose_answer("SubmitJob")
    with pytest.raises(ServiceUnreachableError):
        await service.submit(job("lost-answer"))
    assert await service.find(job("lost-answer")) is not None
    assert aws.calls().client["batch"]["SubmitJob"] == 2


async def cause_of(service: AWSBatchService, ref: str) -> tuple[Cause | None, str]:
    await ended(service, ref)
    (task,) = await service.tasks(ref, JobState)
    outcome = explain(task, service.reasons)
    return outcome.cause, outcome.message


async def test_causes_are_told_apart(aws, service):
    aws.faults.lose_host(1)
    assert (await cause_of(service, await service.submit(job("host", "time.sleep(5)", retry_attempts=0))))[
        0
    ] is Cause.PREEMPTED
    aws.faults.out_of_memory()
    assert (await cause_of(service, await service.submit(job("memory", "time.sleep(5)"))))[0] is Cause.OUT_OF_MEMORY
    aws.faults.time_out()
    assert (await cause_of(service, await service.submit(job("time", "time.sleep(60)"))))[0] is Cause.TIMEOUT
    aws.faults.bad_image()
    cause, message = await cause_of(service, await service.submit(job("image")))
    assert cause is Cause.IMAGE
    assert "container_image_uri" in message


async def test_a_lost_host_is_made_good_by_the_service(aws, service):
    aws.faults.lose_host(1)
    view = await ended(service, await service.submit(job("host-again", "time.sleep(1)")))
    assert view.state is JobState.SUCCEEDED
    assert view.tasks is not None
    (task,) = view.tasks
    assert task.attempt == 2


async def test_an_image_without_python_is_told(service):
    missing = replace(job("no-python"), command=("python3-that-is-not-there", "-c", "pass"))
    cause, message = await cause_of(service, await service.submit(missing))
    assert cause is Cause.IMAGE
    assert "no python3" in message


async def test_a_role_that_cannot_be_assumed_is_told(service):
    arn = "arn:aws:iam::123456789012:role/NoSuchRole"
    cause, message = await cause_of(service, await service.submit(job("no-role", batch_job_role_name=arn)))
    assert cause is Cause.CONFIG
    assert "batch_job_role_name" in message


async def test_a_log_group_that_has_gone_is_told(service):
    cause, message = await cause_of(service, await service.submit(job("no-logs", batch_job_log_group_name="gone")))
    assert cause is Cause.CONFIG
    assert "batch_job_log_group_name" in message


def definitions() -> set[str]:
    found = boto3.client("batch").describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    return {f"{one['jobDefinitionName']}:{one['revision']}" for one in found}


def test_a_definition_fits_into_what_aws_takes():
    from covalent.executor.awsbatch.definitions import MOST_BYTES, Roles, definition
    from covalent.executor.batch.bundle import command

    container = AWSBatchExecutor().job_options().container
    content = definition(container, command("s3"), "image", Roles(job="arn", execution="arn"), "us-east-1")
    assert len(json.dumps(content)) < MOST_BYTES * 0.8
