"""Tasks of the emulated Azure Batch: adding them, listing them, ending them, and their files."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from urllib.parse import quote

import pytest
from azure.batch import aio
from azure.batch import models as m
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.support.azure_batch import KEY, details, refusal, shell, until

pytest_plugins = ["tests.support.azure_batch_fixtures"]

Task = m.BatchTaskCreateOptions


def collection(azure, job: str, *tasks: m.BatchTaskCreateOptions) -> dict[str, tuple[str, str | None]]:
    """Status and code of each, added with one call."""
    answer = azure.batch.create_task_collection(job, m.BatchTaskGroup(task_values=list(tasks)))
    return {each.task_id: (each.status, each.error and each.error.code) for each in answer.result_values}


def test_a_collection_gives_a_result_for_each_task(azure):
    job = azure.job("empty")
    assert collection(azure, job, Task(id="a", command_line="x")) == {"a": ("success", None)}
    mixed = (
        Task(id="A", command_line="x"),
        Task(id="b", command_line="x"),
        Task(id="c c", command_line="x"),
        Task(id="d", command_line=""),
        Task(id="e", command_line="x", required_slots=0),
        Task({"id": "f", "commandLine": "x", "nonsense": 1}),
        Task({"id": "g"}),
        Task(id="h", command_line="x", resource_files=[m.ResourceFile(http_url="https://x", file_path="x")]),
    )
    assert collection(azure, job, *mixed) == {
        "A": ("clienterror", "TaskExists"),
        "b": ("success", None),
        "c c": ("clienterror", "InvalidPropertyValue"),
        "d": ("clienterror", "InvalidPropertyValue"),
        "e": ("clienterror", "InvalidPropertyValue"),
        "f": ("clienterror", "InvalidRequestBody"),
        "g": ("clienterror", "MissingRequiredProperty"),
        "h": ("clienterror", "UnsupportedProperty"),
    }
    assert [task.id for task in azure.batch.list_tasks(job)] == ["a", "b"]


def test_a_collection_holds_a_hundred_tasks_and_a_megabyte(azure):
    job = azure.job("empty")
    with pytest.raises(HttpResponseError) as refused:
        collection(azure, job, *(Task(id=f"t{n}", command_line="x") for n in range(101)))
    assert refusal(refused) == (400, "TooManyTasks")
    long = [m.EnvironmentSetting(name="LONG", value="x" * 600_000)]
    large = [Task(id=f"t{n}", command_line="x", environment_settings=long) for n in range(2)]
    with pytest.raises(HttpResponseError) as refused:
        collection(azure, job, *large)
    assert refusal(refused) == (413, "RequestBodyTooLarge")
    assert list(azure.batch.list_tasks(job)) == []
    azure.batch.create_tasks(job, large)
    assert azure.calls()["CreateTaskCollection"] == 5


def test_a_collection_for_a_job_that_is_not_there_adds_nothing(azure):
    with pytest.raises(ResourceNotFoundError) as refused:
        collection(azure, "nowhere", Task(id="a", command_line="x"))
    assert refusal(refused) == (404, "JobNotFound")


def test_one_task_is_added_and_shown(azure):
    settings = [m.EnvironmentSetting(name="A", value="b")]
    limits = m.BatchTaskConstraints(max_wall_clock_time=dt.timedelta(minutes=5), max_task_retry_count=2)
    job, _ = azure.task(
        "x", pool="empty", id="One", environment_settings=settings, constraints=limits, required_slots=2
    )
    task = azure.batch.get_task(job.upper(), "oNE")
    assert (task.id, task.state, task.command_line, task.required_slots) == ("One", "active", "x", 2)
    assert task.environment_settings[0].value == "b"
    assert task.constraints.max_wall_clock_time == dt.timedelta(minutes=5)
    assert (task.constraints.max_task_retry_count, task.constraints.retention_time) == (2, dt.timedelta(days=7))
    assert (task.execution_info.retry_count, task.execution_info.requeue_count, task.node_info) == (0, 0, None)
    for again in ("One", "ONE"):
        with pytest.raises(ResourceExistsError) as refused:
            azure.task("x", job, id=again)
        assert refusal(refused) == (409, "TaskExists")
    with pytest.raises(HttpResponseError) as refused:
        azure.task("x", job, id="x" * 65)
    assert (refusal(refused), details(refused)["PropertyName"]) == ((400, "InvalidPropertyValue"), "id")
    with pytest.raises(ResourceNotFoundError) as missing:
        azure.batch.get_task(job, "other")
    assert refusal(missing) == (404, "TaskNotFound")


def test_a_thousand_tasks_are_listed_in_one_page_and_more_in_several(azure):
    job = azure.job("empty")
    azure.batch.create_tasks(job, [Task(id=f"g{n % 2}-{n}", command_line="x") for n in range(1100)])
    pages = [[task.id for task in page] for page in azure.batch.list_tasks(job, select=["id"]).by_page()]
    assert [len(page) for page in pages] == [1000, 100]
    assert len({task for page in pages for task in page}) == 1100
    assert azure.calls() == {"CreateJob": 1, "CreateTaskCollection": 11, "ListTasks": 2}
    few = azure.batch.list_tasks(job, filter="startswith(id,'G1-109')", select=["id", "state"])
    wanted = [{"id": f"g1-{n}", "state": "active"} for n in (109, 1091, 1093, 1095, 1097, 1099)]
    assert sorted((task.as_dict() for task in few), key=lambda task: task["id"]) == wanted


def test_tasks_are_filtered_by_how_they_ended(azure):
    job = azure.job()
    for code in (0, 3):
        azure.end(*azure.task(shell(f"exit {code}"), job, id=f"t{code}"))
    waiting = azure.job("empty")
    azure.task("x", waiting)

    def ids(wanted: str, of: str = job) -> list[str]:
        return [task.id for task in azure.batch.list_tasks(of, filter=wanted)]

    assert ids("state eq 'completed' and executionInfo/exitCode ne 0") == ["t3"]
    assert ids("executionInfo/result eq 'success'") == ["t0"]
    assert ids("executionInfo/exitCode gt 2 or executionInfo/retryCount lt 0") == ["t3"]
    assert ids("executionInfo/exitCode eq null", waiting) == ids("state eq 'active'", waiting) != []
    with pytest.raises(HttpResponseError) as refused:
        ids("executionInfo/exitCode gt 'x'")
    assert refusal(refused) == (400, "InvalidQueryParameterValue")


def test_a_task_is_ended_wherever_it_is(azure):
    job = azure.job("narrow")
    (_, running), (_, waiting) = azure.task("sleep 60", job), azure.task("sleep 60", job)
    azure.reach(job, running, m.BatchTaskState.RUNNING)
    for task in (waiting, running):
        azure.batch.terminate_task(job, task)
        info = azure.end(job, task).execution_info
        assert (info.result, info.failure_info.code, info.failure_info.category) == (
            "failure",
            "TaskEnded",
            "usererror",
        )
        assert (info.start_time is None) == (info.exit_code is None) == (task == waiting)
        with pytest.raises(ResourceExistsError) as refused:
            azure.batch.terminate_task(job, task)
        assert refusal(refused) == (409, "TaskCompleted")


def test_a_deleted_task_is_gone_and_its_node_is_free(azure):
    job = azure.job("narrow")
    (_, running), (_, waiting) = azure.task("sleep 60", job), azure.task("sleep 60", job)
    azure.reach(job, running, m.BatchTaskState.RUNNING)
    for task in (waiting, running):
        azure.batch.delete_task(job, task)
        with pytest.raises(ResourceNotFoundError):
            azure.batch.get_task(job, task)
    azure.end(*azure.task("/bin/true", job, id=running))
    counts = azure.batch.get_job_task_counts(job).task_counts
    assert (counts.active, counts.running, counts.completed, counts.succeeded) == (0, 0, 1, 1)


def test_counts_tell_states_and_results_and_slots(azure):
    job = azure.job("wide")
    azure.end(*azure.task("/bin/true", job, required_slots=2))
    azure.end(*azure.task("/bin/false", job))
    (_, running), _ = azure.task("sleep 60", job, required_slots=3), azure.task("sleep 60", job, required_slots=2)
    azure.reach(job, running, m.BatchTaskState.RUNNING)
    found = azure.batch.get_job_task_counts(job)
    assert found.task_counts.as_dict() == {"active": 1, "running": 1, "completed": 2, "succeeded": 1, "failed": 1}
    assert found.task_slot_counts.as_dict() == {"active": 2, "running": 3, "completed": 3, "succeeded": 2, "failed": 1}


def test_a_failed_task_can_be_made_active_again_and_no_other(azure):
    job, task = azure.task(
        shell("test -e ../../../../marker && exit 0; touch ../../../../marker; exit 1"), pool="narrow"
    )
    failed = azure.end(job, task)
    assert (failed.execution_info.exit_code, failed.execution_info.failure_info.code) == (1, "FailureExitCode")
    azure.batch.reactivate_task(job, task)
    until(lambda: azure.batch.get_task(job, task).execution_info.result == "success")
    info = azure.batch.get_task(job, task).execution_info
    assert (info.failure_info, info.retry_count, info.requeue_count) == (None, 0, 0)
    with pytest.raises(ResourceExistsError) as refused:
        azure.batch.reactivate_task(job, task)
    assert refusal(refused) == (409, "TaskSucceeded")
    _, running = azure.task("sleep 60", job)
    with pytest.raises(ResourceExistsError) as refused:
        azure.batch.reactivate_task(job, running)
    assert refusal(refused) == (409, "TaskNotCompleted")


def test_the_constraints_of_a_task_can_be_replaced_until_it_has_ended(azure):
    job, task = azure.task("x", pool="empty")
    change = m.BatchTask(constraints=m.BatchTaskConstraints(max_task_retry_count=3))
    azure.batch.replace_task(job, task, change)
    assert azure.batch.get_task(job, task).constraints.max_task_retry_count == 3
    azure.batch.terminate_task(job, task)
    with pytest.raises(ResourceExistsError) as refused:
        azure.batch.replace_task(job, task, change)
    assert refusal(refused) == (409, "TaskCompleted")


def test_files_are_listed_and_read(azure):
    job, task = azure.task(shell("mkdir sub; printf abc > sub/x.txt; printf out; printf err >&2"))
    azure.end(job, task)
    assert {file.name: file.is_directory for file in azure.batch.list_task_files(job, task)} == {
        "stdout.txt": False,
        "stderr.txt": False,
        "wd": True,
    }
    deep = {file.name: file.properties for file in azure.batch.list_task_files(job, task, recursive=True)}
    assert (deep["wd/sub/x.txt"].content_length, deep["wd/sub/x.txt"].content_type) == (3, "text/plain")
    texts = [azure.read(job, task, name) for name in ("wd/sub/x.txt", "stdout.txt", "stderr.txt")]
    assert texts == ["abc", "out", "err"]
    known = azure.batch.get_task_file_properties(job, task, "wd/sub/x.txt")
    assert (known.content_length, known.is_directory) == (3, False)
    azure.batch.delete_task_file(job, task, "wd/sub", recursive=True)
    for name in ("wd/sub/x.txt", "nothing.txt", "../../../../../../../etc/passwd"):
        with pytest.raises(ResourceNotFoundError) as missing:
            azure.ask("GET", f"/jobs/{job}/tasks/{task}/files/{quote(name, safe='')}")
        assert refusal(missing) == (404, "FileNotFound")


def test_a_part_of_a_file_is_read_while_the_task_runs(azure):
    job, task = azure.task(shell("printf one; sleep 0.5; printf two; sleep 60"))
    path = f"/jobs/{job}/tasks/{task}/files/stdout.txt"
    until(lambda: azure.batch.get_task(job, task).state == "running" and azure.ask("GET", path).content == b"one")

    def part(asked: str, header: str = "ocp-range") -> tuple[int, bytes, str | None]:
        answer = azure.ask("GET", path, headers={header: asked})
        return answer.status_code, answer.content, answer.headers.get("content-range")

    assert part("bytes=1-") == (206, b"ne", "bytes 1-2/3")
    until(lambda: azure.ask("GET", path).content == b"onetwo")
    assert part("bytes=3-") == (206, b"two", "bytes 3-5/6")
    assert part("bytes=2-3", "Range") == (206, b"et", "bytes 2-3/6")
    for beyond in ("bytes=6-", "lines=1-2"):
        with pytest.raises(HttpResponseError) as refused:
            part(beyond)
        assert refusal(refused) == (416, "InvalidRange")


def test_a_task_that_has_not_started_has_no_files(azure):
    job, task = azure.task("x", pool="empty")
    with pytest.raises(ResourceNotFoundError) as missing:
        azure.ask("GET", f"/jobs/{job}/tasks/{task}/files/stdout.txt")
    assert refusal(missing) == (404, "FileNotFound")


def test_files_are_kept_for_as_long_as_the_task_says(azure):
    short = m.BatchTaskConstraints(retention_time=dt.timedelta(seconds=0.1))
    job, task = azure.task("/bin/true", constraints=short)
    azure.end(job, task)

    def status() -> int:
        try:
            return azure.ask("GET", f"/jobs/{job}/tasks/{task}/files/stdout.txt").status_code
        except HttpResponseError as error:
            return error.status_code or 0

    until(lambda: status() == 409)


def test_the_asynchronous_client_works_as_well(azure):
    async def run() -> tuple[list[str], bytes, str]:
        async with aio.BatchClient(azure.endpoint, AzureNamedKeyCredential("covalent", KEY)) as client:
            await client.create_job(m.BatchJobCreateOptions(id="aio", pool_info=m.BatchPoolInfo(pool_id="pool")))
            tasks = [Task(id=f"t{n}", command_line="/bin/echo hello") for n in range(120)]
            await client.create_tasks("aio", tasks)
            await client.update_job("aio", m.BatchJobUpdateOptions(all_tasks_complete_mode="terminatejob"))
            while (job := await client.get_job("aio")).state != m.BatchJobState.COMPLETED:
                await asyncio.sleep(0.05)
            ids = [task.id async for task in client.list_tasks("aio", filter="state eq 'completed'", max_results=50)]
            content = b"".join([chunk async for chunk in await client.download_task_file("aio", "t7", "stdout.txt")])
            return ids, content, str(job.execution_info.termination_reason)

    ids, content, reason = asyncio.run(run())
    assert (len(ids), content, reason) == (120, b"hello\n", "AllTasksComplete")


def test_secrets_of_registries_are_not_shown(azure):
    registry = m.ContainerRegistryReference(
        username="me", password=base64.b64encode(b"x").decode(), registry_server="r.io"
    )
    job, task = azure.task(
        "x", pool="empty", container_settings=m.BatchTaskContainerSettings(image_name="r.io/x", registry=registry)
    )
    shown = azure.batch.get_task(job, task).container_settings
    assert (shown.image_name, shown.registry.username, shown.registry.password) == ("r.io/x", "me", None)
