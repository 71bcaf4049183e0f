"""The batch engine on a service that can end whole jobs only, and that wants its logs read seldom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from covalent.executor.batch.engine import Engine
from covalent.executor.batch.service import Limits
from covalent.states import Cause, Status
from tests.support.batch_service import Cloud, Container, Dispatcher, Tasks, works

LIMITS = Limits(max_size=100, max_refs=1, max_environment_chars=2000, ends_single_tasks=False)


@pytest.fixture
async def dispatcher(tmp_path: Path) -> AsyncIterator[Dispatcher]:
    cloud = Cloud(tmp_path, limits=LIMITS)
    gate = asyncio.Event()

    async def held(container: Container) -> None:
        container.start()
        await gate.wait()
        await works(container)

    cloud.behaviour = held
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 3), tmp_path)
    dispatcher.begin()
    await dispatcher.send()
    dispatcher.gate = gate  # type: ignore[attr-defined]
    yield dispatcher
    await dispatcher.close()
    await cloud.close()


async def test_one_of_several_is_given_up_and_the_others_go_on(dispatcher):
    assert await dispatcher.executor.cancel(dispatcher.metadata, dispatcher.tasks.refs[1:2], dispatcher.handle)
    while not dispatcher.stored:
        await dispatcher.step()
    outcome = dispatcher.stored[11]
    assert (outcome.status, outcome.cause) == (Status.CANCELLED, Cause.CANCELLED)
    assert dispatcher.cloud.calls["cancel"] == 0
    dispatcher.gate.set()
    await dispatcher.finish()
    assert {node: one.status for node, one in dispatcher.stored.items()} == {
        10: Status.COMPLETED,
        11: Status.CANCELLED,
        12: Status.COMPLETED,
    }


async def test_what_was_given_up_stays_so_for_the_next_dispatcher(dispatcher):
    await dispatcher.executor.cancel(dispatcher.metadata, dispatcher.tasks.refs[:1], dispatcher.handle)
    await dispatcher.close()
    dispatcher.begin()
    await dispatcher.resume()
    dispatcher.gate.set()
    outcomes = await dispatcher.finish()
    assert outcomes[10].status is Status.CANCELLED
    assert outcomes[11].status is outcomes[12].status is Status.COMPLETED


async def test_all_that_are_left_are_ended_with_the_job(dispatcher):
    await dispatcher.executor.cancel(dispatcher.metadata, dispatcher.tasks.refs, dispatcher.handle)
    outcomes = await dispatcher.finish()
    assert {outcome.status for outcome in outcomes.values()} == {Status.CANCELLED}
    assert dispatcher.cloud.calls["cancel"] == 1


async def test_a_task_that_has_ended_meanwhile_stays_as_it_is(dispatcher):
    dispatcher.gate.set()
    while not dispatcher.cloud.jobs["job-0"].state.is_final:
        await asyncio.sleep(0.01)
    await dispatcher.executor.cancel(dispatcher.metadata, dispatcher.tasks.refs[:1], dispatcher.handle)
    assert {one.status for one in (await dispatcher.finish()).values()} == {Status.COMPLETED}


async def test_logs_of_all_tasks_together_are_read_as_seldom_as_the_service_wants(dispatcher):
    engine: Engine = await dispatcher.executor.engine()
    engine.service.limits = replace(LIMITS, log_gap_s=3600)
    await dispatcher.step()
    for ref in dispatcher.tasks.refs:
        await dispatcher.executor.read_log(dispatcher.metadata, ref, "stdout", 0, 10)
    assert dispatcher.cloud.calls["logs"] == 1
