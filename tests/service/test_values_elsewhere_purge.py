"""What executors keep elsewhere goes with the dispatches that need it, not before and whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import covalent as ct
from covalent.dispatcher import Dispatcher
from covalent.dispatcher import leftovers as leftovers_module
from covalent.model import DispatchInfo
from covalent.states import Status
from covalent.store import open_store
from tests.support.elsewhere import Bucket, ElsewhereExecutor, install

Start = Callable[..., AbstractAsyncContextManager[Dispatcher]]

SIZE = 100_000


@ct.electron(executor=ElsewhereExecutor())
def make(n):
    return bytes(n)


@ct.electron
def measure(value):
    return len(value)


@ct.electron(executor=ElsewhereExecutor())
@ct.lattice
def below(n):
    return make(n)


@ct.lattice
def far(n):
    return make(n), measure(make(n + 1))


@ct.lattice
def nested(n):
    return below(n)


@ct.lattice
def near(n):
    return measure(bytes(n))


@ct.electron(executor=ElsewhereExecutor())
def wait_for(path):
    import pathlib
    import time

    while not pathlib.Path(path).exists():
        time.sleep(0.02)
    return path


@ct.lattice
def waiting(path):
    return wait_for(path)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    install(tmp_path, monkeypatch)
    monkeypatch.setenv("COVALENT_LOCAL_WORKERS", "1")
    return Bucket("default")


@pytest.fixture
def start(tmp_path: Path, bucket: Bucket) -> Start:
    @asynccontextmanager
    async def start(owner: str = "one", **more: float) -> AsyncIterator[Dispatcher]:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        dispatcher = Dispatcher(open_store(f"sqlite:///{data / 'covalent.db'}"), data, owner, **more)
        await dispatcher.start()
        try:
            yield dispatcher
        finally:
            await dispatcher.close()

    return start


async def ran(dispatcher: Dispatcher, lattice, *args, **more) -> str:
    """Run a workflow to its end; return its id."""
    dispatch_id = await dispatcher.submit(replace(lattice.build_graph(*args), **more))
    info = await ended(dispatcher, dispatch_id)
    assert info.status is Status.COMPLETED, info.error
    return dispatch_id


async def ended(dispatcher: Dispatcher, dispatch_id: str) -> DispatchInfo:
    async with asyncio.timeout(20):
        while not (info := await dispatcher.info(dispatch_id)).status.is_final:
            await asyncio.sleep(0.01)
    return info


async def purged(bucket: Bucket, dispatch_id: str) -> None:
    """Wait until nothing is left for a dispatch."""
    async with asyncio.timeout(10):
        while bucket.files(dispatch_id):
            await asyncio.sleep(0.01)


async def first_value(dispatcher: Dispatcher, dispatch_id: str) -> object:
    """What task 0 returned or, if that is made of other values, the first of them."""
    blob = (await dispatcher.threads.read(dispatcher.store.outputs, dispatch_id, [0]))[0]
    while blob.inputs:
        blob = blob.inputs[0]
    return pickle.loads(await dispatcher.elsewhere.read(blob, dispatch_id))


async def test_what_lies_elsewhere_goes_with_its_dispatch_and_so_do_copies_of_it(start: Start, bucket: Bucket) -> None:
    async with start() as dispatcher:
        dispatch_id = await ran(dispatcher, far, SIZE)
        copies = [file for file in dispatcher.objects.root.glob("*/*") if file.stat().st_size > SIZE]
        assert len(copies) == 1
        assert len(bucket.files(dispatch_id)) == 4
        for copy in copies:
            os.utime(copy, (0, 0))
        assert await dispatcher.purge([dispatch_id]) == 1
        await purged(bucket, dispatch_id)
        assert not any(copy.exists() for copy in copies)


async def test_a_copy_is_not_deleted_while_another_dispatch_may_use_it(start: Start, bucket: Bucket) -> None:
    async with start() as dispatcher:
        one, two = await ran(dispatcher, far, SIZE), await ran(dispatcher, far, SIZE)
        (copy,) = [file for file in dispatcher.objects.root.glob("*/*") if file.stat().st_size > SIZE]
        os.utime(copy, (0, 0))
        await dispatcher.purge([one])
        await purged(bucket, one)
        assert copy.exists()
        assert len(bucket.files(two)) == 4
        await dispatcher.purge([two])
        assert not copy.exists()


async def test_local_dispatches_leave_nothing_to_be_deleted(start: Start, bucket: Bucket) -> None:
    async with start() as dispatcher:
        await dispatcher.purge([await ran(dispatcher, near, 3)])
        assert await dispatcher.threads.read(dispatcher.store.leftovers, 10) == []


async def test_a_cloud_that_does_not_answer_blocks_no_purge_and_is_told_after_a_restart(
    start: Start, bucket: Bucket
) -> None:
    with ExitStack() as until_it_has_stopped:
        async with start() as dispatcher:
            dispatch_id = await ran(dispatcher, far, SIZE)
            until_it_has_stopped.enter_context(bucket.unreachable())
            assert await dispatcher.purge(None) == 1
        assert len(bucket.files(dispatch_id)) == 4
    async with start() as dispatcher:
        await purged(bucket, dispatch_id)
        async with asyncio.timeout(5):
            while await dispatcher.threads.read(dispatcher.store.leftovers, 10):
                await asyncio.sleep(0.01)


async def test_what_could_not_be_deleted_is_tried_again(
    start: Start, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers_module, "RETRY_S", (0.05, 60.0))
    async with start() as dispatcher:
        dispatch_id = await ran(dispatcher, far, SIZE)
        with bucket.unreachable():
            await dispatcher.purge([dispatch_id])
            await asyncio.sleep(0.2)
            assert bucket.files(dispatch_id)
        await purged(bucket, dispatch_id)


async def test_values_that_a_later_dispatch_reuses_stay_until_that_is_gone(start: Start, bucket: Bucket) -> None:
    async with start() as dispatcher:
        one = await ran(dispatcher, far, SIZE)
        two = await ran(dispatcher, far, SIZE, redispatch_of=one, reuse=True)
        three = await ran(dispatcher, far, SIZE, redispatch_of=two, reuse=True)
        other = await ran(dispatcher, far, SIZE)
        assert not bucket.files(two) + bucket.files(three), "nothing ran again"
        await dispatcher.purge([one])
        await dispatcher.purge([two])
        await dispatcher.purge([other])
        await purged(bucket, other)
        assert len(bucket.files(one)) == 4
        assert await first_value(dispatcher, three) == bytes(SIZE)
        await dispatcher.purge([three])
        await purged(bucket, one)


async def test_a_sublattice_that_is_purged_leaves_what_its_parent_needs(start: Start, bucket: Bucket) -> None:
    async with start() as dispatcher:
        parent = await ran(dispatcher, nested, SIZE)
        task = await dispatcher.threads.read(dispatcher.store.task, parent, 0)
        assert task.child_id is not None
        await dispatcher.purge([task.child_id])
        await asyncio.sleep(0.1)
        assert bucket.files(task.child_id)
        assert await first_value(dispatcher, parent) == bytes(SIZE)
        await dispatcher.purge([parent])
        await purged(bucket, parent)
        await purged(bucket, task.child_id)


async def test_a_value_can_be_read_when_the_executor_that_wrote_it_is_known_from_the_store_alone(
    start: Start, bucket: Bucket
) -> None:
    @ct.electron(executor=ElsewhereExecutor(bucket="special"))
    def special(n):
        return bytes(n)

    @ct.electron
    @ct.lattice
    def within(n):
        return special(n)

    @ct.lattice
    def outer(n):
        return within(n)

    async with start() as dispatcher:
        dispatch_id = await ran(dispatcher, outer, SIZE)
    async with start() as dispatcher:
        graph = await dispatcher.threads.read(dispatcher.store.graph, dispatch_id)
        assert {spec.name for spec in graph.executors} == {"local"}
        assert await first_value(dispatcher, dispatch_id) == bytes(SIZE)


async def test_another_dispatcher_goes_on_with_what_a_dead_one_has_sent(
    start: Start, bucket: Bucket, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with start("one") as dispatcher:
        dispatch_id = await dispatcher.submit(waiting.build_graph(str(gate)))
        async with asyncio.timeout(20):
            while not (await dispatcher.info(dispatch_id)).counts.get("RUNNING"):
                await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    async with start("two", stale_s=0.2) as dispatcher:
        gate.touch()
        info = await ended(dispatcher, dispatch_id)
        attempts = await dispatcher.attempts(dispatch_id, 0)
    assert info.status is Status.COMPLETED
    assert [seen.attempt.attempt for seen in attempts] == [1]
    assert len(bucket.notes("sent")) == 1
    assert [line.split(maxsplit=1)[1] for line in bucket.notes("resumed")] == [f"job of {attempts[0].attempt.group_id}"]
