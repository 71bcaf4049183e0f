"""Killed writers, newer schemas, several processes at once: nothing is lost and nothing is half done. Over SQLite and PostgreSQL."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from covalent.errors import NewerDatabaseError, StoreError
from covalent.model import Event
from covalent.states import Status
from covalent.store import Store
from tests.support.dispatches import begin, changes, create, graph, info, move, ready
from tests.support.store_writer import TOGETHER

ROOT = __file__.rsplit("/tests/", 1)[0]


def python(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_what_was_committed_survives_a_killed_writer_and_nothing_is_half_there(database):
    random_ = random.Random(7)
    store = database.open()
    dispatch_id = create(store, tasks=30_000)
    done = 0
    for _ in range(5):
        store.close()
        writer = python("-m", "tests.support.store_writer", database.url, dispatch_id, str(done))
        assert writer.stdout is not None
        assert writer.stdout.readline() == f"{done + 1}\n"
        time.sleep(random_.uniform(0, 0.08))
        writer.kill()
        answered = int(([str(done + 1), *writer.stdout.read().split()])[-1])
        writer.stdout.close()
        writer.wait()
        store = database.open()
        counts = store.dispatch(dispatch_id).counts
        done, rest = divmod(counts["READY"], TOGETHER)
        assert rest == 0
        assert answered <= done <= answered + 1
        moved = store.tasks(dispatch_id, statuses=[Status.READY], limit=30_000)
        assert [t.node_id for t in moved] == list(range(done * TOGETHER))
        events = store.events(dispatch_id, limit=100_000)
        assert [e.node_id for e in events] == [None, *range(done * TOGETHER)]
    store.close()


def test_a_transaction_that_failed_leaves_the_store_usable(store: Store):
    dispatch_id = create(store)
    with pytest.raises(ValueError, match="stop"):
        store._database.write(lambda session: (_ for _ in ()).throw(ValueError("stop")))
    move(store, dispatch_id, *ready(0))
    assert store.task(dispatch_id, 0).status is Status.READY


def test_many_processes_may_migrate_at_once(database):
    code = f"from covalent.store import open_store; s = open_store({database.url!r}); s.migrate(); s.migrate(); s.close(); print('ok')"
    processes = [python("-c", code) for _ in range(4)]
    assert [process.communicate()[0] for process in processes] == ["ok\n"] * 4
    store = database.open()
    create(store)
    store.close()


def test_a_newer_schema_is_refused_and_left_alone(database):
    database.open().close()
    connection = database.connect()
    before = connection.execute("SELECT COUNT(*) FROM migration").fetchone()[0]
    connection.execute("INSERT INTO migration (number, name) VALUES (9999, 'later')")
    with pytest.raises(NewerDatabaseError, match="schema 9999"):
        database.open()
    assert connection.execute("SELECT COUNT(*) FROM migration").fetchone() == (before + 1,)
    connection.close()


def test_reading_does_not_wait_for_a_writer(database):
    store = database.open()
    dispatch_id = create(store)
    connection = database.connect()
    connection.execute("BEGIN")
    connection.execute("UPDATE task SET status = 'READY' WHERE node = 0")
    connection.execute("DELETE FROM event")
    started = time.monotonic()
    assert store.snapshot(dispatch_id).info.counts == {"NEW_OBJECT": 3}
    assert store.events(dispatch_id) != []
    assert store.task(dispatch_id, 0).status is Status.NEW_OBJECT
    assert time.monotonic() - started < 2.0
    connection.execute("ROLLBACK")
    connection.close()
    store.close()


def test_who_reads_on_from_the_last_event_misses_none_of_many_writers(database):
    """Numbers that are given out early and become visible late would be stepped over."""
    writers = [database.open() for _ in range(4)]
    dispatch_id = create(writers[0], tasks=160)
    seen: list[Event] = []
    finished = threading.Event()

    def follow() -> None:
        reader = database.open()
        last = False
        while not last:
            last = finished.is_set()
            while events := reader.events(dispatch_id, after=seen[-1].seq if seen else 0, limit=7):
                seen.extend(events)
        reader.close()

    def write(index: int) -> None:
        for node_id in range(index, 160, 4):
            writers[index].commit([changes(dispatch_id, ready(node_id))])

    with ThreadPoolExecutor(5) as pool:
        following = pool.submit(follow)
        list(pool.map(write, range(4)))
        finished.set()
        following.result()
    assert [e.seq for e in seen] == list(range(1, 1 + 1 + 160))
    assert seen == writers[0].events(dispatch_id)
    assert writers[0].dispatch(dispatch_id).counts == {"READY": 160}
    for store in writers:
        store.close()


def test_many_threads_read_while_one_writes(store: Store):
    dispatch_id = create(store, tasks=200)
    move(store, dispatch_id, steps=(begin(),))
    finished = threading.Event()

    def read() -> int:
        looks = 0
        while not finished.is_set():
            snapshot = store.snapshot(dispatch_id)
            ready_now = sum(t.status is Status.READY for t in snapshot.tasks)
            assert snapshot.info.counts.get("READY", 0) == ready_now
            assert ready_now % 2 == 0
            looks += 1
        return looks

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(6)]
        for node_id in range(0, 200, 2):
            move(store, dispatch_id, *ready(node_id, node_id + 1))
        finished.set()
        assert all(reader.result() > 0 for reader in readers)


def test_a_closed_store_says_so(database):
    store = database.open()
    create(store)
    store.close()
    store.close()
    for call in (lambda: store.dispatches(), lambda: store.acquire("x", 1.0, 30.0), lambda: store.migrate()):
        with pytest.raises(StoreError, match="was closed"):
            call()


def test_a_store_that_was_not_migrated_says_what_is_missing(database):
    from covalent.store import open_store

    store = open_store(database.url)
    with pytest.raises(StoreError, match="dispatch"):
        store.create_dispatch(info(), graph(), {}, "x")
    store.close()
