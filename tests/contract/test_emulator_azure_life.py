"""From being added to having ended: tasks of the emulated Azure Batch, and what goes wrong with them."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from azure.batch import models as m

from tests.support.azure_batch import AzureBatch, shell, until

pytest_plugins = ["tests.support.azure_batch_fixtures"]

State = m.BatchTaskState

ENVIRONMENT = """import json, os; print(json.dumps({**os.environ, "cwd": os.getcwd()}))"""


def settings(**values: str) -> list[m.EnvironmentSetting]:
    return [m.EnvironmentSetting(name=name, value=value) for name, value in values.items()]


def seconds(value: float, retries: int = 0) -> m.BatchTaskConstraints:
    return m.BatchTaskConstraints(max_wall_clock_time=dt.timedelta(seconds=value), max_task_retry_count=retries)


def retries(count: int) -> m.BatchTaskConstraints:
    return m.BatchTaskConstraints(max_task_retry_count=count)


def failure(task: m.BatchTask) -> tuple[str, str]:
    info = task.execution_info.failure_info
    return info.code, info.category


def test_a_task_goes_from_active_over_running_to_completed(azure):
    azure.faults.hold()
    job, task = azure.task(shell("sleep 0.3"))
    assert azure.batch.get_task(job, task).state == State.ACTIVE
    azure.faults.release()
    running = azure.reach(job, task, State.RUNNING)
    assert (running.previous_state, running.execution_info.end_time) == (State.PREPARING, None)
    assert running.node_info.pool_id == "pool"
    ended = azure.end(job, task)
    info = ended.execution_info
    assert (info.exit_code, info.result, info.failure_info) == (0, "success", None)
    assert (info.retry_count, info.requeue_count, info.last_retry_time, info.last_requeue_time) == (0, 0, None, None)
    assert running.creation_time <= info.start_time < info.end_time
    assert (ended.previous_state, ended.node_info.node_id) == (State.RUNNING, running.node_info.node_id)


def test_a_program_finds_its_environment_and_its_directories(azure):
    job = azure.job(common_environment_settings=settings(OF_JOB="j", OF_BOTH="j"))
    command = f"/usr/bin/env python3 -c '{ENVIRONMENT}'"
    _, task = azure.task(command, job, environment_settings=settings(OF_TASK="t", OF_BOTH="t", QUOTED="a 'b' \"c\" $d"))
    node = azure.end(job, task).node_info
    found = json.loads(azure.read(job, task))
    assert (found["OF_JOB"], found["OF_TASK"], found["OF_BOTH"]) == ("j", "t", "t")
    assert found["QUOTED"] == "a 'b' \"c\" $d"
    names = {"ACCOUNT_NAME": "covalent", "JOB_ID": job, "TASK_ID": task, "POOL_ID": "pool", "NODE_ID": node.node_id}
    assert {name: found[f"AZ_BATCH_{name}"] for name in names} == names
    assert found["AZ_BATCH_ACCOUNT_URL"] == azure.endpoint
    assert found["AZ_BATCH_TASK_DIR"] == f"{found['AZ_BATCH_NODE_ROOT_DIR']}/{node.task_root_directory}"
    assert found["AZ_BATCH_TASK_WORKING_DIR"] == f"{found['AZ_BATCH_TASK_DIR']}/wd" == found["cwd"]
    assert found["POOL_IDENTITIES"] == "client-of-pool"


def test_a_command_line_has_quotes_and_no_shell(azure):
    assert azure.printed("""/bin/echo 'one two' "three 'four'" $HOME > x \\"y\\" *""") == (
        "one two three 'four' $HOME > x \"y\" *\n"
    )


def test_what_cannot_be_started_says_so(azure):
    assert failure(azure.run("/no/such/program --x")) == ("CommandProgramNotFound", "usererror")
    unclosed = azure.run("/bin/echo 'x")
    assert failure(unclosed) == ("CommandLaunchFailed", "usererror")
    assert unclosed.execution_info.exit_code is None


def test_a_failure_tells_its_exit_code(azure):
    ended = azure.run(shell("exit 7"))
    info = ended.execution_info
    assert (info.exit_code, info.result, failure(ended)) == (7, "failure", ("FailureExitCode", "usererror"))
    assert info.failure_info.message == "The task exited with an exit code representing a failure"
    assert {each.name for each in info.failure_info.details} == {"Message", "AdditionalErrorCode"}


def test_a_failure_is_tried_again_as_often_as_the_task_may(azure):
    count = shell("echo x >> ../../../../tries; test $(wc -l < ../../../../tries) -ge 3 && exit 0; exit 5")
    ended = azure.run(count, pool="narrow", constraints=retries(2))
    assert (ended.execution_info.result, ended.execution_info.retry_count) == ("success", 2)
    assert ended.execution_info.last_retry_time is not None
    failed = azure.run(shell("exit 5"), constraints=retries(1))
    assert (failed.execution_info.exit_code, failed.execution_info.retry_count) == (5, 1)


def test_a_task_without_retries_of_its_own_has_those_of_its_job(azure):
    job = azure.job(constraints=m.BatchJobConstraints(max_task_retry_count=1))
    assert azure.end(*azure.task(shell("exit 1"), job)).execution_info.retry_count == 1
    endless = azure.task(shell("test -e ../../../../done && exit 0; exit 1"), constraints=retries(-1), pool="narrow")
    until(lambda: azure.batch.get_task(*endless).execution_info.retry_count > 3)
    azure.end(*azure.task(shell("touch ../../../../done"), pool="narrow"))
    assert azure.end(*endless).execution_info.result == "success"


def test_a_task_that_takes_too_long_is_ended_and_not_tried_again(azure):
    ended = azure.run("sleep 60", constraints=seconds(0.3, retries=3))
    assert failure(ended) == ("TaskEnded", "servererror")
    (detail,) = ended.execution_info.failure_info.details
    assert detail.value == "The maximum execution time configured on the task was exceeded"
    assert (ended.execution_info.retry_count, ended.execution_info.exit_code) == (0, 143)


def test_tasks_share_a_node_up_to_its_slots(azure):
    job = azure.job("wide")
    for task_id, slots in (("three", 3), ("two", 2), ("one", 1)):
        azure.task("sleep 60", job, id=task_id, required_slots=slots)
    azure.reach(job, "one", State.RUNNING)
    assert azure.batch.get_task(job, "three").state == State.RUNNING
    assert azure.batch.get_task(job, "two").state == State.ACTIVE
    azure.batch.terminate_task(job, "three")
    azure.reach(job, "two", State.RUNNING)


def test_a_task_that_needs_more_slots_than_any_node_has_waits_for_ever_and_hinders_nobody(azure):
    job, task = azure.task("/bin/true", pool="wide", required_slots=5)
    azure.end(*azure.task("/bin/true", job))
    assert azure.batch.get_task(job, task).state == State.ACTIVE


@pytest.mark.parametrize(("fault", "state"), [("lose_host", "unknown"), ("preempt", "preempted")])
def test_a_task_whose_node_is_gone_runs_again_unbidden_on_another(azure, fault, state):
    getattr(azure.faults, fault)(after_s=0.3)
    job, task = azure.task(shell("echo ran; sleep 0.6"), pool="Spot")
    first = azure.reach(job, task, State.RUNNING).node_info.node_id
    path = f"/jobs/{job}/tasks/{task}/files/stdout.txt"
    until(lambda: azure.batch.get_task(job, task).execution_info.requeue_count == 1)
    ended = azure.end(job, task)
    info = ended.execution_info
    assert (info.result, info.retry_count, info.requeue_count) == ("success", 0, 1)
    assert info.last_requeue_time is not None
    assert ended.node_info.node_id != first
    assert azure.ask("GET", path).content == b"ran\n"
    assert {node.id: node.state for node in azure.batch.list_nodes("Spot")}[first] == state


def test_with_a_node_go_its_other_tasks_and_the_files_of_those_that_have_ended(azure):
    job = azure.job("wide")
    _, ended = azure.task("/bin/echo x", job)
    azure.end(job, ended)
    azure.faults.lose_host(after_s=0.3)
    (_, lost), (_, beside) = azure.task("sleep 0.8", job), azure.task("sleep 0.8", job)
    for task in (lost, beside):
        assert azure.end(job, task).execution_info.requeue_count == 1
    assert azure.batch.get_task(job, ended).execution_info.result == "success"
    with pytest.raises(Exception, match="FileNotFound"):
        azure.ask("GET", f"/jobs/{job}/tasks/{ended}/files/stdout.txt")


@pytest.mark.parametrize(
    ("fault", "arguments", "exit_code", "ends"),
    [
        ("exit_with", (42,), 42, ("FailureExitCode", "usererror")),
        ("out_of_memory", (), 137, ("FailureExitCode", "usererror")),
        ("time_out", (), 137, ("TaskEnded", "servererror")),
    ],
)
def test_faults_end_tasks(azure, fault, arguments, exit_code, ends):
    getattr(azure.faults, fault)(*arguments)
    ended = azure.run("sleep 60")
    assert (ended.execution_info.exit_code, failure(ended)) == (exit_code, ends)


def test_an_image_that_cannot_be_pulled(azure):
    azure.faults.bad_image()
    assert azure.run("/bin/true").execution_info.result == "success"
    azure.faults.bad_image()
    image = m.BatchTaskContainerSettings(image_name="nowhere.io/nothing")
    ended = azure.run("/bin/true", container_settings=image, constraints=retries(3))
    assert failure(ended) == ("ContainerInvalidImage", "usererror")
    assert "nowhere.io/nothing" in ended.execution_info.failure_info.details[0].value
    assert (ended.execution_info.exit_code, ended.execution_info.retry_count) == (None, 0)
    assert ended.node_info is not None


def test_a_container_needs_a_pool_that_supports_containers_and_options_that_docker_takes(azure):
    image = m.BatchTaskContainerSettings(image_name="python:3")
    assert failure(azure.run("/bin/true", container_settings=image, pool="without-containers")) == (
        "ContainerPoolNotSupported",
        "usererror",
    )
    options = m.BatchTaskContainerSettings(image_name="python:3", container_run_options="--no-such-option 1")
    assert failure(azure.run("/bin/true", container_settings=options)) == ("ContainerInvalidSettings", "usererror")


def test_options_of_containers_count(azure):
    script = "import os, time; x = bytearray(200_000_000); time.sleep(60)"
    image = m.BatchTaskContainerSettings(image_name="python:3", container_run_options="--memory 64m --cpus=1 -e A=b")
    job, task = azure.task(shell(f'echo $A; exec python3 -c "{script}"'), container_settings=image)
    ended = azure.end(job, task)
    assert (ended.execution_info.exit_code, failure(ended)[0]) == (137, "FailureExitCode")
    assert ended.execution_info.container_info.state == "exited"
    assert azure.read(job, task) == "b\n"


def test_a_slow_start_keeps_tasks_active(azure):
    azure.faults.slow_start(0.5)
    began = time.monotonic()
    job, task = azure.task("/bin/true")
    assert azure.batch.get_task(job, task).state == State.ACTIVE
    azure.end(job, task)
    assert time.monotonic() - began >= 0.5


@pytest.mark.slow
def test_a_thousand_tasks_are_added_run_and_listed_without_growing_costs(azure_batch: AzureBatch):
    azure_batch.clean()
    job = azure_batch.job("wide")
    azure_batch.batch.create_tasks(
        job, [m.BatchTaskCreateOptions(id=f"t{n}", command_line="/bin/true") for n in range(1000)]
    )
    azure_batch.batch.update_job(job, m.BatchJobUpdateOptions(all_tasks_complete_mode="terminatejob"))
    until(lambda: azure_batch.batch.get_job(job).state == m.BatchJobState.COMPLETED, 90)
    ended = list(azure_batch.batch.list_tasks(job, filter="executionInfo/result eq 'success'", select=["id"]))
    assert len(ended) == 1000
    report = json.loads(azure_batch.control.ask("GET", "calls"))
    assert report["handling_s"] < 5
