"""The Azure Batch executor's calls, against Azure on this machine, which refuses what Azure refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.rest import HttpRequest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.azurebatch.names import GroupRef
from covalent.executor.azurebatch.service import AzureBatchService
from covalent.executor.azurebatch.session import API_VERSION
from covalent.executor.batch.causes import CANCEL_REASON, explain
from covalent.executor.batch.service import Job, JobState, JobView
from covalent.executor.batch.why import explained
from covalent.states import Cause
from covalent.testing import EmulatedAzure, emulated_azure
from tests.support.azure_cloud import OPTIONS

pytestmark = [pytest.mark.slow, pytest.mark.npm]

pytest_plugins = ("tests.support.azure_fixtures",)

#: What jobs of these tests run, in place of the runner.
PROGRAM = "import os, sys, time; print('task', os.environ['COVALENT_TASK_INDEX'], flush=True); "

PATIENCE_S = 20

Calls = dict[str, int]


@pytest.fixture
async def service(azurebatch: EmulatedAzure) -> AsyncIterator[AzureBatchService]:
    service = await AzureBatchExecutor(**OPTIONS).connect()
    yield service
    await service.close()


@pytest.fixture
def client(azurebatch: EmulatedAzure) -> Any:
    """Azure's own."""
    environment = azurebatch.environment
    credential = AzureNamedKeyCredential(environment["AZURE_BATCH_ACCOUNT"], environment["AZURE_BATCH_ACCESS_KEY"])
    with BatchClient(environment["COVALENT_AZURE_BATCH_ENDPOINT"], credential, retry_total=0) as client:
        yield client


def job(name: str, program: str = "", *, size: int = 1, dispatch: str = "d1", **settings: Any) -> Job:
    return Job(
        name=name,
        size=size,
        command=("python3", "-c", PROGRAM + program),
        environment={"COVALENT_PYTHON": "3.11"},
        options=AzureBatchExecutor(**{**OPTIONS, **settings}).job_options(),
        tags={"covalent-dispatch": dispatch, "covalent-group": name},
    )


async def ended(service: AzureBatchService, ref: str) -> JobView:
    return await reached(service, ref, JobState.SUCCEEDED, JobState.FAILED)


async def reached(service: AzureBatchService, ref: str, *states: JobState) -> JobView:
    async with asyncio.timeout(PATIENCE_S):
        while (view := (await service.describe([ref]))[ref]).state not in states:
            await asyncio.sleep(0.1)
    return view


async def job_ended(client: BatchClient, ref: str) -> models.BatchJob:
    async with asyncio.timeout(PATIENCE_S):
        while (found := client.get_job(GroupRef.parse(ref).job)).state != models.BatchJobState.COMPLETED:
            await asyncio.sleep(0.1)
    return found


def batch_calls(azure: EmulatedAzure) -> Calls:
    return dict(azure.calls().client["batch"])


async def complaint(**settings: Any) -> str:
    """What is found wrong before a job is submitted."""
    executor = AzureBatchExecutor(**{**OPTIONS, **settings})
    service = await executor.connect()
    with pytest.raises(ExecutorError) as caught:
        await service.check(executor.job_options())
    await service.close()
    assert not caught.value.retryable
    return str(caught.value)


async def test_what_is_there_is_found_with_few_calls_and_only_once(azurebatch, service):
    for memory in (256, 512):
        await service.check(AzureBatchExecutor(**OPTIONS, memory=memory).job_options())
    calls = azurebatch.calls().client
    assert calls["batch"] == {"GetPool": 1}
    assert calls["storage"] == {"ListBlobs": 1}
    assert calls["identity"]["Token"] == 2, "one for each of the two services"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("tenant_id", "no-such-tenant"),
        ("client_id", "no-such-client"),
        ("pool_id", "no-such-pool"),
        ("container_name", "no-such-container"),
    ],
)
async def test_what_is_missing_is_named_with_its_setting(azurebatch, setting, value):
    text = await complaint(**{setting: value})
    assert value in text
    assert setting in text


async def test_a_wrong_secret_is_named_and_not_shown(azurebatch):
    text = await complaint(client_secret="no-such-secret")
    assert "Correct client_secret" in text
    assert "no-such-secret" not in text


async def test_a_task_runs_and_is_seen_to(client, service):
    ref = await service.submit(job("one", "time.sleep(2)", memory=512))
    running = await reached(service, ref, JobState.RUNNING)
    assert running.tasks[0].state is JobState.RUNNING
    view = await ended(service, ref)
    assert (view.state, view.memory_mib) == (JobState.SUCCEEDED, 512)
    (task,) = view.tasks
    assert (task.index, task.attempt, task.exit_code, task.state) == (0, 1, 0, JobState.SUCCEEDED)
    assert task.started_at < task.ended_at
    assert GroupRef.parse(ref).job in task.place
    assert await service.status(ref) == ("completed", 0)
    assert (await job_ended(client, ref)).execution_info.termination_reason == "AllTasksComplete"


async def test_a_group_has_a_task_for_each_index_and_one_listing_tells_of_all(azurebatch, service):
    ref = await service.submit(job("many", "sys.exit(3 * (os.environ['COVALENT_TASK_INDEX'] == '2'))", size=5))
    await ended(service, ref)
    azurebatch.reset_calls()
    view = (await service.describe([ref]))[ref]
    assert batch_calls(azurebatch) == {"ListTasks": 1}
    assert (view.state, view.counts) == (JobState.FAILED, {JobState.SUCCEEDED: 4, JobState.FAILED: 1})
    (failed,) = await service.tasks(ref, [JobState.FAILED])
    assert (failed.index, failed.exit_code, failed.is_cancelled) == (2, 3, False)
    assert await service.status(ref) == ("completed", 3)


# Few jobs


async def test_groups_of_a_dispatch_share_a_job_while_it_is_in_use(azurebatch, service):
    first, second = [await service.submit(job(f"share-{n}", "time.sleep(4)", dispatch="share")) for n in (1, 2)]
    assert GroupRef.parse(first).job == GroupRef.parse(second).job
    assert batch_calls(azurebatch) == {
        "CreateJob": 1, "UpdateJob": 1, "CreateTaskCollection": 2, "ListTasks": 1,
    }  # fmt: skip
    azurebatch.reset_calls()
    views = await service.describe([first, second])
    assert set(views) == {first, second}
    assert batch_calls(azurebatch)["ListTasks"] == 1
    await ended(service, first)
    await ended(service, second)


async def test_a_group_that_comes_after_the_end_of_the_others_gets_the_next_job(client, service):
    first = await service.submit(job("after-1", dispatch="after"))
    await job_ended(client, first)
    second = await service.submit(job("after-2", dispatch="after"))
    one, two = (GroupRef.parse(ref).job for ref in (first, second))
    assert (one[:-2], one[-2:], two[-2:]) == (two[:-2], "-0", "-1")
    assert (await ended(service, second)).state is JobState.SUCCEEDED


async def test_what_holds_for_whole_jobs_separates_groups(service):
    one = await service.submit(job("env-1", dispatch="env"))
    other = await service.submit(job("env-2", dispatch="env", environment={"A": "b"}))
    assert GroupRef.parse(one).job != GroupRef.parse(other).job
    for ref in (one, other):
        await ended(service, ref)


async def test_a_thousand_tasks_are_added_by_the_hundred(azurebatch, service):
    ref = await service.submit(job("wide", size=1000, dispatch="wide"))
    assert batch_calls(azurebatch) == {"CreateJob": 1, "CreateTaskCollection": 10, "UpdateJob": 1}
    view = (await service.describe([ref]))[ref]
    assert sorted(task.index for task in view.tasks) == list(range(1000))
    await service.cancel(ref, None, CANCEL_REASON)


async def test_the_same_group_is_submitted_once_however_often_it_is_tried(client, service):
    ref = await service.submit(job("again", "time.sleep(2)", dispatch="again"))
    assert await service.submit(job("again", "time.sleep(2)", dispatch="again")) == ref
    assert await service.find(job("again", dispatch="again")) == ref
    assert await service.find(job("not-yet", dispatch="again")) is None
    assert len(list(client.list_tasks(GroupRef.parse(ref).job))) == 1
    await ended(service, ref)


async def test_groups_whose_names_differ_only_in_capital_letters_are_two(service):
    refs = [await service.submit(job(name, dispatch="letters")) for name in ("letters", "Letters")]
    assert len({ref.lower() for ref in refs}) == 2
    for ref in refs:
        assert (await ended(service, ref)).state is JobState.SUCCEEDED


async def test_what_a_dispatcher_left_half_done_is_finished_by_the_next(azurebatch, client, service):
    azurebatch.faults.throttle("UpdateJob", None)
    group = job("half", "time.sleep(1)", size=150, dispatch="half")
    with pytest.raises(ThrottledError):
        await service.submit(group)
    azurebatch.faults.clear()
    (found,) = [one for one in client.list_jobs() if one.all_tasks_complete_mode == "noaction"]
    for index in range(100, 150):
        client.delete_task(found.id, f"half-{index}")
    other = await AzureBatchExecutor(**OPTIONS).connect()
    assert await other.find(group) is None, "a part of a group is not the group"
    ref = await other.submit(group)
    assert GroupRef.parse(ref).job == found.id
    assert await other.find(group) == ref
    assert client.get_job(found.id).all_tasks_complete_mode == "terminatejob"
    await other.cancel(ref, None, CANCEL_REASON)
    await other.close()


async def test_a_job_that_was_not_told_to_end_is_told_so_when_its_group_is_found(azurebatch, client, service):
    azurebatch.faults.throttle("UpdateJob", None)
    group = job("endless", dispatch="endless")
    with pytest.raises(ThrottledError):
        await service.submit(group)
    azurebatch.faults.clear()
    ref = await service.find(group)
    await job_ended(client, ref)


async def test_a_job_that_ends_while_tasks_are_added_to_it_is_followed_by_another(client, service):
    first = await service.submit(job("gone-1", "time.sleep(60)", dispatch="gone"))
    client.send_request(
        HttpRequest(
            "POST", f"{{endpoint}}/jobs/{GroupRef.parse(first).job}/terminate", params={"api-version": API_VERSION}
        )
    )
    await job_ended(client, first)
    second = await service.submit(job("gone-2", dispatch="gone"))
    assert GroupRef.parse(second).job != GroupRef.parse(first).job
    assert (await ended(service, second)).state is JobState.SUCCEEDED


async def test_the_quota_of_active_jobs_is_a_reason_to_wait(azurebatch):
    with emulated_azure(quota=1) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        service = await AzureBatchExecutor(**OPTIONS).connect()
        first = await service.submit(job("quota-1", "time.sleep(3)", dispatch="quota-1"))
        with pytest.raises(ThrottledError, match="as many jobs that have not ended as its quota allows"):
            await service.submit(job("quota-2", dispatch="quota-2"))
        await ended(service, first)
        await service.close()


# Ends


async def test_references_that_are_not_there_are_absent(service):
    ref = "no-such-job/group:2"
    assert await service.describe([ref]) == {}
    assert await service.tasks(ref, JobState) == []
    with pytest.raises(ExecutorError, match="Azure Batch does not know the tasks no-such-job"):
        await service.status(ref)
    await service.cancel(ref, None, "at all")
    await service.cancel(ref, 0, "at all")


async def test_one_task_of_several_is_ended_alone(service):
    ref = await service.submit(job("cancel-one", "time.sleep(5)", size=2, dispatch="cancel-one"))
    await reached(service, ref, JobState.RUNNING)
    await service.cancel(ref, 0, CANCEL_REASON)
    await service.cancel(ref, 0, CANCEL_REASON)
    view = await ended(service, ref)
    causes = {task.index: explain(task, service.reasons).cause for task in view.tasks}
    assert causes[0] is Cause.CANCELLED
    assert {task.index for task in view.tasks if task.state is JobState.SUCCEEDED} == {1}


async def test_a_whole_group_is_ended_with_its_job_and_ending_it_again_is_no_error(azurebatch, client, service, caplog):
    caplog.set_level("INFO")
    ref = await service.submit(job("cancel-all", "time.sleep(60)", size=7, dispatch="cancel-all"))
    await reached(service, ref, JobState.RUNNING)
    azurebatch.reset_calls()
    await service.cancel(ref, None, CANCEL_REASON)
    assert batch_calls(azurebatch) == {"ListTasks": 1, "TerminateJob": 1}
    view = await ended(service, ref)
    assert {explain(task, service.reasons).cause for task in view.tasks} == {Cause.CANCELLED}
    assert (await job_ended(client, ref)).execution_info.termination_reason == CANCEL_REASON
    assert "waiting tasks of cancel-all, and the job" in caplog.text
    await service.cancel(ref, None, "again")


async def test_a_group_is_ended_and_the_others_of_its_job_go_on(service):
    one, other = [
        await service.submit(job(f"cancel-{n}", "time.sleep(4)", dispatch="cancel-beside")) for n in ("one", "other")
    ]
    assert GroupRef.parse(one).job == GroupRef.parse(other).job
    await service.cancel(one, None, CANCEL_REASON)
    assert explain((await ended(service, one)).tasks[0], service.reasons).cause is Cause.CANCELLED
    assert (await ended(service, other)).state is JobState.SUCCEEDED


async def test_a_wish_for_fewer_calls_and_silence_are_told_apart(azurebatch, service):
    azurebatch.faults.throttle("CreateJob", 1)
    with pytest.raises(ThrottledError):
        await service.submit(job("throttled", dispatch="throttled"))
    assert await service.find(job("throttled", dispatch="throttled")) is None
    azurebatch.faults.lose_answer("CreateTaskCollection")
    with pytest.raises(ServiceUnreachableError):
        await service.submit(job("lost-answer", dispatch="throttled"))
    assert await service.find(job("lost-answer", dispatch="throttled")) is not None


# Logs, causes and reasons


async def test_what_a_task_prints_is_read_while_it_runs(service):
    program = "print('oh', file=sys.stderr, flush=True); time.sleep(3); print('the end')"
    ref = await service.submit(job("talks", program, size=2, dispatch="talks"))
    data, cursor = b"", ""
    async with asyncio.timeout(PATIENCE_S):
        while b"oh" not in data:
            page = await service.logs(ref, 1, cursor)
            data, cursor = data + page.data, page.cursor
            await asyncio.sleep(0.2)
    assert data == b"task 1\n\x1eoh\n"
    await ended(service, ref)
    assert (await service.logs(ref, 1, cursor)).data == b"the end\n"


async def cause_of(service: AzureBatchService, ref: str) -> tuple[Cause | None, str]:
    (task,) = (await ended(service, ref)).tasks
    outcome = explain(task, service.reasons)
    return outcome.cause, outcome.message


async def test_causes_are_told_apart(azurebatch, service):
    azurebatch.faults.out_of_memory()
    assert (await cause_of(service, await service.submit(job("memory", "time.sleep(5)"))))[0] is Cause.OUT_OF_MEMORY
    azurebatch.faults.time_out()
    assert (await cause_of(service, await service.submit(job("time", "time.sleep(60)"))))[0] is Cause.TIMEOUT
    azurebatch.faults.bad_image()
    cause, message = await cause_of(service, await service.submit(job("image")))
    assert cause is Cause.IMAGE
    assert "base_image_uri" in message


@pytest.mark.parametrize("fault", ["lose_host", "preempt"])
async def test_a_lost_node_is_made_good_by_the_service(azurebatch, service, fault):
    getattr(azurebatch.faults, fault)(1)
    ref = await service.submit(job(f"again-{fault}", "time.sleep(1)"))
    view = await ended(service, ref)
    assert (view.state, view.tasks[0].exit_code) == (JobState.SUCCEEDED, 0)


async def test_why_nothing_starts_is_told(azurebatch, service):
    azurebatch.faults.hold()
    ref = await service.submit(job("held", dispatch="held"))
    azurebatch.reset_calls()
    async with asyncio.timeout(PATIENCE_S):
        while not (reason := (await service.describe([ref]))[ref].reason):
            await asyncio.sleep(0.5)
    azurebatch.faults.release()
    assert "quota of cores" in explained(service.waits, reason)
    calls = batch_calls(azurebatch)
    assert (calls["GetJob"], calls["GetPool"]) == (1, 1), "that is not asked at every look"
    await ended(service, ref)
