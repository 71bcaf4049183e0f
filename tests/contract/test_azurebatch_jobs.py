"""Few jobs for many groups, and each group once: the Azure Batch executor against Azure on this machine, when things go wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.batch import BatchClient
from azure.core.rest import HttpRequest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.azurebatch.names import GroupRef
from covalent.executor.azurebatch.session import API_VERSION
from covalent.executor.batch.causes import CANCEL_REASON, explain
from covalent.executor.batch.service import JobState
from covalent.executor.batch.why import explained
from covalent.states import Cause
from covalent.testing import emulated_azure
from tests.support.azure_cloud import OPTIONS
from tests.support.azure_groups import PATIENCE_S, batch_calls, ended, job, job_ended

pytestmark = [pytest.mark.slow, pytest.mark.npm]

pytest_plugins = ("tests.support.azure_fixtures",)

FOR_EVER = "time.sleep(60)"


def terminate(client: BatchClient, ref: str) -> None:
    """As somebody does in Azure's portal."""
    path = f"{{endpoint}}/jobs/{GroupRef.parse(ref).job}/terminate"
    client.send_request(HttpRequest("POST", path, params={"api-version": API_VERSION})).raise_for_status()


def jobs_of(client: BatchClient, ref: str) -> list[Any]:
    """All jobs of the line of one."""
    line = GroupRef.parse(ref).job.rpartition("-")[0]
    return list(client.list_jobs(filter=f"startswith(id,'{line}')"))


def tasks_of(client: BatchClient, group: str) -> list[str]:
    """Ids of a group's tasks, in all jobs."""
    return [
        task.id for one in client.list_jobs() for task in client.list_tasks(one.id) if task.id.startswith(f"{group}-")
    ]


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
    ref = await other.find(group)
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
    terminate(client, first)
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


# What ends in the middle


async def test_groups_go_on_after_a_job_that_was_ended_while_tasks_waited_in_it(client, service):
    first = await service.submit(job("dead-1", "time.sleep(5)", size=30, dispatch="dead"))
    await service.cancel(first, None, CANCEL_REASON)
    await job_ended(client, first)
    assert any(task.state == "active" for task in client.list_tasks(GroupRef.parse(first).job))
    second = await service.submit(job("dead-2", "time.sleep(5)", size=30, dispatch="dead"))
    terminate(client, second)
    third = await service.submit(job("dead-3", "time.sleep(5)", size=30, dispatch="dead"))
    terminate(client, third)
    other = await AzureBatchExecutor(**OPTIONS).connect()
    fourth = await other.submit(job("dead-4", "time.sleep(5)", dispatch="dead"))
    numbers = [int(GroupRef.parse(ref).job.rpartition("-")[2]) for ref in (first, second, third, fourth)]
    assert numbers == [0, 1, 2, 3]
    assert (await ended(other, fourth)).state is JobState.SUCCEEDED
    await other.close()


async def begun(azurebatch: Any, service: Any, group: Any) -> None:
    """Have a part of a group taken, and the rest refused for now."""
    azurebatch.faults.hold()
    azurebatch.faults.throttle("CreateTaskCollection", 1)
    with pytest.raises(ServiceUnreachableError):
        await service.submit(group)


async def test_a_group_that_was_taken_in_part_stays_in_one_job_whatever_other_groups_do(azurebatch, client, service):
    group = job("part", size=150, dispatch="part")
    await begun(azurebatch, service, group)
    assert 0 < len(tasks_of(client, "part")) < 150
    other = await service.submit(job("part-other", dispatch="part"))
    assert client.get_job(GroupRef.parse(other).job).all_tasks_complete_mode == "noaction"
    ref = await service.find(group)
    assert GroupRef.parse(ref).job == GroupRef.parse(other).job
    found = tasks_of(client, "part")
    assert (len(found), len(set(found))) == (151, 151)
    assert client.get_job(GroupRef.parse(ref).job).all_tasks_complete_mode == "terminatejob"
    await service.cancel(ref, None, CANCEL_REASON)
    await service.cancel(other, None, CANCEL_REASON)
    assert [one.state for one in jobs_of(client, ref)] == ["completed"]


@pytest.mark.parametrize("asks", [True, False])
async def test_a_group_whose_job_is_ended_in_the_middle_runs_in_no_other(azurebatch, client, service, asks):
    name = f"middle-{asks}".lower()
    group = job(name, size=150, dispatch=name)
    await begun(azurebatch, service, group)
    (found,) = [one.id for one in client.list_jobs() if any(t.id.startswith(name) for t in client.list_tasks(one.id))]
    terminate(client, f"{found}/{name}:150")
    ref = await (service.find(group) if asks else service.submit(group))
    assert ref == f"{found}/{name}:150"
    assert len(tasks_of(client, name)) < 150
    view = await ended(service, ref)
    assert len(view.tasks) == 150
    assert {explain(task, service.reasons).cause for task in view.tasks} == {Cause.CANCELLED}
    following = await service.submit(job(f"{name}-next", dispatch=name))
    assert GroupRef.parse(following).job != found
    await service.cancel(following, None, CANCEL_REASON)


async def test_a_part_of_a_group_is_ended_with_it(azurebatch, client, service):
    group = job("unwanted", size=150, dispatch="unwanted")
    await begun(azurebatch, service, group)
    await service.cancel(await service.find(group), None, CANCEL_REASON)
    (found,) = [
        one for one in client.list_jobs() if any(t.id.startswith("unwanted") for t in client.list_tasks(one.id))
    ]
    assert found.state == "completed"


async def test_a_group_that_is_refused_in_part_does_not_run(azurebatch, client, service):
    azurebatch.faults.refuse("CreateTaskCollection", "InvalidPropertyValue")
    with pytest.raises(ExecutorError, match="InvalidPropertyValue"):
        await service.submit(job("refused", FOR_EVER, size=150, dispatch="refused"))
    (found,) = [one for one in client.list_jobs() if any(t.id.startswith("refused") for t in client.list_tasks(one.id))]
    assert (await job_ended(client, f"{found.id}/refused:150")).execution_info.termination_reason == CANCEL_REASON


async def test_a_group_that_is_refused_leaves_the_others_of_its_job_alone(azurebatch, client, service):
    other = await service.submit(job("beside", "time.sleep(3)", dispatch="beside"))
    azurebatch.faults.refuse("CreateTaskCollection", "InvalidPropertyValue")
    with pytest.raises(ExecutorError, match="InvalidPropertyValue"):
        await service.submit(job("beside-bad", "time.sleep(3)", size=150, dispatch="beside"))
    states = {task.id.rpartition("-")[0]: task.state for task in client.list_tasks(GroupRef.parse(other).job)}
    assert states["beside-bad"] == "completed"
    assert (await ended(service, other)).state is JobState.SUCCEEDED


async def test_a_job_that_got_no_tasks_does_not_stay_in_the_quota(azurebatch, client, service):
    group = job("nothing", dispatch="nothing")
    azurebatch.faults.throttle("CreateTaskCollection", 1)
    with pytest.raises(ThrottledError):
        await service.submit(group)
    assert await service.find(group) is None
    assert not [
        one for one in client.list_jobs() if one.all_tasks_complete_mode == "noaction" and one.state == "active"
    ]
    ref = await service.submit(group)
    assert (await ended(service, ref)).state is JobState.SUCCEEDED


async def test_a_purge_leaves_no_job_of_a_dispatch_whatever_became_of_it(azurebatch, client, service):
    group = job("purged", FOR_EVER, size=150, dispatch="purged")
    await begun(azurebatch, service, group)
    await service.purge("purged")
    async with asyncio.timeout(PATIENCE_S):
        while tasks_of(client, "purged"):
            await asyncio.sleep(0.1)


async def test_a_job_whose_making_was_not_answered_is_used(azurebatch, client, service):
    group = job("unanswered", dispatch="unanswered")
    azurebatch.faults.lose_answer("CreateJob")
    with pytest.raises(ServiceUnreachableError):
        await service.submit(group)
    ref = await service.submit(group)
    assert [one.id for one in jobs_of(client, ref)] == [GroupRef.parse(ref).job]
    await job_ended(client, ref)


# What cannot be looked at


async def test_a_job_that_is_being_deleted_hides_no_other(azurebatch, service):
    azurebatch.faults.hold()
    refs = [await service.submit(job(f"hide-{n}", dispatch=f"hide-{n}")) for n in range(2)]
    azurebatch.faults.refuse("ListTasks", "JobBeingDeleted")
    assert len(await service.describe(refs)) == 1
    assert set(await service.describe(refs)) == set(refs)
    for ref in refs:
        await service.cancel(ref, None, CANCEL_REASON)


async def test_why_tasks_of_a_pool_wait_that_was_deleted_is_told(service):
    ref = await service.submit(job("no-pool", dispatch="no-pool", pool_id="deleted-pool"))
    async with asyncio.timeout(PATIENCE_S):
        while not (reason := (await service.describe([ref]))[ref].reason):
            await asyncio.sleep(0.5)
    assert explained(service.waits, reason).startswith("its pool does not exist any more")
    await service.cancel(ref, None, CANCEL_REASON)


async def test_that_a_pool_cannot_be_asked_after_is_told(azurebatch, service):
    azurebatch.faults.refuse("GetPool", "AuthorizationFailure", count=None)
    ref = await service.submit(job("shy-pool", dispatch="shy-pool", pool_id="shy-pool"))
    async with asyncio.timeout(PATIENCE_S):
        while not (reason := (await service.describe([ref]))[ref].reason):
            await asyncio.sleep(0.5)
    assert "its pool could not be asked: Azure refused when looking for the pool shy-pool" in reason
    await service.cancel(ref, None, CANCEL_REASON)
