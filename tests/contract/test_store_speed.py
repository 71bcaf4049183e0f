"""What storing costs. The bounds leave a slow machine three times what it took when they were set."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from covalent.model import Changes, DispatchInfo
from covalent.states import Status
from covalent.store import Store
from tests.support.dispatches import (
    OWNER,
    begin,
    changes,
    completed,
    create,
    digest,
    end,
    ended,
    graph,
    group,
    info,
    move,
    ready,
    running,
    submitted,
)

pytestmark = pytest.mark.slow


def turns(made: DispatchInfo, tasks: int, commits: int) -> Iterator[Changes]:
    """A wide dispatch as a dispatcher stores it: all tasks are sent off at once, then come back in batches."""
    every = range(tasks)
    yield changes(made.id, (*ready(*every), *submitted(*every)), groups=(group(*every),), steps=(begin(),))
    size = -(-tasks // commits)
    for first in range(0, tasks, size):
        batch = range(first, min(first + size, tasks))
        moved = [step for n in batch for step in (*running(n), ended(n, completed(place="worker 3", cpu_s=0.001)))]
        yield changes(made.id, moved, steps=(end(),) if batch[-1] == tasks - 1 else ())


def store_all(store: Store, tasks: int, commits: int) -> tuple[str, float]:
    """Store such a dispatch; return its id and the seconds of this process's CPU time that it took."""
    made, drawn = info(), graph(tasks)
    values = {node.args: b"x" * 200 for node in drawn.nodes}
    planned = list(turns(made, tasks, commits))
    started = time.process_time()
    store.create_dispatch(made, drawn, values, OWNER)
    for turn in planned:
        store.commit([turn])
    return made.id, time.process_time() - started


def test_a_thousand_tasks_cost_some_tens_of_milliseconds(store: Store):
    store_all(store, 1000, 20)  # Prepares the statements.
    cpu_s = min(store_all(store, 1000, 20)[1] for _ in range(3))
    assert cpu_s < 0.120


def test_a_hundred_thousand_tasks_can_be_stored_and_read(store: Store):
    tasks = 100_000
    dispatch_id, cpu_s = store_all(store, tasks, 500)
    assert cpu_s < 15.0
    snapshot = store.snapshot(dispatch_id)
    assert snapshot.info.counts == {Status.COMPLETED: tasks}
    assert {t.status for t in snapshot.tasks} == {Status.COMPLETED}
    started = time.monotonic()
    assert len(store.outputs(dispatch_id, range(1000, 2000))) == 1000
    assert len(store.payloads(dispatch_id, [digest(f"args {n}") for n in range(1000)])) == 1000
    assert [e.status for e in store.events(dispatch_id, node_id=77_777)] == [
        "READY",
        "SUBMITTED",
        "RUNNING",
        "COMPLETED",
    ]
    assert [t.node_id for t in store.tasks(dispatch_id, after=99_000, limit=2)] == [99_001, 99_002]
    assert store.dispatches()[0].counts == {Status.COMPLETED: tasks}
    assert time.monotonic() - started < 1.0
    assert store.purge([dispatch_id]).dispatches == 1


def test_a_commit_of_one_step_takes_a_fraction_of_a_millisecond(sqlite_database):
    store = sqlite_database.open()
    dispatch_id = create(store, tasks=300)
    started = time.process_time()
    for node_id in range(300):
        move(store, dispatch_id, *ready(node_id))
    assert (time.process_time() - started) / 300 < 0.0006
    store.close()


def test_a_busy_thread_of_the_same_process_does_not_hold_a_commit_up(sqlite_database):
    """As it would if every row were a step of its own: 5 ms for each."""
    store = sqlite_database.open()
    dispatch_id = create(store, tasks=256)
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    spinning = threading.Thread(target=spin)
    spinning.start()
    started = time.monotonic()
    move(store, dispatch_id, *ready(*range(256)))
    took_s = time.monotonic() - started
    stop.set()
    spinning.join()
    assert took_s < 0.6
    store.close()
