"""The executor's calls to Azure Batch, against Azure on this machine, which refuses what Azure refuses."""

from __future__ import annotations

import asyncio

import pytest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.azurebatch import AzureBatchExecutor, listing
from covalent.executor.azurebatch.names import GroupRef
from covalent.executor.azurebatch.service import AzureBatchService
from covalent.executor.azurebatch.views import JobFacts
from covalent.executor.batch.causes import CANCEL_REASON, explain
from covalent.executor.batch.service import JobState
from covalent.executor.batch.why import explained
from covalent.states import Cause
from tests.support.azure_cloud import OPTIONS
from tests.support.azure_groups import PATIENCE_S, batch_calls, ended, job, job_ended, reached

pytestmark = [pytest.mark.slow, pytest.mark.npm]

pytest_plugins = ("tests.support.azure_fixtures",)


async def complaint(**settings: object) -> str:
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


async def test_a_group_of_several_pages_is_described_as_a_whole(service, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_TASKS", 2)
    ref = await service.submit(job("pages", size=5, dispatch="pages"))
    view = await ended(service, ref)
    assert sorted(task.index for task in view.tasks) == list(range(5))
    assert view.state is JobState.SUCCEEDED


async def test_of_a_long_list_one_page_is_asked_for_where_one_will_do(azurebatch, service):
    for name in ("one", "other"):
        await service.submit(job(f"some-{name}", dispatch=f"some-{name}"))
    clients = await AzureBatchExecutor(**OPTIONS).open_clients()
    azurebatch.reset_calls()
    assert len(await clients.some("/jobs", "looking for jobs", JobFacts, maxresults="1", select="id")) == 1
    assert batch_calls(azurebatch) == {"ListJobs": 1}
    assert len(await clients.items("/jobs", "looking for jobs", JobFacts, maxresults="1", select="id")) > 1
    await clients.close()


async def test_the_end_of_a_long_log_is_its_end(service):
    end = "print('oh', file=sys.stderr); print('killed', end=''); sys.stdout.flush(); os._exit(9)"
    program = f"[print('line', n) for n in range(2000)]; {end}"
    ref = await service.submit(job("long-log", program, size=2, dispatch="long-log"))
    await ended(service, ref)
    told = await service.log_end(ref, 1)
    assert told.endswith(b"line 1998\nline 1999\nkilledoh\n")
    assert len(told) < 10_000
    assert await service.log_end(str(GroupRef.parse(ref)._replace(group="nobody")), 0) == b""


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
