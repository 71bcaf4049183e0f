"""What Google Batch says, held against the tables of the executor."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.batch_v1 import Job, JobStatus, StatusEvent, Task, TaskExecution, TaskStatus
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

from covalent.executor.batch.causes import explain
from covalent.executor.batch.logs import split
from covalent.executor.batch.service import Job as OurJob
from covalent.executor.batch.service import JobState
from covalent.executor.batch.why import explained
from covalent.executor.gcpbatch import GCPBatchExecutor, jobs, logs
from covalent.executor.gcpbatch.reasons import REASONS, WAITS
from covalent.executor.gcpbatch.session import Account
from covalent.executor.gcpbatch.views import JOB_STATES, TASK_STATES, JobFacts, job_facts, job_view, task_view
from covalent.states import Cause

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
ACCOUNT = Account(project="my-gcp-project-id", region="us-east1")
RUNS = JobFacts(uid="u", is_final=False, is_cancelled=False, reason="", image="python:3.11")


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home):
    """None of what is configured elsewhere counts."""


def event(after_s: float, description: str, exit_code: int | None = None) -> StatusEvent:
    found = StatusEvent(description=description, event_time=BEGAN + timedelta(seconds=after_s))
    if exit_code is not None:
        found.task_execution = TaskExecution(exit_code=exit_code)
    return found


def task(state: str, *events: StatusEvent, index: int = 0) -> Any:
    status = TaskStatus(state=state, status_events=events)
    return Task.pb(Task(name=f"projects/p/locations/l/jobs/j/taskGroups/group0/tasks/{index}", status=status))


def job(state: str, *events: StatusEvent, counts: dict[str, int] | None = None) -> Any:
    status = JobStatus(state=state, status_events=events)
    if counts:
        status.task_groups = {"group0": JobStatus.TaskGroupStatus(counts=counts)}
    groups = [{"task_spec": {"compute_resource": {"memory_mib": 512}}}]
    return Job.pb(Job(name="projects/p/locations/l/jobs/j", uid="u", status=status, task_groups=groups))


RUNNING = event(1, "Task state is updated from ASSIGNED to RUNNING on zones/z/instances/1")


def test_every_state_of_the_library_has_its_place_in_the_tables():
    assert set(JOB_STATES) == {state.name for state in JobStatus.State}
    assert set(TASK_STATES) == {state.name for state in TaskStatus.State}


@pytest.mark.parametrize(
    ("code", "cause", "said"),
    [
        (1, Cause.UNKNOWN, "exit code 1"),
        (50001, Cause.PREEMPTED, "spot"),
        (50002, Cause.HOST, "stopped reporting"),
        (50003, Cause.HOST, "restarted"),
        (50004, Cause.HOST, "did not answer"),
        (50005, Cause.TIMEOUT, "time_limit"),
        (50006, Cause.HOST, "made anew"),
        (125, Cause.IMAGE, "container_image_uri"),
        (126, Cause.IMAGE, "processor"),
        (127, Cause.IMAGE, "no python3"),
        (137, Cause.OUT_OF_MEMORY, "Raise memory"),
    ],
)
def test_exit_codes_have_their_causes(code, cause, said):
    failed = event(9, f"Task state is updated from RUNNING to FAILED with exit code {code}.", code)
    outcome = explain(task_view("j", task("FAILED", RUNNING, failed), RUNS), REASONS)
    assert (outcome.cause, outcome.exit_code) == (cause, code)
    assert said in outcome.message


def test_a_code_is_found_in_the_words_where_it_is_nowhere_else():
    view = task_view("j", task("FAILED", RUNNING, event(9, "RUNNING to FAILED with exit code 50001")), RUNS)
    assert view.exit_code == 50001


def test_the_newest_event_counts_wherever_it_is_written():
    late = event(9, "Task state is updated from RUNNING to FAILED with exit code 7.", 7)
    early = event(2, "Task state is updated from RUNNING to PENDING with exit code 50001.", 50001)
    again = event(5, "Task state is updated from ASSIGNED to RUNNING")
    view = task_view("j", task("FAILED", late, again, RUNNING, early), RUNS)
    assert (view.exit_code, view.attempt) == (7, 2)
    assert (view.started_at, view.ended_at) == (BEGAN.timestamp() + 5, BEGAN.timestamp() + 9)


def test_a_task_that_succeeded_at_last_shows_nothing_of_its_earlier_end():
    early = event(2, "Task state is updated from RUNNING to PENDING with exit code 50001.", 50001)
    view = task_view("j", task("SUCCEEDED", RUNNING, early), RUNS)
    assert (view.state, view.exit_code, view.status_reason) == (JobState.SUCCEEDED, 0, "")


def test_a_task_that_runs_has_no_exit_code():
    early = event(2, "Task state is updated from RUNNING to PENDING with exit code 50001.", 50001)
    assert task_view("j", task("RUNNING", RUNNING, early), RUNS).exit_code is None


@pytest.mark.parametrize("state", ["PENDING", "UNEXECUTED", "RUNNING"])
def test_a_task_of_a_cancelled_job_was_cancelled(state):
    facts = job_facts(job("CANCELLED", event(1, "Job state is set from CANCELLATION_IN_PROGRESS to CANCELLED")))
    view = task_view("j", task(state), facts)
    assert view.state is JobState.FAILED
    assert explain(view, REASONS).cause is Cause.CANCELLED
    assert not task_view("j", task("SUCCEEDED"), facts).is_cancelled


@pytest.mark.parametrize(
    ("said", "cause", "setting"),
    [
        (
            "Job state is set from SCHEDULED to FAILED for job projects/1/locations/l/jobs/j. No VM has agent reporting "
            "correctly within the time window 1080 seconds.",
            Cause.CONFIG,
            "service_account_email roles/batch.agentReporter",
        ),
        ("VM in Managed Instance Group meets error: Batch Error: code - CODE_GCE_QUOTA_EXCEEDED", Cause.QUOTA, "vcpus"),
        ("Batch Error: code - CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED", Cause.QUOTA, "allowed_locations"),
        ("Batch Error: code - CODE_MACHINE_TYPE_NOT_FOUND, description - no n9", Cause.CONFIG, "machine_type"),
        ("Batch Error: code - CODE_GCE_PERMISSION_DENIED", Cause.CONFIG, "service agent"),
        ("Compute Engine API has not been used in project 1 before or it is disabled.", Cause.CONFIG, "Enable"),
        ("The service account x@y does not exist", Cause.CONFIG, "service_account_email"),
        (
            "Job gets no longer retryable information Batch Error: code - CODE_GCE_RESOURCE_NOT_FOUND, description - googleapi: Error "
            "404: The resource 'projects/1/global/networks/default' was not found, notFound, already retried 3 times",
            Cause.CONFIG,
            "Set network and subnetwork",
        ),
        ("Batch Error: code - CODE_GCE_RESOURCE_NOT_FOUND, description - no such", Cause.CONFIG, "reservation"),
        (
            "Error 412: Constraint constraints/compute.vmExternalIpAccess violated for project 1. Add instance",
            Cause.CONFIG,
            "assign_public_ip",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_last", [True, False])
def test_a_job_that_could_not_run_says_why_for_each_of_its_tasks(said, cause, setting, is_last):
    scheduled = "Job state is set from QUEUED to SCHEDULED for job projects/1/locations/l/jobs/j."
    # The service may say so in the words with which the job fails, or in an event of its own before these.
    last = event(6, "Job state is set from SCHEDULED to FAILED for job projects/1/locations/l/jobs/j.")
    facts = job_facts(job("FAILED", *([] if is_last else [last]), event(0, scheduled), event(5, said)))
    outcome = explain(task_view("j", task("PENDING"), facts), REASONS)
    assert outcome.cause is cause
    assert setting in outcome.message
    assert not outcome.started


def test_what_was_wrong_before_a_job_went_on_is_not_why_it_failed():
    changes = [f"Job state is set from {one} for job j." for one in ("QUEUED to SCHEDULED", "SCHEDULED to FAILED")]
    quota = event(1, "Batch Error: code - CODE_GCE_QUOTA_EXCEEDED")
    assert job_facts(job("FAILED", quota, event(2, changes[0]), event(3, changes[1]))).reason == changes[1]


@pytest.mark.parametrize(
    ("said", "setting"),
    [
        ("The resource 'projects/1/regions/r/subnetworks/s' was not found", "Set network and subnetwork"),
        ("Quota 'CPUS' exceeded. CODE_GCE_QUOTA_EXCEEDED", "higher quota"),
        ("code - CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED", "allowed_locations"),
        ("lacks the permission batch.states.report", "roles/batch.agentReporter"),
        ("Compute Engine API has not been used in project 1 before or it is disabled", "Enable"),
        ("Job state is set from QUEUED to SCHEDULED for job j", "making the machines"),
    ],
)
def test_a_job_that_waits_says_what_for(said, setting):
    view = job_view(job("QUEUED", event(7, said), event(1, "Job state is set from STATE_UNSPECIFIED to QUEUED")))
    assert view.state is JobState.WAITING
    assert setting in explained(WAITS, view.reason)


def test_states_of_tasks_are_counted():
    view = job_view(job("RUNNING", counts={"PENDING": 3, "ASSIGNED": 1, "RUNNING": 2, "SUCCEEDED": 4, "UNEXECUTED": 5}))
    assert view.counts == {
        JobState.WAITING: 3,
        JobState.STARTING: 1,
        JobState.RUNNING: 2,
        JobState.SUCCEEDED: 4,
        JobState.FAILED: 5,
    }
    assert (view.ref, view.memory_mib, view.tasks) == ("j", 512, None)


def test_a_job_whose_first_machine_is_there_is_being_started():
    assert job_view(job("SCHEDULED", counts={"PENDING": 3, "ASSIGNED": 1})).state is JobState.STARTING
    assert job_view(job("SCHEDULED", counts={"PENDING": 4})).state is JobState.WAITING


# What is submitted


def request(size: int = 1, *, out_of_memory: int = 0, **settings: Any) -> Any:
    executor = GCPBatchExecutor(**{"project_id": ACCOUNT.project, "bucket_name": "abc", **settings})
    ours = OurJob(
        name="ct-1",
        size=size,
        command=("python3", "-c", "pass"),
        environment={"COVALENT_PYTHON": "3.11"},
        options=executor.job_options(),
        out_of_memory=out_of_memory,
        tags={"covalent-dispatch": "d", "covalent-group": "ct-1"},
    )
    return jobs.request(ours, ACCOUNT)


def test_the_same_job_is_the_same_request_for_ever():
    assert request(3) == request(3)
    assert request().job_id == "ct-1"
    assert uuid.UUID(request().request_id).version == 5


def test_a_job_has_what_its_settings_say():
    found = request(
        7,
        vcpus=0.5,
        memory=300,
        out_of_memory=1,
        machine_type="n1-standard-4",
        gpu_type="nvidia-tesla-t4",
        num_gpus=2,
        boot_disk_mib=4096,
        network="own",
        subnetwork="inner",
        assign_public_ip=False,
        allowed_locations=["us-east1-b"],
        reservation="mine",
        parallelism=100,
        labels={"team": "blue"},
        environment={"COLOUR": "green"},
        secrets={"KEY": "key", "OLD": "projects/p/secrets/old/versions/3"},
        container_options="--shm-size 1g",
        container_image_uri="python:3.11",
        service_account_email="a@b",
    ).job
    (group,) = found.task_groups
    spec, policy = group.task_spec, found.allocation_policy
    assert (group.task_count, group.parallelism) == (7, 7)
    assert (spec.compute_resource.cpu_milli, spec.compute_resource.memory_mib) == (500, 600)
    assert spec.compute_resource.boot_disk_mib == 4096
    container = spec.runnables[0].container
    assert (container.image_uri, container.options, container.entrypoint) == ("python:3.11", "--shm-size 1g", "")
    assert spec.environment.variables["COLOUR"] == "green"
    assert dict(spec.environment.secret_variables) == {
        "KEY": "projects/my-gcp-project-id/secrets/key/versions/latest",
        "OLD": "projects/p/secrets/old/versions/3",
    }
    (instances,) = policy.instances
    assert instances.install_gpu_drivers
    assert instances.policy.machine_type == "n1-standard-4"
    assert instances.policy.provisioning_model.name == "STANDARD"
    assert instances.policy.reservation == "mine"
    assert [(one.type_, one.count) for one in instances.policy.accelerators] == [("nvidia-tesla-t4", 2)]
    (interface,) = policy.network.network_interfaces
    assert interface.no_external_ip_address
    assert interface.network == "global/networks/own"
    assert interface.subnetwork == "regions/us-east1/subnetworks/inner"
    assert list(policy.location.allowed_locations) == ["zones/us-east1-b"]
    assert policy.service_account.email == "a@b"
    labels = {"team": "blue", "covalent-dispatch": "d", "covalent-group": "ct-1"}
    assert dict(found.labels) == dict(policy.labels) == labels


def test_spot_machines_are_asked_for():
    (instances,) = request(spot=True).job.allocation_policy.instances
    assert instances.policy.provisioning_model.name == "SPOT"


def test_a_machine_without_a_public_address_is_in_the_default_network_unless_another_is_named():
    assert not request().job.allocation_policy.network.network_interfaces
    (interface,) = request(assign_public_ip=False).job.allocation_policy.network.network_interfaces
    assert interface.no_external_ip_address
    assert interface.network == "global/networks/default"
    assert interface.subnetwork == "regions/us-east1/subnetworks/default"
    (interface,) = request(subnetwork="inner").job.allocation_policy.network.network_interfaces
    assert (interface.network, interface.no_external_ip_address) == ("", False)


def test_the_service_repeats_only_what_lost_its_machine():
    spec = request(retries=2).job.task_groups[0].task_spec
    (policy,) = spec.lifecycle_policies
    assert (policy.action.name, list(policy.action_condition.exit_codes)) == (
        "RETRY_TASK",
        [50001, 50002, 50003, 50004, 50006],
    )
    assert spec.max_retry_count == 2
    assert {row.cause for row in REASONS if set(row.exit_codes) & set(jobs.LOST_MACHINE)} == {
        Cause.PREEMPTED,
        Cause.HOST,
    }


def test_the_image_is_that_of_the_workflows_python_unless_one_is_named():
    assert request().job.task_groups[0].task_spec.runnables[0].container.image_uri.endswith("python:3.11-slim")


def test_only_tasks_that_have_siblings_look_whether_they_were_given_up():
    def variables(size: int) -> Any:
        return request(size).job.task_groups[0].task_spec.environment.variables

    assert "COVALENT_RECALL_S" in variables(2)
    assert "COVALENT_RECALL_S" not in variables(1)


# Logs


def entry(text: str, severity: str, insert_id: str, after_s: float = 0) -> LogEntry:
    return LogEntry(
        text_payload=text, severity=severity, insert_id=insert_id, timestamp=BEGAN + timedelta(seconds=after_s)
    )


def test_lines_go_to_the_stream_that_their_severity_says():
    entries = [entry("out", "INFO", "a"), entry("\x1eerr", "INFO", "b"), entry("docker: no", "ERROR", "c", 2)]
    page = logs.page(ListLogEntriesResponse(entries=entries), logs.Cursor())
    assert split(page.data) == (b"out\n", b"err\ndocker: no\n")
    assert page.cursor == "2026-11-21T00:00:02Z c"


def test_the_next_page_begins_after_the_last_entry():
    wanted = logs.request("p", "uid-1", 3, logs.Cursor.parse("2026-11-21T00:00:02Z c")).filter
    assert 'logName="projects/p/logs/batch_task_logs"' in wanted
    assert '"^task/uid-1-group0-3/"' in wanted
    assert '(timestamp>"2026-11-21T00:00:02Z" OR (timestamp="2026-11-21T00:00:02Z" AND insertId>"c"))' in wanted


def test_an_empty_page_leaves_the_cursor_where_it_is():
    assert logs.page(ListLogEntriesResponse(), logs.Cursor("here", "c", "on")).cursor == "here c"
    assert logs.page(ListLogEntriesResponse(), logs.Cursor()).cursor == ""
