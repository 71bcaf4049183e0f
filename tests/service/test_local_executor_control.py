"""Cancelling, time limits, sharing out work, and workers that misbehave."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
import pytest

from covalent.errors import ConfigError, DiskFullError, ExecutorError, StoreError
from covalent.executor.local import LocalExecutor
from covalent.executor.local.launch import Interpreter
from covalent.executor.local.pool import shared_pool
from covalent.executor.registry import get_executor
from covalent.model import TaskRef, TaskSpec
from covalent.states import Cause, Status
from tests.support.local_executor import Book, GroupRun, Ref, Runtime, bound, eventually, idle, runtime

cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = pytest.mark.usefixtures("two_workers")


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def family(directory: Path) -> int:
    """A task that starts a child and a grandchild in a session of its own, and writes their numbers down."""
    child = subprocess.Popen(["sleep", "1000"])
    apart = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    (directory / "pids.new").write_text(f"{os.getpid()} {child.pid} {apart.pid}")
    (directory / "pids.new").rename(directory / "pids")
    time.sleep(1000)
    return 0


async def family_pids(directory: Path) -> list[int]:
    await eventually((directory / "pids").exists)
    return [int(pid) for pid in (directory / "pids").read_text().split()]


# Cancelling


async def test_cancelling_a_running_task_ends_all_that_it_has_started(executor: LocalExecutor, book: Book) -> None:
    book.add(family, book.data_dir)
    group = await GroupRun(executor, book).send()
    pids = await family_pids(book.data_dir)
    assert await group.cancel() is True
    outcome = (await group.finish())[0]
    assert (outcome.status, outcome.cause, outcome.started) == (Status.CANCELLED, Cause.CANCELLED, True)
    assert outcome.started_at is not None
    await eventually(lambda: not any(map(is_running, pids)))


async def test_cancelled_tasks_that_wait_never_run_and_the_others_do(executor: LocalExecutor, book: Book) -> None:
    gate = book.data_dir / "gate"

    def task(i: int) -> int:
        while i < 2 and not gate.exists():
            time.sleep(0.005)
        return i

    function = book.value(task)
    for i in range(1000):
        book.add(function, i)
    group = await GroupRun(executor, book).send()
    assert await group.cancel(*(ref for ref in book.refs if ref.node_id >= 2 and ref.node_id % 2)) is True
    gate.touch()
    outcomes = await group.finish()
    cancelled = {i for i, outcome in outcomes.items() if outcome.status is Status.CANCELLED}
    assert cancelled == set(range(3, 1000, 2))
    assert not any(outcomes[i].started for i in cancelled)
    assert all(book.result(outcomes[i]) == i for i in range(1000) if i not in cancelled)


async def test_tasks_given_to_a_worker_ahead_can_be_cancelled_before_it_begins_them(
    executor: LocalExecutor, book: Book
) -> None:
    """A worker that expects short tasks has many in its socket when one of them turns out long."""
    ran = book.data_dir / "ran"
    ran.mkdir()

    def task(i: int) -> None:
        (ran / str(i)).touch()
        if i in (300, 301):
            time.sleep(1000)

    function = book.value(task)
    for i in range(600):
        book.add(function, i)
    group = await GroupRun(executor, book).send()
    while not {300, 301} <= {u.node_id for u in group.updates if u.status is Status.RUNNING}:
        await group.step()
    assert await group.cancel() is True
    outcomes = await group.finish()
    ended = {i for i, outcome in outcomes.items() if outcome.status is Status.COMPLETED}
    begun = {i for i, outcome in outcomes.items() if outcome.started}
    assert begun == ended | {300, 301}
    assert {int(name.name) for name in ran.iterdir()} == begun


async def test_cancelling_what_has_ended_does_nothing(executor: LocalExecutor, book: Book) -> None:
    ref = book.add(lambda: 1)
    group = await GroupRun(executor, book).send()
    await group.step()
    assert await group.cancel(ref) is False
    assert book.result((await group.finish())[0]) == 1


async def test_cancelling_at_any_moment_gives_each_attempt_one_outcome(executor: LocalExecutor, book: Book) -> None:
    for round_ in range(30):
        one = Book(book.data_dir, group_id=f"round-{round_}")
        function = one.value(lambda i: i)
        for i in range(20):
            one.add(function, i)
        group = await GroupRun(executor, one).send()
        await asyncio.sleep(round_ * 0.0002)
        await group.cancel()
        outcomes = await group.finish()
        assert len(outcomes) == 20
        assert len([u for u in group.updates if u.outcome is not None]) == 20


# Time limits


async def test_a_time_limit_ends_the_task_and_all_that_it_has_started(made: Runtime, book: Book) -> None:
    def task(directory: Path) -> None:
        print("working", flush=True)
        family(directory)

    book.add(task, book.data_dir)
    started = time.monotonic()
    outcome = (await (await GroupRun(bound(made, time_limit=0.7), book).send()).finish())[0]
    assert 0.6 < time.monotonic() - started < 5
    assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.TIMEOUT)
    assert "time limit of 0.7 s" in outcome.message
    assert book.read(outcome.stdout) == b"working\n"
    assert outcome.started_at is not None
    assert outcome.ended_at is not None
    assert 0.6 < outcome.ended_at - outcome.started_at < 2
    pids = await family_pids(book.data_dir)
    await eventually(lambda: not any(map(is_running, pids)))


async def test_a_time_limit_counts_from_the_start_of_the_task_not_from_its_sending(made: Runtime, book: Book) -> None:
    function = book.value(time.sleep)
    for _ in range(8):
        book.add(function, 0.3)
    outcomes = await (await GroupRun(bound(made, time_limit=0.6), book).send()).finish()
    assert {outcome.status for outcome in outcomes.values()} == {Status.COMPLETED}


# Sharing out


async def test_a_task_that_runs_for_a_while_is_reported_as_running_and_where(
    executor: LocalExecutor, book: Book
) -> None:
    book.add(time.sleep, 0.3)
    group = await GroupRun(executor, book).send()
    await group.finish()
    running, final = group.updates
    assert (running.status, final.status) == (Status.RUNNING, Status.COMPLETED)
    assert running.at is not None
    assert final.outcome is not None
    assert final.outcome.started_at is not None
    assert abs(running.at - final.outcome.started_at) < 0.05
    assert running.detail == final.outcome.place


async def test_what_waits_behind_a_task_that_takes_long_is_given_to_idle_workers(
    executor: LocalExecutor, book: Book
) -> None:
    gate = book.data_dir / "gate"

    def task(i: int) -> int:
        while i == 200 and not gate.exists():
            time.sleep(0.005)
        return i

    function = book.value(task)
    for i in range(400):
        book.add(function, i)
    group = await GroupRun(executor, book).send()
    async with asyncio.timeout(10):
        while len(group.outcomes) < 399:
            await group.step()
    assert 200 not in group.outcomes
    gate.touch()
    outcomes = await group.finish()
    assert [book.result(outcomes[i]) for i in range(400)] == list(range(400))


async def test_long_tasks_are_spread_over_all_workers(executor: LocalExecutor, book: Book) -> None:
    function = book.value(lambda: time.sleep(0.2) or os.getpid())
    for _ in range(4):
        book.add(function)
    await idle(executor)
    started = time.monotonic()
    outcomes = await (await GroupRun(executor, book).send()).finish()
    assert time.monotonic() - started < 0.7
    assert len({book.result(outcome) for outcome in outcomes.values()}) == 2


async def test_a_small_group_does_not_wait_for_the_end_of_a_large_one(executor: LocalExecutor, book: Book) -> None:
    function = book.value(time.sleep)
    for _ in range(200):
        book.add(function, 0.02)
    large = await GroupRun(executor, book).send()
    other = Book(book.data_dir, group_id="small")
    other.add(lambda: "quick")
    small = await GroupRun(executor, other).send()
    async with asyncio.timeout(1):
        await small.finish()
    assert len(large.outcomes) < 200
    await large.cancel()
    await large.finish()


async def test_groups_of_any_size_are_loaded_in_parts(executor: LocalExecutor, book: Book) -> None:
    most = 0

    class Counting(Book):
        async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
            nonlocal most
            most = max(most, len(refs))
            return await super().load(refs)

    counting = Counting(book.data_dir)
    function = counting.value(lambda i: i)
    for i in range(3000):
        counting.add(function, i)
    outcomes = await (await GroupRun(executor, counting).send()).finish()
    assert all(counting.result(outcomes[i]) == i for i in range(3000))
    assert most <= 256


async def test_reading_logs_does_not_hold_up_the_tasks(executor: LocalExecutor, book: Book) -> None:
    function = book.value(lambda: print("hello") or time.sleep(0.03))
    refs = [book.add(function) for _ in range(40)]
    group = await GroupRun(executor, book).send()
    finishing = asyncio.create_task(group.finish())
    async with asyncio.timeout(5):
        while not finishing.done():
            for ref in refs:
                assert b"hello\n".startswith(await group.log(ref))
            await asyncio.sleep(0)
    assert {book.read(outcome.stdout) for outcome in (await finishing).values()} == {b"hello\n"}


async def test_sending_a_group_again_runs_nothing_twice(executor: LocalExecutor, book: Book) -> None:
    runs = book.data_dir / "runs"

    def task() -> None:
        with runs.open("a") as stream:
            stream.write("x")
        time.sleep(0.2)

    book.add(task)
    group = await GroupRun(executor, book).send()
    await group.send()
    assert book.result((await group.finish())[0]) is None
    assert runs.read_text() == "x"


async def test_what_was_handed_out_and_not_stored_is_handed_out_again(executor: LocalExecutor, book: Book) -> None:
    for i in range(3):
        book.add(lambda i=i: i)
    careless = await GroupRun(executor, book).send()
    while len(careless.outcomes) < 3:
        await careless.step()
    # Whoever drove the group is gone before it stored the last of what it was given.
    last = {update.node_id for update in careless.updates[-1:]}
    careful = GroupRun(executor, book, [ref for ref in book.refs if ref.node_id in last])
    outcomes = await (await careful.resume()).finish()
    assert {i: book.result(outcome) for i, outcome in outcomes.items()} == {i: i for i in last}


async def test_the_event_loop_is_never_held_up(executor: LocalExecutor, book: Book) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    big = book.value(os.urandom(50_000_000))
    inputs = tuple(book.value(bytes([i]) * 60_000) for i in range(20))
    for _ in range(50):
        book.add(lambda *a: print("x" * 100_000) or a[0], *map(Ref, range(20)), inputs=inputs)
    book.add(lambda x: x, Ref(0), inputs=(big,))
    book.add(lambda: os.kill(os.getpid(), signal.SIGSEGV))
    watcher = asyncio.create_task(watch())
    await (await GroupRun(executor, book).send()).finish()
    watcher.cancel()
    # Two processors are shared with the workers and with whatever else runs here.
    assert longest < 0.15


# The store


async def test_a_store_that_is_away_for_a_while_only_delays(executor: LocalExecutor, book: Book) -> None:
    class Flaky(Book):
        failures = 2

        async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
            if self.failures:
                self.failures -= 1
                raise DiskFullError("somewhere")
            return await super().load(refs)

    flaky = Flaky(book.data_dir)
    flaky.add(lambda: 5)
    assert flaky.result((await (await GroupRun(executor, flaky).send()).finish())[0]) == 5


async def test_a_store_that_cannot_be_read_refuses_the_group(executor: LocalExecutor, book: Book) -> None:
    class Broken(Book):
        async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
            raise StoreError("no such table")

    broken = Broken(book.data_dir)
    broken.add(lambda: 5)
    with pytest.raises(StoreError, match="no such table"):
        await GroupRun(executor, broken).send()


async def test_a_store_that_fails_later_fails_what_is_left(executor: LocalExecutor, book: Book) -> None:
    class Failing(Book):
        loads = 0

        async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
            self.loads += 1
            if self.loads > 2:
                raise StoreError("no such table")
            return await super().load(refs)

    failing = Failing(book.data_dir)
    function = failing.value(lambda: 5)
    for _ in range(1000):
        failing.add(function)
    outcomes = await (await GroupRun(executor, failing).send()).finish()
    assert [outcome.status for outcome in outcomes.values()].count(Status.COMPLETED) == 512
    bad = outcomes[999]
    assert (bad.cause, bad.message) == (Cause.UNKNOWN, "The task could not be loaded: StoreError: no such table")


# Workers that misbehave


async def test_a_worker_that_talks_nonsense_fails_its_task_and_is_replaced(executor: LocalExecutor, book: Book) -> None:
    def task(message: bytes) -> None:
        """Write to the worker's own socket."""
        for name in [n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")]:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                socket.socket(fileno=os.dup(int(name))).send(message)
        time.sleep(1000)

    for message in (b"x", b"\x11" + bytes(12), b"\x63" + bytes(12), b"\x11" + bytes(8) + b"\x02\0\0\0{}"):
        one = Book(book.data_dir, group_id=f"nonsense-{message.hex()}")
        one.add(task, message)
        one.add(lambda: 1)
        outcomes = await (await GroupRun(executor, one).send()).finish()
        assert (outcomes[0].status, outcomes[0].cause) == (Status.FAILED, Cause.UNKNOWN), outcomes[0]
        assert "A worker has sent" in outcomes[0].message
        assert one.result(outcomes[1]) == 1


async def test_workers_that_die_at_their_start_fail_tasks_instead_of_spinning(
    executor: LocalExecutor, book: Book, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho started >> $0.log\necho 'this Python is broken' >&2\nexit 3\n")
    broken.chmod(0o755)
    pool = await idle(executor)
    for lane in pool.lanes.values():
        lane.interpreter = Interpreter(python=str(broken))
        for worker in lane.workers:
            os.kill(worker.pid, signal.SIGKILL)
    book.add(lambda: 1)
    async with asyncio.timeout(20):
        outcome = (await (await GroupRun(executor, book).send()).finish())[0]
    assert outcome.cause is Cause.ENVIRONMENT
    assert "this Python is broken" in outcome.message
    assert "exit code 3" in outcome.message
    assert len(Path(f"{broken}.log").read_text().split()) < 10


async def test_an_interpreter_that_does_not_exist_is_named(executor: LocalExecutor, book: Book) -> None:
    pool = await idle(executor)
    for lane in pool.lanes.values():
        lane.interpreter = Interpreter(python="/no/such/python")
        for worker in lane.workers:
            os.kill(worker.pid, signal.SIGKILL)
    book.add(lambda: 1)
    async with asyncio.timeout(20):
        outcome = (await (await GroupRun(executor, book).send()).finish())[0]
    assert outcome.cause is Cause.ENVIRONMENT
    assert "/no/such/python could not be started" in outcome.message


async def test_workers_killed_while_idle_are_replaced(executor: LocalExecutor, book: Book) -> None:
    pool = await idle(executor)
    for lane in pool.lanes.values():
        for worker in lane.workers:
            os.kill(worker.pid, signal.SIGKILL)
    book.add(lambda: 1)
    assert book.result((await (await GroupRun(executor, book).send()).finish())[0]) == 1
    await idle(executor)
    assert sum(len(lane.workers) for lane in pool.lanes.values()) == 2


async def test_a_closed_pool_leaves_no_process_and_no_file_behind(book: Book) -> None:
    async with runtime(book.data_dir) as made:
        executor = bound(made)
        function = book.value(lambda: os.getpid())
        for _ in range(100):
            book.add(function)
        outcomes = await (await GroupRun(executor, book).send()).finish()
        pids = {book.result(outcome) for outcome in outcomes.values()}
    assert not any(map(is_running, pids))
    assert [path.name for path in (book.data_dir / "workers").iterdir()] == ["spool"]


# Settings


def test_settings_travel_as_what_was_set(covalent_home: Path) -> None:
    assert LocalExecutor().to_dict() == {}
    assert LocalExecutor(time_limit=3, retries=0).to_dict() == {"time_limit": 3.0, "retries": 0}
    assert get_executor("local", {"retries": 2}).retry_budget() == 2


def test_what_is_not_set_comes_from_the_configuration(covalent_home: Path) -> None:
    (covalent_home / "config" / "covalent.conf").write_text("[executors.local]\nretries = 4\ntime_limit = 60\n")
    assert (LocalExecutor().retry_budget(), LocalExecutor().time_limit_s()) == (4, 60.0)
    explicit = LocalExecutor(retries=0, time_limit=5)
    assert (explicit.retry_budget(), explicit.time_limit_s()) == (0, 5.0)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("retrys = 4", "no setting 'executors.local.retrys'. Did you mean 'retries'"),
        ("retries = 1.5", "retries must be a whole number"),
        ("time_limit = 0", "time_limit must be a number of seconds above 0"),
    ],
)
def test_a_wrong_configuration_refuses_the_executor(covalent_home: Path, line: str, complaint: str) -> None:
    (covalent_home / "config" / "covalent.conf").write_text(f"[executors.local]\n{line}\n")
    with pytest.raises(ExecutorError, match=complaint):
        get_executor("local", {})


@pytest.mark.parametrize(
    "options", [{"retries": -1}, {"retries": True}, {"time_limit": "5"}, {"time_limit": 0}, {"x": 1}]
)
def test_wrong_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ExecutorError):
        get_executor("local", options)


async def test_the_number_of_workers_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVALENT_LOCAL_WORKERS", "many")
    with pytest.raises(ConfigError, match="COVALENT_LOCAL_WORKERS must be a whole number above 0, not 'many'"):
        await shared_pool(Runtime(tmp_path))


async def test_outside_a_dispatcher_the_executor_says_so(book: Book) -> None:
    book.add(lambda: 1)
    with pytest.raises(ExecutorError, match="only inside a dispatcher"):
        await GroupRun(LocalExecutor(), book).send()


def test_asking_for_the_executor_imports_no_machinery() -> None:
    heavy = ("asyncio", "psutil", "msgspec")
    program = f"import covalent.executor as e, sys; e.LocalExecutor(); print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
