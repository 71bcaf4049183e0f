"""What AWS Batch says, held against the tables of the executor."""

from __future__ import annotations

import fnmatch
import subprocess
import sys

import pytest

from covalent.errors import ExecutorError
from covalent.executor.awsbatch.checks import Checks
from covalent.executor.awsbatch.definitions import HASH_CHARS, Roles, definition, name_of
from covalent.executor.awsbatch.executor import AWSBatchExecutor
from covalent.executor.awsbatch.fitting import architecture_of, refuse_compute, resources_of
from covalent.executor.awsbatch.reasons import LOST_HOST, REASONS, WAITS
from covalent.executor.awsbatch.service import compact
from covalent.executor.awsbatch.views import job_view, task_view
from covalent.executor.batch.causes import explain
from covalent.executor.batch.service import JobState
from covalent.states import Cause

ROLES = Roles(job="arn:aws:iam::1:role/job", execution="arn:aws:iam::1:role/execution")


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home):
    """None of what is configured elsewhere counts."""


def failed(
    status_reason: str = "", reason: str = "", exit_code: int | None = None, **more: object
) -> dict[str, object]:
    container = {"reason": reason, **({} if exit_code is None else {"exitCode": exit_code})}
    return {"jobId": "j", "status": "FAILED", "statusReason": status_reason, "container": container, **more}


TASK_FAILED = "Essential container in task exited"


@pytest.mark.parametrize(
    ("job", "cause", "said"),
    [
        (failed("Job attempt duration exceeded timeout", "", 137), Cause.TIMEOUT, "time_limit"),
        (failed("Job attempt duration exceeded timeout", "", None, isTerminated=True), Cause.TIMEOUT, "time_limit"),
        (failed("Your Spot Task was interrupted."), Cause.PREEMPTED, "spot"),
        (failed("Host EC2 (instance i-0123456789abcdef0) terminated."), Cause.PREEMPTED, "instance"),
        (
            failed(TASK_FAILED, "OutOfMemoryError: Container killed due to memory usage", 137),
            Cause.OUT_OF_MEMORY,
            "memory",
        ),
        (failed(TASK_FAILED, "OutofMemory: killed", 137), Cause.OUT_OF_MEMORY, "memory"),
        (failed(TASK_FAILED, "", 137), Cause.OUT_OF_MEMORY, "137"),
        (
            failed(
                "Task failed to start", "CannotPullContainerError: pull access denied for x, repository does not exist"
            ),
            Cause.IMAGE,
            "does not let AWS pull",
        ),
        (
            failed("Task failed to start", "CannotPullContainerError: Error response from daemon: manifest unknown"),
            Cause.IMAGE,
            "There is no such image",
        ),
        (failed("CannotPullContainerError: dial tcp: i/o timeout"), Cause.IMAGE, "reaches the registry"),
        (failed(TASK_FAILED, 'exec: "python3": executable file not found in $PATH', 127), Cause.IMAGE, "no python3"),
        (failed(TASK_FAILED, "", 127), Cause.IMAGE, "no python3"),
        (failed(TASK_FAILED, "exec /usr/bin/python3: exec format error", 1), Cause.IMAGE, "another processor"),
        (
            failed("ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task."),
            Cause.CONFIG,
            "batch_job_role_name",
        ),
        (
            failed(
                "Task failed to start", "CannotStartContainerError: failed to initialize logging driver: no such group"
            ),
            Cause.CONFIG,
            "batch_job_log_group_name",
        ),
        (
            failed(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed"
            ),
            Cause.CONFIG,
            "secrets",
        ),
        (failed("ResourceInitializationError: network"), Cause.CONFIG, "subnets"),
        (
            failed("Container Overrides length must be at most 8192"),
            Cause.CONFIG,
            "so much",
        ),
        (
            failed(
                "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
                isCancelled=True,
            ),
            Cause.CONFIG,
            "gave it up",
        ),
        (
            failed(
                "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
                isCancelled=True,
            ),
            Cause.QUOTA,
            "gave it up",
        ),
        (failed("Cancelled through Covalent", "", 143, isTerminated=True), Cause.CANCELLED, "cancelled"),
        (failed("stopped in the console", isCancelled=True), Cause.CANCELLED, "cancelled"),
        (failed("a sentence that nobody has seen before"), Cause.UNKNOWN, "nobody has seen before"),
    ],
)
def test_reasons_have_their_causes(job, cause, said):
    outcome = explain(task_view(job), REASONS)
    assert outcome.cause is cause
    assert said in outcome.message


@pytest.mark.parametrize(
    "reason",
    [
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [c5.large]",
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than can be met",
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - The requested configuration is not supported",
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - Batch service role has a permission issue",
        "ACTION_REQUIRED - CE(s) associated with the job queue are invalid",
        "UNDETERMINED - Batch job is blocked, root cause is undetermined",
    ],
)
def test_every_reason_to_wait_has_its_own_words(reason):
    first = next(wait for wait in WAITS if wait.text.search(reason))
    assert sum(wait.message == first.message for wait in WAITS) == 1
    assert reason.partition(" ")[0].rpartition(":")[2] in first.text.pattern


@pytest.mark.parametrize("reason", ["Host EC2 (instance i-0123) terminated.", "Your Spot Task was interrupted."])
def test_the_service_starts_again_what_lost_its_host(reason):
    assert any(fnmatch.fnmatchcase(reason, glob) for glob in LOST_HOST)


def test_what_is_known_of_a_task_is_told():
    job = {
        "jobId": "j:3",
        "status": "FAILED",
        "statusReason": TASK_FAILED,
        "arrayProperties": {"index": 3},
        "startedAt": 1000,
        "stoppedAt": 3500,
        "attempts": [
            {"stoppedAt": 1, "container": {}},
            {"stoppedAt": 2, "container": {"exitCode": 4, "logStreamName": "s"}},
        ],
        "container": {"reason": "because"},
    }
    view = task_view(job)
    assert (view.index, view.attempt, view.exit_code, view.reason) == (3, 2, 4, "because")
    assert (view.started_at, view.ended_at) == (1.0, 3.5)
    assert view.place == "AWS Batch job j:3, log stream s"


def test_a_task_that_runs_again_shows_nothing_of_its_earlier_end():
    job = {
        "jobId": "j",
        "status": "RUNNING",
        "attempts": [{"stoppedAt": 1, "container": {"exitCode": 137}}],
        "container": {},
    }
    view = task_view(job)
    assert (view.state, view.attempt, view.exit_code) == (JobState.RUNNING, 2, None)


def test_states_of_an_array_are_counted():
    summary = {"SUBMITTED": 1, "PENDING": 0, "RUNNABLE": 2, "STARTING": 0, "RUNNING": 3, "SUCCEEDED": 4, "FAILED": 0}
    view = job_view({"jobId": "j", "status": "PENDING", "arrayProperties": {"size": 10, "statusSummary": summary}})
    assert view.tasks is None
    assert {state: count for state, count in view.counts.items() if count} == {
        JobState.WAITING: 3,
        JobState.RUNNING: 3,
        JobState.SUCCEEDED: 4,
    }


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("optimal", "X86_64"),
        ("default_arm64", "ARM64"),
        ("c7g", "ARM64"),
        ("m6gd.large", "ARM64"),
        ("a1.medium", "ARM64"),
        ("t4g.small", "ARM64"),
        ("g5.xlarge", "X86_64"),
        ("g5g.xlarge", "ARM64"),
        ("c7i-flex.large", "X86_64"),
        ("u7i-12tb.224xlarge", "X86_64"),
        ("im4gn.large", "ARM64"),
    ],
)
def test_processors_are_told_from_names_of_instances(name, architecture):
    assert architecture_of(name) == architecture


@pytest.mark.parametrize(
    "environment",
    [
        {"computeResources": {"type": "ECS_MANAGED_INSTANCES", "maxvCpus": 256}},
        {"computeResources": {"type": "EC2", "maxvCpus": 256}, "containerOrchestrationType": "EKS"},
    ],
)
def test_machines_that_take_jobs_of_another_form_are_none_for_tasks(environment):
    options = AWSBatchExecutor().job_options()
    with pytest.raises(
        ExecutorError, match=r"platform is EC2, but the job queue 'q' has (ECS_MANAGED_INSTANCES|EKS) only"
    ):
        refuse_compute("q", [resources_of(environment)], options)
    refuse_compute("q", [resources_of(environment), {"type": "SPOT", "maxvCpus": 256}], options)


async def test_a_queue_for_which_aws_chooses_machines_is_not_judged_by_those_of_others():
    class NoClients:
        async def call(self, *named: object, **given: object) -> dict[str, object]:
            raise AssertionError("with no environment named, AWS describes all that the account has")

    assert list(await Checks(NoClients(), "us-east-1").environments({"jobQueueName": "q"})) == []


def content(**settings: object) -> dict[str, object]:
    container = AWSBatchExecutor(**settings).job_options().container
    return definition(container, ("python3", "-c", "pass"), "image", ROLES, "us-east-1")


def test_definitions_are_named_by_what_is_in_them():
    container = AWSBatchExecutor().job_options().container
    name = name_of(container, content())
    assert name == name_of(container, content(vcpu=8, memory=16, time_limit=5, tags={"a": "b"}))
    assert name != name_of(container, content(shared_memory_mib=64))
    assert len(name) == len("covalent-batch-jobs-") + HASH_CHARS


def test_ones_own_properties_win():
    properties = content(container_properties={"linuxParameters": {"devices": []}, "ulimits": []})[
        "containerProperties"
    ]
    assert properties["linuxParameters"] == {"devices": []}
    assert properties["ulimits"] == []


def test_secrets_and_logs_are_written_as_aws_wants_them():
    arn = "arn:aws:secretsmanager:us-east-1:1:secret:x"
    properties = content(secrets={"KEY": arn})["containerProperties"]
    assert properties["secrets"] == [{"name": "KEY", "valueFrom": arn}]
    assert properties["logConfiguration"]["options"]["awslogs-group"] == "covalent-batch-job-logs"
    assert "logConfiguration" not in content(batch_job_log_group_name="")["containerProperties"]
    assert "jobRoleArn" in properties


def test_a_compact_command_runs_the_same_program():
    source = "import sys; print('ran', sys.argv[1:])\n" + "# what nobody needs\n" * 500
    start, flag, packed = compact(("python3", "-c", source))
    assert (start, flag) == ("python3", "-c")
    assert len(packed) < 500
    assert subprocess.run([sys.executable, "-c", packed, "x"], capture_output=True, text=True).stdout == "ran ['x']\n"
    assert compact(("sh", "run.sh")) == ["sh", "run.sh"]
