"""Jobs of the emulated AWS Batch, run as processes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from botocore.exceptions import ClientError

from covalent.testing import EmulatedAWS, emulated_aws
from tests.support.emulated_batch import BUCKET, LOG_GROUP, QUEUE, ROLE, EmulatedBatch, shell

FARGATE = "fargate"
EXITED = "Essential container in task exited"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAWS]:
    with emulated_aws(queues=[QUEUE, f"{FARGATE}=FARGATE"], slots=4) as aws:
        yield aws


@pytest.fixture
def cloud(aws: EmulatedAWS) -> Iterator[EmulatedBatch]:
    yield EmulatedBatch(aws)
    aws.faults.clear()


def refusal(cloud: EmulatedBatch, **request: object) -> str:
    with pytest.raises(ClientError) as raised:
        cloud.submit(cloud.define("true"), **request)  # type: ignore[arg-type]
    assert raised.value.response["Error"]["Code"] == "ClientException"
    return str(raised.value)


# One job


def test_a_job_succeeds_and_says_when_and_how(cloud):
    view = cloud.run("true", name="mine")
    assert (view["status"], view["statusReason"], view["jobName"]) == ("SUCCEEDED", EXITED, "mine")
    assert view["createdAt"] <= view["startedAt"] <= view["stoppedAt"]
    (attempt,) = view["attempts"]
    assert attempt["container"]["exitCode"] == view["container"]["exitCode"] == 0
    assert not view["isCancelled"]
    assert not view["isTerminated"]


def test_a_job_that_fails_shows_its_exit_code(cloud):
    view = cloud.run(*shell("exit 7"))
    assert (view["status"], view["container"]["exitCode"]) == ("FAILED", 7)
    assert "reason" not in view["container"]


def test_a_job_that_dies_of_a_signal_ends_with_128_and_its_number(cloud):
    assert cloud.run(*shell("kill -SEGV $$"))["container"]["exitCode"] == 139


def test_a_job_sees_what_aws_and_its_definition_set_and_nothing_of_the_emulator(cloud, aws):
    code = "import json, os, sys; print(json.dumps([dict(os.environ), sys.executable, os.getcwd()]))"
    properties = {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}], "jobRoleArn": ROLE}
    overrides = {"environment": [{"name": "B", "value": "2"}]}
    view = cloud.run("python3", "-c", code, properties=properties, containerOverrides=overrides)
    seen, executable, directory = json.loads(cloud.printed(view)[0])
    assert (seen["A"], seen["B"]) == ("1", "2")
    assert seen["AWS_BATCH_JOB_ID"] == view["jobId"]
    assert (seen["AWS_BATCH_JOB_ATTEMPT"], seen["AWS_BATCH_JQ_NAME"]) == ("1", QUEUE)
    assert (seen["AWS_REGION"], seen["AWS_ENDPOINT_URL"]) == ("us-east-1", aws.endpoint)
    assert "AWS_BATCH_JOB_ARRAY_INDEX" not in seen
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "COVALENT_DATA_DIR", "PYTHONPATH"} & set(seen)
    assert executable == sys.executable
    assert directory == seen["HOME"]
    assert not os.path.exists(directory)


def test_a_job_has_its_own_identity_and_its_calls_are_counted_apart(cloud, aws):
    code = f"""
import boto3
from obstore.store import S3Store
S3Store("{BUCKET}").put("from-a-job", b"12345")
print(boto3.client("s3").get_object(Bucket="{BUCKET}", Key="from-a-job")["Body"].read())
print(boto3.client("sts").get_caller_identity()["Arn"])
"""
    aws.reset_calls()
    view = cloud.run("python3", "-c", code, properties={"jobRoleArn": ROLE})
    assert cloud.printed(view) == [
        "b'12345'",
        "arn:aws:sts::123456789012:assumed-role/CovalentBatchJobRole/emulated-job",
    ]
    calls = aws.calls()
    assert calls.job == {"s3": {"PutObject": 1, "GetObject": 1}, "sts": {"GetCallerIdentity": 1}}
    assert "s3" not in calls.client


def test_a_job_without_a_role_has_no_credentials(cloud):
    assert cloud.run(*shell('test -z "$AWS_CONTAINER_CREDENTIALS_FULL_URI"'))["status"] == "SUCCEEDED"


def test_parameters_take_the_places_of_their_references(cloud):
    view = cloud.run("echo", "Ref::what", "Ref::other", "xRef::what", parameters={"what": "one two"})
    assert cloud.printed(view) == ["one two Ref::other xRef::what"]


def test_lines_are_in_the_log_while_the_job_runs(cloud):
    job = cloud.submit(cloud.define(*shell("echo one; echo; echo two >&2; sleep 30")))
    view = cloud.running(job)
    stream = view["container"]["logStreamName"]
    deadline = time.monotonic() + 10
    while len(cloud.printed(view)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    place = {"logGroupName": "/aws/batch/job", "logStreamName": stream, "startFromHead": True}
    page = cloud.logs.get_log_events(**place, limit=1)
    assert [event["message"] for event in page["events"]] == ["one"]
    page = cloud.logs.get_log_events(**place, nextToken=page["nextForwardToken"])
    assert [event["message"] for event in page["events"]] == ["two"]
    last = cloud.logs.get_log_events(**place, nextToken=page["nextForwardToken"])
    assert (last["events"], last["nextForwardToken"]) == ([], page["nextForwardToken"])
    cloud.batch.terminate_job(jobId=job, reason="seen")
    cloud.end(job)


def test_long_and_unfinished_and_undecodable_lines_arrive(cloud):
    code = r"import sys; sys.stdout.buffer.write(b'x' * 300_000 + b'\n\xff\n' + b'end')"
    printed = cloud.printed(cloud.run("python3", "-c", code))
    assert [len(line) for line in printed] == [262_144, 300_000 - 262_144, 1, 3]


def test_the_log_goes_where_the_definition_says(cloud):
    options = {"awslogs-group": LOG_GROUP, "awslogs-stream-prefix": "mine"}
    view = cloud.run("echo", "hello", properties={"logConfiguration": {"logDriver": "awslogs", "options": options}})
    assert view["container"]["logStreamName"].startswith("mine/default/")
    assert cloud.printed(view, LOG_GROUP) == ["hello"]


LEAVES_A_DAEMON = """
import os
if os.fork() == 0:
    os.setsid()
    pid = os.fork()
    if pid == 0:
        os.execvp("sleep", ["sleep", "60"])
    print(pid, flush=True)
    os._exit(0)
os.wait()
"""


def test_what_a_job_leaves_running_ends_with_it(cloud):
    (pid,) = map(int, cloud.printed(cloud.run("python3", "-c", LEAVES_A_DAEMON)))
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(pid).name() != "sleep"


# Limits


def test_a_job_over_its_memory_is_killed(cloud):
    code = "import time; data = bytearray(200 * 2**20); time.sleep(30)"
    view = cloud.end(cloud.submit(cloud.define("python3", "-c", code, memory="100")))
    assert (view["status"], view["container"]["exitCode"]) == ("FAILED", 137)
    assert view["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_what_asks_for_more_than_any_machine_has_stays_runnable_and_says_why(cloud):
    views = [cloud.define("true", vcpus=vcpus, memory=memory) for vcpus, memory in (("1", "9000000"), ("300", "512"))]
    jobs = [cloud.submit(definition) for definition in views]
    gpus = [{"type": kind, "value": value} for kind, value in (("VCPU", "1"), ("MEMORY", "512"), ("GPU", "1"))]
    jobs.append(cloud.submit(cloud.define("true", properties={"resourceRequirements": gpus})))
    reasons = [cloud.describe(job)["statusReason"].partition(" ")[0] for job in jobs]
    too_large, too_many = (
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    )
    assert reasons == [too_large, too_many, too_large]
    assert {cloud.describe(job)["status"] for job in jobs} == {"RUNNABLE"}
    for job in jobs:
        cloud.batch.cancel_job(jobId=job, reason="never")


def test_overrides_that_are_too_long_are_refused_only_after_the_submission(cloud):
    variable = {"name": "LONG", "value": "x" * 8192}
    view = cloud.end(cloud.submit(cloud.define("true"), containerOverrides={"environment": [variable]}))
    assert view["status"] == "FAILED"
    assert view["statusReason"] == "Container Overrides length must be at most 8192"
    assert view["attempts"] == []


# What cannot start


@pytest.mark.parametrize("part", ["jobRoleArn", "executionRoleArn"])
def test_a_role_that_does_not_exist_fails_the_job(cloud, part):
    view = cloud.run("true", properties={part: "arn:aws:iam::123456789012:role/nobody"})
    assert view["status"] == "FAILED"
    assert view["statusReason"].startswith("ECS was unable to assume the role 'arn:aws:iam::123456789012:role/nobody'")


def test_a_log_group_that_does_not_exist_fails_the_job(cloud):
    options = {"awslogs-group": "nowhere"}
    view = cloud.run("true", properties={"logConfiguration": {"logDriver": "awslogs", "options": options}})
    assert view["statusReason"] == "Task failed to start"
    assert view["container"]["reason"].startswith("CannotStartContainerError:")
    assert view["container"]["reason"].endswith("The specified log group does not exist.")


def test_a_command_that_does_not_exist_fails_the_job(cloud):
    view = cloud.run("no-such-program")
    assert view["statusReason"] == "Task failed to start"
    assert 'exec: "no-such-program": executable file not found in $PATH' in view["container"]["reason"]
    assert "exitCode" not in view["container"]


def test_an_init_process_finds_a_missing_command_too_late(cloud):
    view = cloud.run("no-such-program", properties={"linuxParameters": {"initProcessEnabled": True}})
    assert (view["statusReason"], view["container"]["exitCode"]) == (EXITED, 127)


# Attempts


def test_a_failed_attempt_is_repeated_as_often_as_the_strategy_says(cloud):
    script = "echo try $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 3"
    view = cloud.run(*shell(script), retryStrategy={"attempts": 5})
    assert view["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in view["attempts"]] == [1, 1, 0]
    assert len({attempt["container"]["logStreamName"] for attempt in view["attempts"]}) == 3
    assert cloud.printed(view) == ["try 3"]


@pytest.mark.parametrize(
    ("conditions", "attempts"),
    [
        ([{"onExitCode": "4*", "action": "EXIT"}], 1),
        ([{"onExitCode": "5", "action": "EXIT"}], 3),
        ([{"onExitCode": "42", "onReason": "Cannot*", "action": "EXIT"}, {"onReason": "*", "action": "exit"}], 1),
        ([{"onStatusReason": "Essential*", "action": "retry"}, {"onReason": "*", "action": "EXIT"}], 3),
    ],
)
def test_conditions_decide_whether_there_is_another_attempt(cloud, conditions, attempts):
    strategy = {"attempts": 3, "evaluateOnExit": conditions}
    view = cloud.end(cloud.submit(cloud.define(*shell("exit 42"), retryStrategy=strategy)))
    assert len(view["attempts"]) == attempts


# Faults


LOST_HOSTS_ONLY = {
    "attempts": 3,
    "evaluateOnExit": [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    ],
}


def test_a_lost_host_costs_an_attempt(cloud, aws):
    aws.faults.lose_host()
    script = 'test "$AWS_BATCH_JOB_ATTEMPT" = 2 || sleep 60'
    view = cloud.run(*shell(script), retryStrategy=LOST_HOSTS_ONLY)
    assert view["status"] == "SUCCEEDED"
    first, second = view["attempts"]
    assert first["statusReason"].startswith("Host EC2 (instance i-")
    assert first["statusReason"].endswith(") terminated.")
    assert "exitCode" not in first["container"]
    assert second["container"]["exitCode"] == 0


def test_faults_of_attempts_look_as_they_do_on_aws(cloud, aws):
    aws.faults.out_of_memory()
    view = cloud.run("sleep", "60")
    assert view["container"]["reason"].startswith("OutOfMemoryError")
    aws.faults.time_out()
    view = cloud.run("sleep", "60", retryStrategy={"attempts": 3})
    assert view["statusReason"] == "Job attempt duration exceeded timeout"
    assert len(view["attempts"]) == 1
    aws.faults.bad_image()
    view = cloud.run("true")
    assert view["container"]["reason"].startswith("CannotPullContainerError:")


def test_held_jobs_wait_with_a_reason_until_they_are_released(cloud, aws):
    aws.faults.hold("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none left")
    job = cloud.submit(cloud.define("true"))
    time.sleep(0.2)
    view = cloud.describe(job)
    assert (view["status"], view["statusReason"]) == ("RUNNABLE", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none left")
    aws.faults.release()
    assert cloud.end(job)["status"] == "SUCCEEDED"


def test_a_slow_start_delays_every_job(cloud, aws):
    aws.faults.slow_start(0.5)
    view = cloud.run("true")
    assert view["startedAt"] - view["createdAt"] >= 490


# Ending


def test_a_running_job_is_terminated(cloud):
    job = cloud.submit(cloud.define("sleep", "60"))
    cloud.running(job)
    cloud.batch.cancel_job(jobId=job, reason="too late for this")
    cloud.batch.terminate_job(jobId=job, reason="enough")
    view = cloud.end(job)
    assert (view["status"], view["statusReason"], view["isTerminated"]) == ("FAILED", "enough", True)
    assert view["container"]["exitCode"] == 143
    assert not view["isCancelled"]


def test_a_waiting_job_is_cancelled(cloud, aws):
    aws.faults.hold()
    job = cloud.submit(cloud.define("true"))
    cloud.batch.cancel_job(jobId=job, reason="not needed")
    view = cloud.end(job)
    assert (view["status"], view["statusReason"], view["isCancelled"]) == ("FAILED", "not needed", True)
    assert view["attempts"] == []


def test_ending_what_has_ended_or_never_was_is_no_error(cloud):
    view = cloud.run("true")
    for job in (view["jobId"], "8c3a3d5e-0000-0000-0000-000000000000"):
        cloud.batch.terminate_job(jobId=job, reason="again")
        cloud.batch.cancel_job(jobId=job, reason="again")
    assert cloud.describe(view["jobId"])["status"] == "SUCCEEDED"


# Dependencies


def test_a_job_waits_for_those_it_depends_on(cloud):
    first = cloud.submit(cloud.define(*shell("sleep 0.3")))
    second = cloud.submit(cloud.define("true"), dependsOn=[{"jobId": first}])
    assert cloud.describe(second)["status"] == "PENDING"
    assert cloud.end(second)["startedAt"] >= cloud.describe(first)["stoppedAt"]


def test_a_job_fails_with_those_it_depends_on(cloud):
    first = cloud.submit(cloud.define("false"))
    second = cloud.end(cloud.submit(cloud.define("true"), dependsOn=[{"jobId": first}]))
    assert (second["status"], second["statusReason"]) == ("FAILED", "Dependent Job failed")


# What is refused


def test_an_unknown_queue_or_definition_is_refused(cloud):
    assert "JobQueue nowhere not found." in refusal(cloud, queue="nowhere")
    with pytest.raises(ClientError, match="JobDefinition name nothing does not exist or is not in ACTIVE status"):
        cloud.submit("nothing")


def test_a_disabled_queue_takes_no_jobs(cloud):
    cloud.batch.update_job_queue(jobQueue=FARGATE, state="DISABLED")
    try:
        assert "DISABLED" in refusal(cloud, queue=FARGATE)
    finally:
        cloud.batch.update_job_queue(jobQueue=FARGATE, state="ENABLED")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"name": "-wrong"}, "Provided name -wrong is not supported pattern"),
        ({"arrayProperties": {"size": 1}}, "Array size must be between 2 and 10000"),
        ({"arrayProperties": {"size": 10_001}}, "Array size must be between 2 and 10000"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60 seconds"),
        ({"retryStrategy": {"attempts": 11}}, "attempts must be between 1 and 10"),
        ({"retryStrategy": {"evaluateOnExit": [{"action": "EXIT", "onReason": "*"}]}}, "attempts must be specified"),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT", "onReason": "*x"}]}},
            "asterisk only at",
        ),
        ({"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT"}]}}, "at least one of"),
        (
            {
                "retryStrategy": {
                    "attempts": 2,
                    "evaluateOnExit": [{"action": "EXIT", "onReason": "Host EC2 (instance*"}],
                }
            },
            "only letters, numbers, periods",
        ),
        (
            {"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": ""}]}},
            "cannot start with AWS_BATCH",
        ),
        ({"containerOverrides": {"command": ["x" * 31_000]}}, "Job size must be less than 30 KiB, got 30 KiB"),
        ({"tags": {f"k{n}": "v" for n in range(51)}}, "At most 50 tags"),
        ({"shareIdentifier": "mine"}, "Share identifier can be specified"),
        ({"dependsOn": [{"jobId": "nobody"}]}, "Job nobody, on which the job depends, does not exist"),
        ({"queue": FARGATE}, "platformCapabilities do not match"),
    ],
)
def test_a_submission_that_aws_does_not_take_is_refused(cloud, request_, message):
    assert message in refusal(cloud, **request_)


def test_definitions_are_described_by_revision_or_by_name_and_status(cloud):
    arn = cloud.define("true")
    name = arn.rpartition("/")[2].partition(":")[0]
    describe = cloud.batch.describe_job_definitions
    for named in (arn, arn.rpartition("/")[2]):
        assert [one["jobDefinitionArn"] for one in describe(jobDefinitions=[named])["jobDefinitions"]] == [arn]
    for refused in (
        {"jobDefinitions": [name]},
        {"jobDefinitions": [arn.rpartition(":")[0]]},
        {"jobDefinitions": [arn], "status": "ACTIVE"},
    ):
        with pytest.raises(ClientError, match="jobDefinitions"):
            describe(**refused)


def test_fargate_takes_only_its_own_sizes(cloud):
    properties = {"executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"}
    capabilities = {"platformCapabilities": ["FARGATE"], "properties": properties}
    with pytest.raises(ClientError, match=r"Fargate resource requirements \(1.00 vCPU, 4000 MiB\) not valid"):
        cloud.define("true", memory="4000", **capabilities)
    definition = cloud.define("true", vcpus="0.25", **capabilities)
    assert cloud.end(cloud.submit(definition, queue=FARGATE))["status"] == "SUCCEEDED"
    overrides = {"resourceRequirements": [{"type": "MEMORY", "value": "513"}]}
    with pytest.raises(ClientError, match=r"0.25 vCPU, 513 MiB"):
        cloud.submit(definition, queue=FARGATE, containerOverrides=overrides)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"vcpus": "0.5"}, "vCPU 0.5 is not valid"),
        ({"vcpus": "two"}, "not a number"),
        ({"memory": "3"}, "at least 4 MiB"),
        ({"properties": {"resourceRequirements": [{"type": "VCPU", "value": "1"}]}}, "Memory is not provided"),
        ({"properties": {"resourceRequirements": [{"type": "MEMORY", "value": "8"}]}}, "vCPU is not provided"),
        ({"name": "wrong name"}, "Provided name wrong name is not supported"),
        ({"properties": {"command": ["x" * 25_000]}}, "Job definition size must be less than 24 KiB"),
        ({"timeout": {"attemptDurationSeconds": 1}}, "at least 60 seconds"),
    ],
)
def test_a_definition_that_aws_does_not_take_is_refused(cloud, definition, message):
    with pytest.raises(ClientError, match=message):
        cloud.define("true", **definition)


# Definitions


def test_definitions_have_revisions_and_the_newest_active_one_is_taken(cloud):
    arns = [cloud.define("echo", str(number), name="revised") for number in range(3)]
    assert [arn.rpartition(":")[2] for arn in arns] == ["1", "2", "3"]
    cloud.batch.deregister_job_definition(jobDefinition=arns[2])
    assert cloud.printed(cloud.end(cloud.submit("revised"))) == ["1"]
    assert cloud.printed(cloud.end(cloud.submit("revised:1"))) == ["0"]
    with pytest.raises(ClientError, match="not in ACTIVE status"):
        cloud.submit(arns[2])
    assert cloud.define("true", name="revised").endswith(":4")


def test_definitions_are_described_in_pages(cloud):
    for number in range(5):
        cloud.define("true", name="paged", tags={"number": str(number)})
    pages = cloud.batch.get_paginator("describe_job_definitions").paginate(
        jobDefinitionName="paged", status="ACTIVE", PaginationConfig={"PageSize": 2}
    )
    found = [each for page in pages for each in page["jobDefinitions"]]
    assert [(each["revision"], each["tags"]["number"]) for each in found] == [(n, str(n - 1)) for n in (5, 4, 3, 2, 1)]


def test_tags_are_kept_and_changed(cloud):
    arn = cloud.define("true", name="tagged", tags={"a": "1", "b": "2"})
    cloud.batch.tag_resource(resourceArn=arn, tags={"b": "3"})
    cloud.batch.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert cloud.batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "3"}
    job = cloud.submit(arn, tags={"dispatch": "x"})
    assert cloud.end(job)["tags"] == {"dispatch": "x"}


def test_queues_and_compute_environments_are_described_in_pages(cloud):
    for operation, kind in (
        ("describe_job_queues", "jobQueues"),
        ("describe_compute_environments", "computeEnvironments"),
    ):
        describe = getattr(cloud.batch, operation)
        whole = describe()[kind]
        assert len(whole) > 1
        pages = list(cloud.batch.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1}))
        assert [len(page[kind]) for page in pages] == [1] * len(whole)
        assert [one for page in pages for one in page[kind]] == whole
        with pytest.raises(ClientError, match="Invalid nextToken"):
            describe(nextToken="none of ours")
