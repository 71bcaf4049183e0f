"""What only a file can suffer: a full disk, damage, wrong permissions; and the border to sqlite3."""

from __future__ import annotations

import random
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from covalent.errors import (
    ConfigError,
    CorruptDatabaseError,
    DiskFullError,
    IllegalTransitionError,
    StoreError,
    StoreUnavailableError,
)
from covalent.model import Changes
from covalent.states import Status
from covalent.store import open_store
from covalent.store.sqlite import BUSY_S
from covalent.store.sqlite_errors import translate
from tests.support.dispatches import OWNER, blob, cancel_now, changes, create, graph, info, move, ready, run_to_running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system of its own can be mounted: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_the_store_and_it_goes_on_when_there_is_room(small_disk: Path):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2**20))
    store = open_store(str(small_disk / "covalent.db"))
    store.migrate()
    first = create(store, tasks=3)
    stored = [first]

    def fill() -> None:
        while True:
            made, payload = info(f"filler-{len(stored)}"), blob("x" * 20_000)
            store.create_dispatch(made, graph(30), {payload.digest: payload.data or b""}, OWNER)
            stored.append(made.id)

    with pytest.raises(DiskFullError, match=r"covalent\.db"):
        fill()
    before = store.events(first, limit=10_000)
    assert [d.id for d in store.dispatches(limit=10_000)] == stored[::-1]
    with pytest.raises(DiskFullError):
        fill()
    ballast.unlink()
    refused = f"filler-{len(stored)}"
    assert store.create_dispatch(info(refused), graph(30), {}, OWNER)
    run_to_running(store, first, 0, 1, 2)
    assert store.events(first, limit=10_000)[: len(before)] == before
    store.close()
    again = open_store(str(small_disk / "covalent.db"))
    again.migrate()
    assert len(again.tasks(refused)) == 30
    again.close()


def test_a_disk_that_is_full_from_the_start_is_named(small_disk: Path):
    (small_disk / "ballast").write_bytes(bytes(3 * 2**20 - 8192))
    store = open_store(str(small_disk / "covalent.db"))
    with pytest.raises(DiskFullError):
        store.migrate()
    store.close()


def written(path: Path) -> str:
    store = open_store(str(path))
    store.migrate()
    dispatch_id = create(store, tasks=2000)
    run_to_running(store, dispatch_id, *range(2000))
    store.close()
    return dispatch_id


def test_a_file_that_is_not_a_database_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "covalent.db"
    path.write_bytes(b"dear diary, " * 1000)
    store = open_store(str(path))
    with pytest.raises(CorruptDatabaseError, match=r"covalent\.db is damaged"):
        store.migrate()
    with pytest.raises(CorruptDatabaseError):
        store.dispatches()
    store.close()
    assert path.read_bytes() == b"dear diary, " * 1000


def test_overwritten_pages_are_noticed(tmp_path: Path):
    path = tmp_path / "covalent.db"
    dispatch_id = written(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(random.Random(1).randbytes(size - 8192))
    store = open_store(str(path))
    with pytest.raises(CorruptDatabaseError, match="damaged"):
        store.snapshot(dispatch_id)
    with pytest.raises(CorruptDatabaseError):
        move(store, dispatch_id, *ready(0))
    store.close()


def test_a_damaged_header_is_noticed(tmp_path: Path):
    path = tmp_path / "covalent.db"
    written(path)
    with path.open("r+b") as file:
        file.write(b"\xff" * 64)
    store = open_store(str(path))
    with pytest.raises(CorruptDatabaseError):
        store.migrate()
    store.close()


def test_a_value_that_cannot_be_decoded_is_damage(sqlite_database):
    store = sqlite_database.open()
    dispatch_id = create(store)
    connection = sqlite_database.connect()
    connection.execute("UPDATE graph SET body = x'c1ffee'")
    connection.close()
    with pytest.raises(CorruptDatabaseError, match=r"covalent\.db"):
        store.snapshot(dispatch_id)
    store.close()


def test_only_the_owner_may_read_the_file(tmp_path: Path):
    path = tmp_path / "covalent.db"
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path):
    store = open_store(str(tmp_path / "missing" / "covalent.db"))
    with pytest.raises(StoreError, match=r"missing/covalent\.db cannot be used .* directory exists"):
        store.migrate()
    with pytest.raises(StoreError, match="cannot be used"):
        store.dispatches()
    store.close()


def test_another_process_that_writes_too_long_is_a_passing_trouble(sqlite_database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("covalent.store.sqlite.BUSY_S", 0.1)
    store = sqlite_database.open()
    dispatch_id = create(store)
    connection = sqlite_database.connect()
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="another process") as raised:
        move(store, dispatch_id, *ready(0))
    assert raised.value.retryable
    connection.execute("ROLLBACK")
    connection.close()
    move(store, dispatch_id, *ready(0))
    assert store.task(dispatch_id, 0).status is Status.READY
    store.close()


def test_purging_gives_the_room_back(tmp_path: Path):
    path = tmp_path / "covalent.db"
    written(path)
    before = path.stat().st_size
    store = open_store(str(path))
    store.migrate()
    (found,) = store.dispatches()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE dispatch SET status = 'CANCELLED' WHERE status = 'RUNNING'")
    connection.commit()
    connection.close()
    store.purge([found.id])
    assert path.stat().st_size < before / 4
    store.close()


@pytest.mark.parametrize(
    ("url", "expected"), [("sqlite:///{}", "NORMAL"), ("sqlite:///{}?synchronous=full", "FULL"), ("{}", "NORMAL")]
)
def test_a_url_chooses_how_safe_a_commit_is(tmp_path: Path, url: str, expected: str):
    store = open_store(url.format(tmp_path / "x.db"))
    store.migrate()
    writer = store._database._writer.connection  # type: ignore[attr-defined]
    assert writer.execute("PRAGMA synchronous").fetchone()[0] == {"NORMAL": 1, "FULL": 2}[expected]
    assert writer.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    store.close()


@pytest.mark.parametrize(("url", "name"), [("sqlite:///{}/a%20b%23%3F.db", "a b#?.db"), ("{}/ö %23?.db", "ö %23?.db")])
def test_a_file_may_have_any_name(tmp_path: Path, url: str, name: str):
    store = open_store(url.format(tmp_path))
    store.migrate()
    assert store.dispatches() == []
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_relative_url_is_relative_to_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///here.db")
    store.migrate()
    store.close()
    assert (tmp_path / "here.db").exists()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://host/name", "no store for mysql"),
        ("sqlite://host/path.db", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///x.db?synchronous=OFF", "NORMAL or FULL, not 'OFF'"),
        ("sqlite:///x.db?sync=FULL", "no setting 'sync'"),
    ],
)
def test_a_url_that_means_nothing_is_refused(url: str, complaint: str):
    with pytest.raises(ConfigError, match=complaint):
        open_store(url)


def all_below(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind} | {each for below in kind.__subclasses__() for each in all_below(below)}


@pytest.mark.parametrize(
    "kind", sorted(all_below(sqlite3.Error) | all_below(sqlite3.Warning), key=lambda k: k.__name__)
)
def test_every_error_of_sqlite3_becomes_one_of_ours(tmp_path: Path, kind: type[Exception]):
    assert isinstance(translate(kind("why"), tmp_path / "x.db"), StoreError)
    codes = [value for name, value in vars(sqlite3).items() if name.startswith("SQLITE_") and isinstance(value, int)]
    for code in codes:
        error = kind("why")
        error.sqlite_errorcode = code  # type: ignore[attr-defined]
        assert isinstance(translate(error, tmp_path / "x.db"), StoreError)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, DiskFullError),
        (sqlite3.SQLITE_CORRUPT, CorruptDatabaseError),
        (sqlite3.SQLITE_CORRUPT_INDEX, CorruptDatabaseError),
        (sqlite3.SQLITE_NOTADB, CorruptDatabaseError),
        (sqlite3.SQLITE_BUSY, StoreUnavailableError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailableError),
        (sqlite3.SQLITE_IOERR_WRITE, StoreError),
        (sqlite3.SQLITE_CONSTRAINT_TRIGGER, StoreError),
    ],
)
def test_an_error_of_sqlite3_becomes_the_fitting_one(tmp_path: Path, code: int, expected: type[StoreError]):
    error = sqlite3.DatabaseError("why")
    error.sqlite_errorcode = code
    assert type(translate(error, tmp_path / "x.db")) is expected


def test_a_library_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("covalent.store.sqlite.OLDEST_SQLITE", (99, 1, 0))
    store = open_store(str(tmp_path / "covalent.db"))
    with pytest.raises(StoreError, match=f"SQLite 99.1.0 or later is needed; this Python has {sqlite3.sqlite_version}"):
        store.migrate()
    store.close()


def test_what_was_purged_is_reported_even_if_its_room_cannot_be_given_back(sqlite_database, monkeypatch):
    store = sqlite_database.open()
    dispatch_id = create(store)
    cancel_now(store, dispatch_id)

    def fail() -> None:
        raise DiskFullError("here")

    monkeypatch.setattr(store._database, "tidy", fail)
    assert store.purge([dispatch_id]).dispatches == 1
    store.close()


def few_steps(dispatch_id: str, *node_ids: int) -> list[Changes]:
    return [changes(dispatch_id, ready(*node_ids))]


def test_a_small_turn_is_stored_at_once(sqlite_database):
    store = sqlite_database.open()
    dispatch_id = create(store, tasks=20)
    assert store.commit_at_once(few_steps(dispatch_id, 0, 1))
    assert [store.task(dispatch_id, node).status for node in (0, 1, 2)] == [
        Status.READY,
        Status.READY,
        Status.NEW_OBJECT,
    ]
    before = (store.snapshot(dispatch_id), store.events(dispatch_id))
    assert not store.commit_at_once(few_steps(dispatch_id, 2, 1)), "one step is not from where its task is"
    assert not store.commit_at_once(few_steps(dispatch_id, *range(2, 20))), "many steps take long"
    assert (store.snapshot(dispatch_id), store.events(dispatch_id)) == before
    with pytest.raises(IllegalTransitionError, match="task 1 of"):
        store.commit(few_steps(dispatch_id, 2, 1))
    store.commit(few_steps(dispatch_id, *range(2, 20)))
    store.close()


def test_nothing_is_stored_at_once_where_somebody_else_writes(sqlite_database):
    store = sqlite_database.open()
    dispatch_id = create(store)
    connection = sqlite_database.connect()
    connection.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert not store.commit_at_once(few_steps(dispatch_id, 0))
    assert time.monotonic() - began < 5 < BUSY_S
    connection.execute("ROLLBACK")
    store.commit(few_steps(dispatch_id, 0))
    assert store.commit_at_once(few_steps(dispatch_id, 2))
    # The way that may wait does so again.
    connection.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, connection.execute, ["ROLLBACK"]).start()
    store.commit(few_steps(dispatch_id, 1))
    assert store.task(dispatch_id, 1).status is Status.READY
    connection.close()
    store.close()


def test_the_log_does_not_grow_for_ever_by_what_is_stored_at_once(sqlite_database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("covalent.store.sqlite.MOST_AT_ONCE", 3)
    store = sqlite_database.open()
    dispatch_id = create(store, tasks=9)
    assert [store.commit_at_once(few_steps(dispatch_id, node)) for node in range(5)] == [True] * 3 + [False] * 2
    store.commit(few_steps(dispatch_id, 3))
    assert store.commit_at_once(few_steps(dispatch_id, 4))
    store.close()


def test_who_asks_for_flushes_gets_nothing_at_once(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}?synchronous=FULL")
    store.migrate()
    assert not store.commit_at_once(few_steps(create(store), 0))
    store.close()
