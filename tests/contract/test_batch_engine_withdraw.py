"""Groups that a service does not take for long: they hold up nobody else, and can be cancelled before it has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covalent.dispatcher.groups import GroupDriver
from covalent.errors import ExecutorError, ThrottledError
from covalent.executor.batch.engine import SUBMISSIONS
from covalent.executor.batch.service import Job
from covalent.executor.runtime import SharedRuntime
from covalent.model import TaskUpdate
from covalent.states import Cause, Status
from tests.support.batch_service import Cloud, Container, FakeBatchExecutor, FakeBatchService, Tasks

WAITING = "ct-waiting"


class FullService(FakeBatchService):
    """Has no room for groups of a certain name, for as long as ``is_full`` is set."""

    is_full = True

    async def submit(self, job: Job) -> str:
        if self.is_full and job.name.startswith(WAITING):
            raise ThrottledError("There are as many jobs as the quota allows.")
        return await super().submit(job)


class FullExecutor(FakeBatchExecutor):
    async def connect(self) -> FullService:
        return FullService(self._cloud)


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async def for_ever(container: Container) -> None:
        container.start()
        await asyncio.Event().wait()

    made = Cloud(tmp_path)
    made.behaviour = for_ever
    yield made
    await made.close()


@pytest.fixture
async def executor(cloud: Cloud, tmp_path: Path) -> AsyncIterator[FullExecutor]:
    made = FullExecutor(cloud)
    runtime = SharedRuntime(tmp_path)
    made.bind(runtime)
    yield made
    await runtime.close()


class Driven:
    """A group on its way, and what is reported of it."""

    def __init__(self, executor: FullExecutor, tasks: Tasks) -> None:
        self.updates: list[TaskUpdate] = []
        self.tasks = tasks
        self.driver = GroupDriver(
            executor=executor,
            resources=tasks,
            metadata=tasks.metadata,
            refs=tasks.refs,
            report=self._report,
            keep_handle=lambda group, handle: None,
        )

    async def _report(self, updates: list[TaskUpdate]) -> None:
        self.updates += updates

    def causes(self) -> list[Cause | None]:
        return [update.outcome.cause for update in self.updates if update.outcome is not None]

    async def cancelled(self, running: asyncio.Task[None]) -> None:
        """Return when all of it was cancelled, and that is known."""
        cancelling = asyncio.ensure_future(self.driver.cancel(self.tasks.refs))
        async with asyncio.timeout(10):
            await running
            await asyncio.gather(cancelling, return_exceptions=True)


async def until_tried(cloud: Cloud, call: str, times: int = 1) -> None:
    async with asyncio.timeout(10):
        while cloud.calls[call] < times:
            await asyncio.sleep(0.01)


async def test_groups_that_wait_for_a_quota_hold_up_no_other(cloud, executor, tmp_path):
    waiting = [Tasks(tmp_path, 1, group_id=f"{WAITING}-{n}") for n in range(2 * SUBMISSIONS)]
    sending = [asyncio.ensure_future(executor.send(one.refs, one, one.metadata)) for one in waiting]
    await asyncio.sleep(0.3)
    other = Tasks(tmp_path, 2, group_id="ct-other")
    async with asyncio.timeout(10):
        await executor.send(other.refs, other, other.metadata)
        assert cloud.names() == ["ct-other"]
        FullService.is_full = False
        try:
            await asyncio.gather(*sending)
        finally:
            FullService.is_full = True
    assert sorted(cloud.names()) == sorted(["ct-other", *(one.metadata.group_id for one in waiting)])


async def test_a_group_that_waits_for_a_quota_can_be_cancelled(cloud, executor, tmp_path):
    group = Driven(executor, Tasks(tmp_path, 3, group_id=WAITING))
    running = asyncio.ensure_future(group.driver.send())
    await asyncio.sleep(0.2)
    await group.cancelled(running)
    assert {(one.status, one.outcome.cause) for one in group.updates} == {(Status.CANCELLED, Cause.CANCELLED)}
    assert "as many jobs as the quota allows" in group.updates[0].outcome.message
    assert cloud.jobs == {}
    assert FullService.is_full, "it was not waited for"


async def test_what_was_taken_without_our_knowing_is_ended_when_its_group_is_cancelled(cloud, executor, tmp_path):
    cloud.fail_next("submit", "lost")
    cloud.fail_next("find", *["throttled"] * 50)
    group = Driven(executor, Tasks(tmp_path, 3, group_id="ct-lost"))
    running = asyncio.ensure_future(group.driver.send())
    await until_tried(cloud, "find", 3)
    await group.cancelled(running)
    assert group.causes() == [Cause.CANCELLED] * 3
    assert [job.state.is_final for job in cloud.jobs.values()] == [True]


async def test_the_end_of_some_of_a_group_waits_until_it_is_out(cloud, executor, tmp_path):
    cloud.fail_next("submit", *["throttled"] * 8)
    tasks = Tasks(tmp_path, 3, group_id="ct-some")
    group = Driven(executor, tasks)
    running = asyncio.ensure_future(group.driver.send())
    async with asyncio.timeout(10):
        await group.driver.cancel(tasks.refs[:1])
        while not group.causes():
            await asyncio.sleep(0.01)
    assert [update.node_id for update in group.updates if update.outcome] == [tasks.refs[0].node_id]
    assert [job.job.size for job in cloud.jobs.values()] == [3]
    running.cancel()


async def test_settings_that_were_in_order_are_checked_again_later(cloud, executor, tmp_path, monkeypatch):
    monkeypatch.setattr("covalent.executor.batch.engine.CHECKED_S", 0.0)
    one, other = (Tasks(tmp_path, 1, group_id=f"ct-check-{n}") for n in range(2))
    await executor.send(one.refs, one, one.metadata)
    cloud.fail_next("check", "refused")
    with pytest.raises(ExecutorError, match="AccessDenied"):
        await executor.send(other.refs, other, other.metadata)
