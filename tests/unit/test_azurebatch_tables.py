"""What Azure Batch says, held against the tables of the executor; and what it is told, against the models of Azure's library."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import Any

import msgspec
import pytest
from azure.batch import models

from covalent.executor.azurebatch import AzureBatchExecutor, bodies
from covalent.executor.azurebatch.names import GroupRef
from covalent.executor.azurebatch.pools import Pool, reason_of
from covalent.executor.azurebatch.reasons import LIMITS, REASONS, WAITS
from covalent.executor.azurebatch.views import (
    TASK_STATES,
    JobFacts,
    Task,
    TaskViews,
    duration_s,
    job_view,
    seconds,
    task_view,
)
from covalent.executor.batch.causes import CANCEL_REASON, explain
from covalent.executor.batch.service import Job, JobState
from covalent.executor.batch.why import explained
from covalent.states import Cause
from tests.support.azure_cloud import OPTIONS

REF = GroupRef("ct-job-0", "ct-group", 3)

BEGAN, ENDED = "2026-11-21T07:00:00.1234567Z", "2026-11-21T07:01:00Z"


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home):
    """None of what is configured elsewhere counts."""


def read(kind: Any, content: dict[str, Any]) -> Any:
    return msgspec.json.decode(json.dumps(content), type=kind)


def task(state: str, *, limit: str = "PT35M", **execution: Any) -> Task:
    counts = {"retryCount": 0, "requeueCount": 0}
    content = {
        "id": "t",
        "state": state,
        "constraints": {"maxWallClockTime": limit},
        "executionInfo": counts | execution,
    }
    return read(Task, content | {"url": "https://example.com"})


def failed(
    code: str,
    message: str = "",
    exit_code: int | None = None,
    *,
    details: str = "",
    category: str = "usererror",
    **more: Any,
) -> Task:
    failure: dict[str, Any] = {"category": category, "code": code, "message": message}
    failure["details"] = [{"name": "Message", "value": details}] if details else []
    code_of = {} if exit_code is None else {"exitCode": exit_code}
    times = {"startTime": BEGAN, "endTime": ENDED}
    return task("completed", result="failure", failureInfo=failure, **(times | code_of | more))


def job(state: str, reason: str = "") -> JobFacts:
    return read(JobFacts, {"id": "j", "state": state, "executionInfo": {"terminateReason": reason, "poolId": "p"}})


def outcome_of(found: Task, facts: JobFacts | None = None) -> Any:
    return explain(task_view(REF, 0, found, facts), REASONS)


def test_every_state_of_the_library_has_its_place_in_the_table():
    assert set(TASK_STATES) == {state.value for state in models.BatchTaskState}


@pytest.mark.parametrize(
    ("found", "cause", "said"),
    [
        (failed("FailureExitCode", "The task exited with an exit code representing a failure", 1), Cause.UNKNOWN, "code 1"),
        (failed("FailureExitCode", exit_code=92), Cause.CONFIG, "could not read from the bucket"),
        (failed("FailureExitCode", exit_code=125), Cause.IMAGE, "base_image_uri"),
        (failed("FailureExitCode", exit_code=126), Cause.IMAGE, "processor"),
        (failed("FailureExitCode", exit_code=127), Cause.IMAGE, "no python3"),
        (failed("FailureExitCode", exit_code=137), Cause.OUT_OF_MEMORY, "Set or raise memory"),
        (failed("ContainerInvalidImage", "One or more images are invalid"), Cause.IMAGE, "base_image_uri"),
        (failed("ContainerInvalidImage", "x", details="unauthorized: authentication required"), Cause.IMAGE, "AcrPull"),
        (failed("ContainerInvalidImage", "x", details="manifest unknown"), Cause.IMAGE, "no such image"),
        (failed("InvalidRegistry", "The registry is invalid"), Cause.IMAGE, "registry_identity"),
        (failed("InvalidSettings", "bad option"), Cause.IMAGE, "container_options"),
        (failed("CommandProgramNotFound", "No such program"), Cause.IMAGE, "no python3"),
        (failed("DiskFull", "The disk is full"), Cause.HOST, "disk"),
        (failed("NodeUnusable", "The node is unusable"), Cause.HOST, "node failed"),
        (
            failed(
                "ContainerInvalidSettings",
                "At least one value of specified task container settings is invalid",
                details="UnixHTTPConnectionPool(host='localhost', port=None): Read timed out. (read timeout=60)",
            ),
            Cause.HOST,
            "did not answer in time",
        ),
        (failed("BlobAccessDenied", "x"), Cause.CONFIG, "prepare"),
        (failed("SomethingNew", "Nobody knows."), Cause.UNKNOWN, "SomethingNew: Nobody knows."),
    ],
    ids=lambda value: getattr(value, "id", None),
)  # fmt: skip
def test_failures_have_their_causes(found, cause, said):
    outcome = outcome_of(found)
    assert outcome.cause is cause
    assert said in outcome.message


def test_a_task_that_was_ended_was_cancelled():
    assert outcome_of(failed("TaskEnded", "The task was ended by user request", 137)).cause is Cause.CANCELLED
    ended = job("completed", CANCEL_REASON)
    assert outcome_of(failed("TaskEnded", exit_code=137), ended).cause is Cause.CANCELLED


@pytest.mark.parametrize(
    "found",
    [
        failed("TaskEnded", "Ended.", 137, startTime="2026-11-21T07:00:00Z", endTime="2026-11-21T07:35:00Z"),
        failed("TaskEnded", "Ended.", startTime="2026-11-21T00:00:00Z"),
        failed("TaskEnded", "Ended.", category="servererror", details="The maximum execution time was exceeded"),
    ],
)
def test_a_task_that_was_ended_when_its_time_was_over_ran_out_of_time(found):
    outcome = outcome_of(found)
    assert outcome.cause is Cause.TIMEOUT
    assert "Raise time_limit" in outcome.message


@pytest.mark.parametrize("state", ["active", "preparing", "running"])
def test_a_task_that_had_not_begun_when_its_job_ended_was_cancelled(state):
    view = task_view(REF, 0, task(state), job("completed", "somebody wanted it"))
    assert view.state is JobState.FAILED
    outcome = explain(view, REASONS)
    assert (outcome.cause, outcome.started) == (Cause.CANCELLED, False)


def test_a_task_that_the_service_ended_for_no_known_reason_runs_again():
    assert outcome_of(failed("TaskEnded", "Ended.", category="servererror")).cause is Cause.HOST


def test_a_task_that_came_just_when_its_job_ended_by_itself_runs_again():
    outcome = outcome_of(task("active"), job("completed", "AllTasksComplete"))
    assert (outcome.cause, outcome.started) == (Cause.HOST, False)
    assert outcome_of(failed("TaskEnded", exit_code=137), job("completed", "AllTasksComplete")).cause is Cause.HOST


@pytest.mark.parametrize("state", ["active", "terminating", "disabled"])
def test_a_task_of_a_job_that_has_not_ended_waits(state):
    assert task_view(REF, 0, task("active"), job(state)).state is JobState.WAITING


def viewed(
    ref: GroupRef,
    tasks: list[tuple[int, Task]],
    facts: JobFacts | None,
    memory_mib: int | None = None,
    reason: str = "",
):
    return job_view(ref, TaskViews().of(ref, tasks, facts), memory_mib, reason)


def missing_of(facts: JobFacts | None) -> Any:
    """What becomes of the two tasks that a job lacks."""
    view = viewed(REF, [(1, task("completed", result="success"))], facts)
    return view, [one for one in view.tasks if one.index != 1]


def test_a_task_that_is_not_in_its_job_may_still_come():
    view, missing = missing_of(job("active"))
    assert view.state is JobState.WAITING
    assert {one.state for one in missing} == {JobState.WAITING}


@pytest.mark.parametrize(("reason", "cause"), [("AllTasksComplete", Cause.HOST), ("UserTerminate", Cause.CANCELLED)])
def test_a_task_that_did_not_get_into_its_job_ended_with_it_and_has_not_run(reason, cause):
    view, missing = missing_of(job("completed", reason))
    assert view.state is JobState.FAILED
    assert [one.index for one in missing] == [0, 2]
    outcomes = [explain(one, REASONS) for one in missing]
    assert {(one.cause, one.started) for one in outcomes} == {(cause, False)}


def test_a_cancelled_task_says_what_was_ended():
    outcome = outcome_of(failed("TaskEnded", exit_code=137), job("completed", CANCEL_REASON))
    assert outcome.message == "It was cancelled (Azure Batch job ct-job-0, task ct-group-0)."


def test_success_is_told_by_the_result_not_by_the_state():
    view = task_view(REF, 2, task("completed", result="success", exitCode=0, startTime=BEGAN, endTime=ENDED), None)
    assert (view.index, view.state, view.exit_code, view.status_reason) == (2, JobState.SUCCEEDED, 0, "")
    assert view.place == "Azure Batch job ct-job-0, task ct-group-2"
    assert view.started_at == pytest.approx(1795244400.123456)
    assert view.ended_at == 1795244460


def test_a_task_that_was_requeued_waits_again():
    view = task_view(REF, 0, task("active", requeueCount=2), None)
    assert (view.state, view.attempt) == (JobState.WAITING, 3)


def test_the_states_of_tasks_are_counted_and_the_liveliest_is_the_jobs():
    done = task("completed", result="success")
    tasks = [(0, done), (1, task("active")), (2, task("running"))]
    view = viewed(REF, tasks, None, 512, "why")
    assert view.counts == {JobState.SUCCEEDED: 1, JobState.WAITING: 1, JobState.RUNNING: 1}
    assert (view.ref, view.state, view.memory_mib, view.reason) == (str(REF), JobState.RUNNING, 512, "why")
    two = REF._replace(size=2)
    assert viewed(two, [(0, done), (1, done)], None).state is JobState.SUCCEEDED
    assert viewed(two, [(0, done), (1, failed("TaskEnded"))], None).state is JobState.FAILED
    assert viewed(two, [(0, done), (1, task("active"))], None).state is JobState.WAITING


@pytest.mark.parametrize(
    ("text", "expected"),
    [("PT35M", 2100), ("P1DT2H3M4.5S", 93784.5), ("PT2100S", 2100), ("", None), ("never", None)],
)
def test_durations_are_read(text, expected):
    assert duration_s(text) == expected


def test_times_may_have_more_digits_than_python_keeps():
    assert seconds(BEGAN) == pytest.approx(1795244400.123456)
    assert seconds(None) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"resizeErrors": [{"code": "AccountCoreQuotaReached", "message": "x"}]}, "quota of cores is used up"),
        ({"resizeErrors": [{"code": "AccountSpotCoreQuotaReached", "message": "x"}]}, "quota of spot cores"),
        ({"resizeErrors": [{"code": "AllocationFailed", "message": "x"}]}, "Take another VM size"),
        ({"resizeErrors": [{"code": "AllocationTimedOut", "message": "x"}]}, "in time"),
        ({"resizeErrors": [{"code": "SomethingNew", "message": "x"}]}, "Mend what Azure names"),
        ({"autoScaleRun": {"error": {"code": "AutoScalingFormulaEvaluationError", "message": "x"}}}, "formula of its pool is wrong"),
        ({"state": "deleting"}, "is being deleted"),
        ({"targetDedicatedNodes": 2, "allocationState": "resizing"}, "takes some minutes"),
        ({}, "nobody wants any"),
        ({"enableAutoScale": True}, "every 5 to 15 minutes"),
        ({"currentDedicatedNodes": 2, "targetDedicatedNodes": 2}, "every node is busy"),
    ],
)  # fmt: skip
def test_why_a_pool_has_no_room_is_explained(content, said):
    reason = reason_of(read(Pool, {"id": "blue", **content}))
    found = explained(WAITS, reason)
    assert said in found
    assert reason in found


@pytest.mark.parametrize("state", ["disabled", "terminating"])
def test_why_a_job_waits_that_is_not_active_is_explained(state):
    assert "job" in explained(WAITS, f"the job is {state}").partition("(The service says")[0]


# What is sent


def our_job(size: int = 1, out_of_memory: int = 0, **options: Any) -> Job:
    return Job(
        name="ct-group",
        size=size,
        command=("python3", "-c", "print('the program')"),
        environment={"COVALENT_MANIFEST": "az://c@a.blob.core.windows.net/m", "COVALENT_FIRST": "0"},
        options=AzureBatchExecutor(**{**OPTIONS, **options}).job_options(),
        out_of_memory=out_of_memory,
        tags={"covalent-dispatch": "d", "covalent-group": "g"},
    )


def unknown_to(model: type, content: Any, path: str = "") -> list[str]:
    """What content has that the library's model does not know."""
    made = model(content)
    fields = {field._rest_name: name for name, field in made._attr_to_rest_field.items()}
    found = [f"{path}{key}" for key in content if key not in fields]
    for key, value in content.items():
        inner = getattr(made, fields[key], None) if key in fields else None
        for one, raw in zip(inner, value, strict=True) if isinstance(inner, list) else ((inner, value),):
            if hasattr(one, "_attr_to_rest_field"):
                found += unknown_to(type(one), raw, f"{path}{key}.")
    return found


def tasks_of(job: Job) -> list[dict[str, Any]]:
    return [task for body in bodies.collections(job, "ct-group") for task in json.loads(body)["value"]]


EVERYTHING = {
    "slots": 2,
    "cpus": 1.5,
    "memory": 1000,
    "shared_memory": 64,
    "container_options": "--ipc=host",
    "registry": "covalent.azurecr.io",
    "registry_identity": "/subscriptions/1/resourceGroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
    "environment": {"A": "b"},
    "metadata": {"team": "blue"},
}


def test_what_is_sent_is_what_azures_own_models_know():
    job = our_job(2, **EVERYTHING)
    content = {"id": "j", **bodies.job_content(job, "client")}
    assert unknown_to(models.BatchJobCreateOptions, content) == []
    assert [unknown_to(models.BatchTaskCreateOptions, task) for task in tasks_of(job)] == [[], []]


def test_a_task_has_an_index_of_its_own_and_shares_the_rest():
    first, second = tasks_of(our_job(2, **EVERYTHING))
    variables = [{one["name"]: one["value"] for one in task.pop("environmentSettings")} for task in (first, second)]
    assert [(one["COVALENT_INDEX_IN"], one["COVALENT_TASK_INDEX"]) for one in variables] == [
        ("COVALENT_TASK_INDEX", "0"),
        ("COVALENT_TASK_INDEX", "1"),
    ]
    assert (first.pop("id"), second.pop("id")) == ("ct-group-0", "ct-group-1")
    assert first == second
    assert first["requiredSlots"] == 2
    assert first["constraints"] == {"maxTaskRetryCount": 0, "maxWallClockTime": "PT2100S"}
    options = "--memory=1000m --memory-swap=1000m --cpus=1.5 --shm-size=64m --ipc=host"
    assert first["containerSettings"]["containerRunOptions"] == options


def test_the_program_is_in_the_job_once_and_in_no_task():
    job = our_job(3)
    (common,) = [one for one in bodies.job_content(job, "")["commonEnvironmentSettings"] if "BOOT" in one["name"]]
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", common["value"]), (
        "it is one line, of which no shell and no file makes anything else"
    )
    (command,) = {task["commandLine"] for task in tasks_of(job)}
    environment = {**os.environ, "COVALENT_BOOTSTRAP": common["value"]}
    assert subprocess.check_output(shlex.split(command), env=environment, text=True) == "the program\n"
    assert not any(common["value"] in json.dumps(task) for task in tasks_of(job))


def test_without_limits_a_container_has_no_options():
    assert "containerRunOptions" not in tasks_of(our_job())[0]["containerSettings"]


def test_memory_doubles_after_running_out_of_it():
    (task,) = tasks_of(our_job(memory=1000, out_of_memory=2))
    assert task["containerSettings"]["containerRunOptions"] == "--memory=4000m --memory-swap=4000m"


def test_pools_that_differ_only_in_capital_letters_are_one():
    one, other = (bodies.job_content(our_job(pool_id=name), "") for name in ("Covalent-Pool", "covalent-pool"))
    assert one == other


@pytest.mark.parametrize(("variables", "most"), [(0, 100), (18, 48)])
def test_collections_are_as_large_as_azure_takes_them_and_no_larger(variables, most):
    job = our_job(1000)
    job.environment.update({f"V{n}": "x" * 1000 for n in range(variables)})  # type: ignore[attr-defined]
    sizes = [(len(json.loads(body)["value"]), len(body)) for body in bodies.collections(job, "ct-group")]
    assert sum(tasks for tasks, _ in sizes) == 1000
    assert max(tasks for tasks, _ in sizes) == pytest.approx(most, abs=1)
    assert max(length for _, length in sizes) < 1_000_000


def test_a_hundred_tasks_fit_into_one_collection_however_long_their_variables_may_be():
    assert 100 * (LIMITS.max_environment_chars + 900) < bodies.COLLECTION_BYTES


def test_what_azure_says_anew_of_a_task_or_its_job_is_taken_in():
    one, views = REF._replace(size=1), TaskViews()

    def state(found: Task, facts: JobFacts | None) -> JobState:
        (view,) = views.of(one, [(0, found)], facts)
        return view.state

    assert state(task("active"), None) is JobState.WAITING
    assert state(task("running"), None) is JobState.RUNNING
    assert state(task("running"), job("completed")) is JobState.FAILED
    assert state(task("completed", result="success"), job("completed")) is JobState.SUCCEEDED
    assert state(task("active", requeueCount=1), job("active")) is JobState.WAITING
