"""Dispatchers that are killed, and what the next one makes of it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

import cloudpickle
import psutil
import pytest

from covalent.executor.local import LocalExecutor
from covalent.executor.local.inheritance import end_old_workers
from covalent.executor.local.pool import shared_pool
from covalent.states import Cause, Status
from tests.support.local_dispatcher import Killable
from tests.support.local_executor import Book, GroupRun, Runtime, bound, eventually, idle, runtime

cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = pytest.mark.usefixtures("two_workers")


def task(directory: Path, i: int, wait_for: str = "") -> int:
    """Leaves a line for each time that it is run; may wait for a file."""
    fd = os.open(directory / "runs", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, f"{i} {os.getpid()}\n".encode())
    os.close(fd)
    print(f"task {i}")
    while wait_for and not (directory / wait_for).exists():
        time.sleep(0.005)
    return i * i


def runs(book: Book) -> list[tuple[int, int]]:
    """Number and process of each run, in order."""
    file = book.data_dir / "runs"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(i), int(pid)) for i, pid in map(str.split, lines)]


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def run_numbers(book: Book) -> list[int]:
    return sorted(i for i, _ in runs(book))


async def test_outcomes_that_nobody_had_received_are_not_lost_and_nothing_runs_again(
    executor: LocalExecutor, book: Book
) -> None:
    function = book.value(task)
    for i in range(50):
        book.add(function, book.data_dir, i)
    dispatcher = Killable(book, deaf=True)
    await eventually(lambda: len(runs(book)) == 50)
    dispatcher.kill()
    outcomes = await (await GroupRun(executor, book).resume()).finish()
    assert [book.result(outcomes[i]) for i in range(50)] == [i * i for i in range(50)]
    assert book.read(outcomes[7].stdout) == b"task 7\n"
    assert "worker" in outcomes[7].place
    assert run_numbers(book) == list(range(50))


async def test_a_task_that_runs_on_without_its_dispatcher_is_waited_for(executor: LocalExecutor, book: Book) -> None:
    for i in range(6):
        book.add(task, book.data_dir, i, "gate")
    dispatcher = Killable(book)
    await eventually(lambda: len(runs(book)) == 2)
    dispatcher.kill()
    orphans = dict(runs(book))
    group = await GroupRun(executor, book).resume()
    for node_id in orphans:
        await group.until(node_id, Status.RUNNING)
    first = next(iter(orphans))
    ref = next(ref for ref in book.refs if ref.node_id == first)
    assert await group.log(ref) == f"task {first}\n".encode()
    (book.data_dir / "gate").touch()
    outcomes = await group.finish()
    assert [book.result(outcomes[i]) for i in range(6)] == [i * i for i in range(6)]
    assert run_numbers(book) == list(range(6))
    assert all(str(pid) in outcomes[i].place for i, pid in orphans.items())


async def test_a_worker_without_dispatcher_begins_nothing_more(executor: LocalExecutor, book: Book) -> None:
    """Two short tasks teach the dispatcher to send many ahead; two long ones then keep them waiting."""
    function = book.value(task)
    for i in range(100):
        book.add(function, book.data_dir, i, "gate" if i in (60, 61) else "")
    dispatcher = Killable(book)
    await eventually(lambda: {60, 61} <= {i for i, _ in runs(book)})
    dispatcher.kill()
    begun = len(runs(book))
    (book.data_dir / "gate").touch()
    await eventually(lambda: not any(is_running(pid) for _, pid in runs(book)))
    assert len(runs(book)) == begun
    missing = [ref for ref in book.refs if ref.node_id not in dispatcher.stored()]
    outcomes = await (await GroupRun(executor, book, missing).resume()).finish()
    assert all(book.result(outcomes[ref.node_id]) == ref.node_id**2 for ref in missing)
    assert run_numbers(book) == list(range(100))


async def test_a_task_that_died_with_its_dispatcher_is_lost_with_its_output(
    executor: LocalExecutor, book: Book
) -> None:
    book.add(task, book.data_dir, 0, "never")
    dispatcher = Killable(book)
    await eventually(lambda: len(runs(book)) == 1)
    dispatcher.kill()
    os.kill(runs(book)[0][1], signal.SIGKILL)
    outcome = (await (await GroupRun(executor, book).resume()).finish())[0]
    assert (outcome.status, outcome.cause, outcome.started) == (Status.FAILED, Cause.LOST, True)
    assert book.read(outcome.stdout) == b"task 0\n"
    assert outcome.started_at is not None


async def test_a_task_whose_worker_dies_after_the_dispatcher_is_lost(executor: LocalExecutor, book: Book) -> None:
    book.add(task, book.data_dir, 0, "never")
    dispatcher = Killable(book)
    await eventually(lambda: len(runs(book)) == 1)
    dispatcher.kill()
    group = await GroupRun(executor, book).resume()
    await group.until(0, Status.RUNNING)
    os.kill(runs(book)[0][1], signal.SIGKILL)
    outcome = (await group.finish())[0]
    assert (outcome.cause, outcome.started) == (Cause.LOST, True)


async def test_a_task_that_runs_on_can_be_cancelled(executor: LocalExecutor, book: Book) -> None:
    book.add(task, book.data_dir, 0, "never")
    dispatcher = Killable(book)
    await eventually(lambda: len(runs(book)) == 1)
    dispatcher.kill()
    group = await GroupRun(executor, book).resume()
    assert await group.cancel() is True
    outcome = (await group.finish())[0]
    assert (outcome.status, outcome.cause, outcome.started) == (Status.CANCELLED, Cause.CANCELLED, True)
    await eventually(lambda: not is_running(runs(book)[0][1]))


async def test_the_time_limit_of_a_task_that_runs_on_still_counts_from_its_start(made: Runtime, book: Book) -> None:
    book.add(task, book.data_dir, 0, "never")
    dispatcher = Killable(book)
    await eventually(lambda: len(runs(book)) == 1)
    await asyncio.sleep(0.5)
    dispatcher.kill()
    resumed = time.monotonic()
    outcome = (await (await GroupRun(bound(made, time_limit=1.0), book).resume()).finish())[0]
    assert time.monotonic() - resumed < 0.9
    assert outcome.cause is Cause.TIMEOUT
    assert outcome.started_at is not None
    assert outcome.ended_at is not None
    assert 0.9 < outcome.ended_at - outcome.started_at < 3


async def test_a_dispatcher_that_stops_in_order_leaves_running_tasks_alone(executor: LocalExecutor, book: Book) -> None:
    for i in range(4):
        book.add(task, book.data_dir, i, "gate")
    dispatcher = Killable(book)
    await eventually(lambda: len(runs(book)) == 2)
    dispatcher.stop()
    begun = {i for i, _ in runs(book)}
    (book.data_dir / "gate").touch()
    outcomes = await (await GroupRun(executor, book).resume()).finish()
    assert len(begun) == 2
    assert [book.result(outcomes[i]) for i in range(4)] == [i * i for i in range(4)]
    assert run_numbers(book) == [0, 1, 2, 3]


async def test_a_group_that_was_never_sent_just_runs(executor: LocalExecutor, book: Book) -> None:
    book.add(task, book.data_dir, 3)
    assert book.result((await (await GroupRun(executor, book).resume()).finish())[0]) == 9


async def test_what_is_stored_leaves_the_journals_and_the_journals_leave_the_disk(book: Book) -> None:
    function = book.value(task)
    for i in range(2000):
        book.add(function, book.data_dir, i)
    dispatcher = Killable(book)
    await eventually(lambda: len(dispatcher.stored()) == 2000)
    workers = book.data_dir / "workers"
    await eventually(lambda: all(journal.stat().st_size < 200 for journal in workers.glob("*.journal")))
    dispatcher.kill()
    await eventually(lambda: [path.name for path in workers.iterdir()] == ["spool"])


async def test_inherited_journals_go_when_their_outcomes_are_stored(book: Book) -> None:
    function = book.value(task)
    for i in range(20):
        book.add(function, book.data_dir, i)
    dispatcher = Killable(book, deaf=True)
    await eventually(lambda: len(runs(book)) == 20)
    dispatcher.kill()
    await eventually(lambda: not any(is_running(pid) for _, pid in runs(book)))
    workers = book.data_dir / "workers"
    async with runtime(book.data_dir) as made:
        await (await GroupRun(bound(made), book).resume()).finish()
    assert [path.name for path in workers.iterdir()] == ["spool"]


async def test_outcomes_that_were_not_stored_survive_a_second_dispatcher(book: Book) -> None:
    function = book.value(task)
    for i in range(20):
        book.add(function, book.data_dir, i)
    for _ in range(3):
        dispatcher = Killable(book, deaf=True)
        await eventually(lambda: len(runs(book)) == 20)
        await asyncio.sleep(0.3)
        dispatcher.kill()
    async with runtime(book.data_dir) as made:
        outcomes = await (await GroupRun(bound(made), book).resume()).finish()
    assert [book.result(outcomes[i]) for i in range(20)] == [i * i for i in range(20)]
    assert run_numbers(book) == list(range(20))


async def test_a_journal_that_is_damaged_is_read_as_far_as_it_goes(executor: LocalExecutor, book: Book) -> None:
    function = book.value(task)
    for i in range(20):
        book.add(function, book.data_dir, i)
    dispatcher = Killable(book, deaf=True)
    await eventually(lambda: len(runs(book)) == 20)
    await asyncio.sleep(0.1)
    dispatcher.kill()
    await eventually(lambda: not any(is_running(pid) for _, pid in runs(book)))
    for journal in (book.data_dir / "workers").glob("*.journal"):
        content = bytearray(journal.read_bytes())
        del content[-30:]
        journal.write_bytes(content)
    (book.data_dir / "workers" / "odd.journal").write_bytes(os.urandom(1000))
    outcomes = await (await GroupRun(executor, book).resume()).finish()
    lost = {i for i, outcome in outcomes.items() if outcome.cause is Cause.LOST}
    assert len(lost) <= 2
    assert all(book.result(outcomes[i]) == i * i for i in range(20) if i not in lost)
    assert run_numbers(book) == list(range(20))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
async def test_killed_at_random_moments_each_task_runs_once_and_ends_once(book: Book, seed: int) -> None:
    rng = random.Random(seed)
    function = book.value(task)
    for i in range(300):
        book.add(function, book.data_dir, i)
    dispatcher = None
    for _ in range(12):
        dispatcher = Killable(book)
        before = len(runs(book))
        limit = time.monotonic() + 3
        while len(runs(book)) == before and time.monotonic() < limit and before < 300:
            await asyncio.sleep(0.001)
        await asyncio.sleep(rng.random() * 0.02)
        dispatcher.kill()
    assert dispatcher is not None
    missing = [ref for ref in book.refs if ref.node_id not in dispatcher.stored()]
    async with runtime(book.data_dir) as made:
        outcomes = await (await GroupRun(bound(made), book, missing).resume()).finish()
    assert all(book.result(outcomes[ref.node_id]) == ref.node_id**2 for ref in missing)
    assert run_numbers(book) == list(range(300))


@pytest.mark.parametrize("seed", range(3))
async def test_workers_killed_at_random_moments_cost_one_attempt_each(
    executor: LocalExecutor, book: Book, seed: int
) -> None:
    rng = random.Random(seed)
    function = book.value(task)
    for i in range(2000):
        book.add(function, book.data_dir, i)
    pool = await idle(executor)
    group = await GroupRun(executor, book).send()
    finishing = asyncio.create_task(group.finish())
    kills = 0
    while not finishing.done():
        await asyncio.sleep(rng.random() * 0.05)
        # Those that die before they have come up, time after time, are another matter: a machine on which nothing starts.
        workers = [worker for lane in pool.lanes.values() for worker in lane.workers if not worker.is_new]
        if workers and kills < 25:
            os.kill(rng.choice(workers).pid, signal.SIGKILL)
            kills += 1
    outcomes = await finishing
    lost = {i for i, outcome in outcomes.items() if outcome.status is not Status.COMPLETED}
    assert all(outcomes[i].cause is Cause.LOST for i in lost)
    assert len(lost) <= kills
    assert all(book.result(outcomes[i]) == i * i for i in range(2000) if i not in lost)
    assert len(set(run_numbers(book))) == len(run_numbers(book))


async def test_the_pool_is_shared_and_starts_its_workers_by_itself(made: Runtime) -> None:
    pool = await shared_pool(made)
    assert await shared_pool(made) is pool
    assert await idle(bound(made)) is pool


def busy(directory: Path, i: int) -> int:
    (directory / f"running-{i}").touch()
    try:
        most = len(list(directory.glob("running-*")))
        time.sleep(0.6)
        return most
    finally:
        (directory / f"running-{i}").unlink()


async def test_a_worker_that_is_still_on_its_task_counts_as_one_of_the_workers(
    book: Book, tmp_path: Path, executor: LocalExecutor
) -> None:
    for i in range(6):
        book.add(busy, tmp_path, i)
    dispatcher = Killable(book)
    await eventually(lambda: len(list(tmp_path.glob("running-*"))) == 2)
    dispatcher.kill()
    outcomes = await (await GroupRun(executor, book).resume()).finish()
    assert max(book.result(outcome) for outcome in outcomes.values()) == 2


async def test_what_old_workers_are_on_can_be_ended_for_good(book: Book, tmp_path: Path) -> None:
    for i in range(2):
        book.add(busy, tmp_path, i)
    dispatcher = Killable(book)
    await eventually(lambda: len(list(tmp_path.glob("running-*"))) == 2)
    dispatcher.kill()
    assert await asyncio.to_thread(end_old_workers, tmp_path / "workers") == 2
    assert await asyncio.to_thread(end_old_workers, tmp_path / "workers") == 0
