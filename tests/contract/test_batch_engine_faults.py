"""The batch engine when things go wrong: calls that are refused, answers that are lost, dispatchers that die at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covalent.errors import ExecutorError, ServiceUnreachableError
from covalent.model import TaskRef, TaskSpec
from covalent.states import Cause, Status
from tests.support.batch_service import Cloud, Container, Dispatcher, Ended, FakeBatchService, Tasks, works


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    await made.close()


async def slowly(container: Container) -> None:
    """Ends some time after the others."""
    await asyncio.sleep(0.01 * container.index)
    await works(container)


def assert_done_once(dispatcher: Dispatcher) -> None:
    """Every task completed, and no job was made twice."""
    assert {outcome.status for outcome in dispatcher.stored.values()} == {Status.COMPLETED}
    assert len(dispatcher.stored) == len(dispatcher.tasks.refs)
    names = dispatcher.cloud.names()
    assert len(names) == len(set(names))


@pytest.mark.parametrize("fault", ["throttled", "unreachable", "lost"])
@pytest.mark.parametrize("call", ["check", "submit", "find", "describe", "tasks"])
async def test_a_call_that_is_not_answered_costs_time_and_nothing_else(
    cloud: Cloud, tmp_path: Path, call: str, fault: str
) -> None:
    cloud.behaviour = slowly
    cloud.fail_next(call, fault, fault, fault)
    if call == "find":
        cloud.fail_next("submit", "unreachable")
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 20), tmp_path)
    await dispatcher.run()
    assert_done_once(dispatcher)
    assert len(cloud.faults[call]) < 3
    await dispatcher.close()


@pytest.mark.parametrize("fault", ["throttled", "unreachable", "lost"])
async def test_cancelling_is_tried_until_it_works(cloud: Cloud, tmp_path: Path, fault: str) -> None:
    async def for_ever(container: Container) -> None:
        container.start()
        await asyncio.Event().wait()

    cloud.behaviour = for_ever
    cloud.fail_next("cancel", fault, fault)
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 3), tmp_path)
    executor = dispatcher.begin()
    await dispatcher.send()
    assert await executor.cancel(dispatcher.metadata, dispatcher.tasks.refs, dispatcher.handle)
    outcomes = await dispatcher.finish()
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.CANCELLED}
    await dispatcher.close()


async def test_a_log_that_cannot_be_read_now_is_read_later(cloud: Cloud, tmp_path: Path) -> None:
    async def talks(container: Container) -> None:
        container.print("hello\n")
        container.start()
        await asyncio.Event().wait()

    cloud.behaviour = talks
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 1), tmp_path)
    executor = dispatcher.begin()
    await dispatcher.send()
    await dispatcher.step()
    cloud.fail_next("logs", "throttled")
    ref = dispatcher.tasks.refs[0]
    assert [await executor.read_log(dispatcher.metadata, ref, "stdout", 0, 100) for _ in range(2)] == [b"", b"hello\n"]
    await dispatcher.close()


async def test_a_refusal_while_jobs_run_fails_no_task(cloud: Cloud, tmp_path: Path) -> None:
    cloud.behaviour = slowly
    cloud.fail_next("describe", *["refused"] * 4)
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 5), tmp_path)
    await dispatcher.run()
    assert_done_once(dispatcher)
    await dispatcher.close()


async def test_throttling_makes_looks_rare(cloud: Cloud, tmp_path: Path) -> None:
    async def for_ever(container: Container) -> None:
        await asyncio.Event().wait()

    async def looks_in(seconds: float) -> int:
        before = cloud.calls["describe"]
        await asyncio.sleep(seconds)
        return cloud.calls["describe"] - before

    cloud.behaviour = for_ever
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 1), tmp_path, poll=0.01)
    dispatcher.begin()
    await dispatcher.send()
    following = asyncio.create_task(dispatcher.step())
    assert await looks_in(0.3) > 15
    cloud.fail_next("describe", *["throttled"] * 6)
    await looks_in(0.2)
    assert await looks_in(0.3) < 12
    following.cancel()
    await dispatcher.close()


async def test_a_group_of_which_one_job_is_refused_runs_not_at_all(cloud: Cloud, tmp_path: Path) -> None:
    async def for_ever(container: Container) -> None:
        await asyncio.Event().wait()

    cloud.behaviour = for_ever
    cloud.fail_next("submit", "", "refused")
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 230), tmp_path)
    dispatcher.begin()
    with pytest.raises(ExecutorError, match="AccessDenied"):
        await dispatcher.send()
    assert cloud.jobs
    assert all(job.state.is_final for job in cloud.jobs.values())
    await dispatcher.close()


async def test_a_service_that_lists_no_tasks_holds_up_none_for_ever(cloud: Cloud, tmp_path: Path) -> None:
    async def dies(container: Container) -> None:
        container.start()
        raise Ended(137)

    cloud.behaviour = dies
    cloud.fail_next("tasks", *["refused"] * 100)
    outcomes = await (dispatcher := Dispatcher(cloud, Tasks(tmp_path, 2), tmp_path)).run()
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.UNKNOWN}
    await dispatcher.close()


async def test_a_submission_that_is_refused_fails_the_group(cloud: Cloud, tmp_path: Path) -> None:
    cloud.fail_next("submit", "refused")
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 5), tmp_path)
    dispatcher.begin()
    with pytest.raises(ExecutorError, match="AccessDenied"):
        await dispatcher.send()
    await dispatcher.close()


class Stuck(Tasks):
    """The dispatcher's store hangs at the first reading."""

    def __init__(self, root: Path, count: int, cloud: Cloud) -> None:
        super().__init__(root, count)
        self._cloud = cloud

    async def load(self, refs: list[TaskRef]) -> list[TaskSpec]:  # type: ignore[override]
        if not self.loads:
            self.loads = 1
            await self._cloud.hang()
        return await super().load(refs)


async def kill(dispatcher: Dispatcher, work: asyncio.Task[object]) -> None:
    """The process of the dispatcher ends."""
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    await dispatcher.close()


@pytest.mark.parametrize(
    ("call", "faults", "submissions", "count"),
    [
        pytest.param("load", (), 0, 5, id="before the manifest"),
        pytest.param("check", ("hangs",), 0, 5, id="at the check"),
        pytest.param("submit", ("hangs",), 0, 1, id="before submit, one task"),
        pytest.param("submit", ("hangs",), 0, 5, id="before submit"),
        pytest.param("submit", ("", "hangs"), 1, 230, id="between jobs"),
        pytest.param("submit", ("dies",), 1, 1, id="after submit, one task"),
        pytest.param("submit", ("dies",), 1, 5, id="after submit"),
        pytest.param("submit", ("", "dies"), 2, 230, id="after the second job"),
    ],
)
async def test_a_dispatcher_that_dies_while_it_submits_leaves_nothing_undone_and_nothing_twice(
    cloud: Cloud, tmp_path: Path, call: str, faults: tuple[str, ...], submissions: int, count: int
) -> None:
    tasks = Stuck(tmp_path, count, cloud) if call == "load" else Tasks(tmp_path, count)
    dispatcher = Dispatcher(cloud, tasks, tmp_path)
    cloud.fail_next(call, *faults)
    dispatcher.begin()
    sending = asyncio.create_task(dispatcher.send())
    await asyncio.wait_for(cloud.hanging.wait(), 30)
    assert not sending.done()
    await kill(dispatcher, sending)
    assert len(cloud.jobs) >= submissions
    dispatcher.begin()
    await dispatcher.resume()
    await dispatcher.finish()
    assert_done_once(dispatcher)
    await dispatcher.close()


async def test_a_dispatcher_that_dies_after_submitting_submits_nothing_again(cloud: Cloud, tmp_path: Path) -> None:
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 5), tmp_path)
    dispatcher.begin()
    await dispatcher.send()
    await dispatcher.close()
    calls = cloud.calls["submit"]
    dispatcher.begin()
    await dispatcher.resume()
    await dispatcher.finish()
    assert_done_once(dispatcher)
    assert (cloud.calls["submit"], cloud.calls["find"]) == (calls, 0)
    await dispatcher.close()


async def test_sending_a_group_again_adopts_what_is_there(cloud: Cloud, tmp_path: Path) -> None:
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 5), tmp_path)
    dispatcher.begin()
    await dispatcher.send()
    await dispatcher.send()
    await dispatcher.finish()
    assert_done_once(dispatcher)
    await dispatcher.close()


async def test_news_that_were_received_but_not_stored_come_again(cloud: Cloud, tmp_path: Path) -> None:
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 5), tmp_path)
    dispatcher.begin()
    await dispatcher.send()
    lost = await dispatcher.step()
    assert lost
    dispatcher.stored.clear()
    await dispatcher.resume()
    await dispatcher.finish()
    assert_done_once(dispatcher)
    await dispatcher.close()


async def test_a_group_is_followed_though_there_are_no_credentials_at_the_start(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 2), tmp_path)
    dispatcher.begin()
    await dispatcher.send()
    await dispatcher.close()
    executor = dispatcher.begin()
    connect = executor.connect

    async def expired() -> object:
        raise ExecutorError("The credentials have expired. Renew them.")

    monkeypatch.setattr(executor, "connect", expired)
    await dispatcher.resume()
    with pytest.raises(ExecutorError, match="Renew"):
        await dispatcher.step()
    assert "Renew" in await executor.why(dispatcher.metadata, dispatcher.tasks.refs[0], dispatcher.handle)
    monkeypatch.setattr(executor, "connect", connect)
    await dispatcher.finish()
    assert_done_once(dispatcher)
    await dispatcher.close()


async def test_a_service_that_does_not_answer_at_first_fails_no_group(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 2), tmp_path)
    executor = dispatcher.begin()
    connect, tries = executor.connect, iter([ServiceUnreachableError("Could not connect")])

    async def late() -> FakeBatchService:
        if (error := next(tries, None)) is not None:
            raise error
        return await connect()

    monkeypatch.setattr(executor, "connect", late)
    await dispatcher.send()
    await dispatcher.finish()
    assert_done_once(dispatcher)
    await dispatcher.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_no_moment_of_death_loses_or_doubles_anything(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    asyncio.run(_killed_at_random(tmp_path_factory.mktemp("cloud"), random.Random(seed)))


async def _killed_at_random(root: Path, chance: random.Random) -> None:
    cloud = Cloud(root)
    cloud.behaviour = slowly
    for call in ("check", "submit", "find", "describe", "tasks"):
        cloud.fail_next(call, *chance.choices(["", "throttled", "unreachable", "lost"], weights=[5, 1, 1, 1], k=8))
    dispatcher = Dispatcher(cloud, Tasks(root, chance.choice([1, 7, 120])), root)
    is_sent = False
    for _ in range(4):
        dispatcher.begin()

        async def life() -> None:
            nonlocal is_sent
            if is_sent:
                await dispatcher.resume()
            else:
                is_sent = True
                await dispatcher.send()
            await dispatcher.finish()

        work = asyncio.create_task(life())
        await asyncio.sleep(chance.random() * 0.1)
        if work.done():
            break
        await kill(dispatcher, work)
    else:
        dispatcher.begin()
        await dispatcher.resume()
        await dispatcher.finish()
    assert_done_once(dispatcher)
    await dispatcher.close()
    await cloud.close()
