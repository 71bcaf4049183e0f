"""What only a server can do: vanish, restart, lose an answer; and the border to psycopg."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from covalent.errors import (
    CorruptDatabaseError,
    DiskFullError,
    IllegalTransitionError,
    StoreError,
    StoreUnavailableError,
)
from covalent.states import Status
from covalent.store import Store, open_store
from tests.support.dispatches import begin, changes, create, group, move, ready, submitted
from tests.support.postgres import PostgresServer

psycopg = pytest.importorskip("psycopg")

pytestmark = pytest.mark.postgres


@dataclass
class CuttingProxy:
    """Passes connections on to a server, and breaks the next one that commits: before the server hears of it, or before its answer
    is heard."""

    url: str
    lose: str | None = None  #: ``request`` or ``answer``.


@pytest.fixture
def proxy(postgres_database, postgres_server: PostgresServer) -> Iterator[CuttingProxy]:
    target = str(postgres_server.directory / ".s.PGSQL.5432")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = CuttingProxy(f"postgresql://covalent@127.0.0.1:{listener.getsockname()[1]}/postgres?sslmode=disable")
        accepting = threading.Thread(target=_accept, args=(listener, target, made))
        accepting.start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()


def _accept(listener: socket.socket, target: str, proxy: CuttingProxy) -> None:
    with contextlib.ExitStack() as open_sockets:
        threads = []
        with contextlib.suppress(OSError):
            while True:
                client = open_sockets.enter_context(listener.accept()[0])
                server = open_sockets.enter_context(socket.socket(socket.AF_UNIX))
                server.connect(target)
                broken = threading.Event()
                threads += [
                    threading.Thread(target=_requests, args=(client, server, proxy, broken)),
                    threading.Thread(target=_answers, args=(server, client, broken)),
                ]
                for thread in threads[-2:]:
                    thread.start()
        for thread in threads:
            thread.join()


def _requests(client: socket.socket, server: socket.socket, proxy: CuttingProxy, broken: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := client.recv(65536):
            if b"COMMIT\0" in data and proxy.lose:
                lost, proxy.lose = proxy.lose, None
                broken.set()
                if lost == "answer":
                    server.sendall(data)
                else:
                    break
            else:
                server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def _answers(server: socket.socket, client: socket.socket, broken: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while (data := server.recv(65536)) and not broken.is_set():
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def lossy(proxy: CuttingProxy) -> Iterator[Store]:
    """A store over the proxy."""
    store = open_store(proxy.url)
    store.migrate()
    yield store
    store.close()


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_commit_whose_answer_was_lost_can_be_repeated(
    proxy: CuttingProxy, lossy: Store, postgres_database, lose: str
):
    direct = postgres_database.open()
    dispatch_id, other = create(direct), create(direct)
    wanted = [
        changes(
            dispatch_id, (*ready(0, 1), *submitted(0)), groups=(group(0),), steps=(begin(),), handles={"group-1": 7}
        ),
        changes(other, ready(2)),
    ]
    proxy.lose = lose
    with pytest.raises(StoreUnavailableError) as raised:
        lossy.commit(wanted)
    assert raised.value.retryable
    happened = direct.task(dispatch_id, 0).status is Status.SUBMITTED
    assert happened == (lose == "answer")
    lossy.commit(wanted)
    assert [t.status for t in lossy.tasks(dispatch_id)] == [Status.SUBMITTED, Status.READY, Status.NEW_OBJECT]
    assert len(direct.events(dispatch_id)) == 1 + 4
    assert len(direct.events(other)) == 1 + 1
    assert direct.dispatch(dispatch_id).counts == {"NEW_OBJECT": 1, "READY": 1, "SUBMITTED": 1}
    move(lossy, dispatch_id, *submitted(1, group_id="group-2"))
    direct.close()


def test_a_commit_in_doubt_is_refused_if_somebody_else_took_the_step_meanwhile(
    proxy: CuttingProxy, lossy: Store, postgres_database
):
    direct = postgres_database.open()
    dispatch_id = create(direct)
    proxy.lose = "request"
    wanted = [changes(dispatch_id, ready(0, 1))]
    with pytest.raises(StoreUnavailableError):
        lossy.commit(wanted)
    move(direct, dispatch_id, *ready(0, at=2000.1))
    with pytest.raises(IllegalTransitionError):
        lossy.commit(wanted)
    assert direct.dispatch(dispatch_id).counts == {"NEW_OBJECT": 2, "READY": 1}
    direct.close()


def test_other_writes_whose_answer_was_lost_can_be_repeated(proxy: CuttingProxy, lossy: Store):
    dispatch_id = create(lossy)
    for call in (
        lambda: lossy.acquire("dispatcher-1", 5000.0, 30.0),
        lambda: lossy.set_child(dispatch_id, 0, "child"),
        lambda: lossy.request_cancel(dispatch_id, None),
    ):
        proxy.lose = "answer"
        with pytest.raises(StoreUnavailableError):
            call()
        call()
    assert lossy.acquire("dispatcher-1", 5001.0, 30.0) == [dispatch_id]
    assert lossy.task(dispatch_id, 0).child_id == "child"


def terminate_all(server: PostgresServer) -> None:
    """End every other connection, as a restart of the server does."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def test_lost_connections_are_made_anew(postgres_database, postgres_server: PostgresServer):
    store = postgres_database.open()
    dispatch_id = create(store)
    # Several idle connections for reading.
    barrier = threading.Barrier(3)
    threads = [
        threading.Thread(target=lambda: store._database.read(lambda session: barrier.wait(5)))  # type: ignore[attr-defined]
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    terminate_all(postgres_server)
    assert store.dispatch(dispatch_id).id == dispatch_id
    move(store, dispatch_id, *ready(0))
    terminate_all(postgres_server)
    move(store, dispatch_id, *ready(1))
    assert store.snapshot(dispatch_id).info.counts == {"NEW_OBJECT": 1, "READY": 2}
    store.close()


def test_a_connection_that_is_lost_in_the_middle_of_a_write_is_a_passing_trouble(postgres_database, postgres_server):
    store = postgres_database.open()
    dispatch_id = create(store)

    def work(session) -> None:
        session.run("set_child", id=dispatch_id, node=0, child_id="child")
        terminate_all(postgres_server)
        session.run("set_child", id=dispatch_id, node=1, child_id="child")

    with pytest.raises(StoreUnavailableError):
        store._database.write(work)  # type: ignore[attr-defined]
    assert [t.child_id for t in store.tasks(dispatch_id)] == [None] * 3
    move(store, dispatch_id, *ready(0))
    store.close()


def test_a_server_that_is_not_there_is_a_passing_trouble_and_its_password_stays_secret():
    store = open_store("postgresql://covalent:geheim@127.0.0.1:1/name")
    for call in (store.migrate, store.dispatches):
        with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:1/name") as raised:
            call()
        assert "geheim" not in str(raised.value)
    store.close()


def test_a_url_that_libpq_does_not_know_is_refused_without_its_password():
    with pytest.raises(StoreError, match="cannot be read") as raised:
        open_store("postgresql://covalent:geheim@host/name?no_such_setting=1")
    assert "geheim" not in str(raised.value)


def test_without_its_library_the_extra_is_named(tmp_path: Path):
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from covalent.store import open_store\n"
        "try: open_store('postgresql://host/name')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("ConfigError")
    assert "pip install 'covalent-batch[postgres]'" in result.stdout


def test_a_store_in_a_file_does_not_load_the_library(tmp_path: Path):
    code = (
        "import sys; from covalent.store import open_store\n"
        f"store = open_store({str(tmp_path / 'x.db')!r}); store.migrate(); store.close()\n"
        "print('psycopg' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


def test_an_event_is_numbered_after_those_of_a_transaction_that_it_waited_for(postgres_database):
    store = postgres_database.open()
    dispatch_id = create(store)
    connection = postgres_database.connect()
    connection.execute("BEGIN")
    connection.execute("SELECT key FROM dispatch FOR UPDATE")
    connection.execute(
        "INSERT INTO event SELECT dispatch, seq + 1, node, attempt, status, at, cause, detail, counts FROM event"
    )
    writing = threading.Thread(target=move, args=(store, dispatch_id, *ready(0)))
    writing.start()
    writing.join(0.3)
    assert writing.is_alive()
    assert len(store.events(dispatch_id)) == 1
    connection.execute("COMMIT")
    writing.join(10)
    assert [(e.seq, e.node_id) for e in store.events(dispatch_id)] == [(1, None), (2, None), (3, 0)]
    connection.close()
    store.close()


def all_below(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind} | {each for below in kind.__subclasses__() for each in all_below(below)}


def test_every_error_of_psycopg_becomes_one_of_ours():
    from covalent.store.postgres_errors import translate

    kinds = all_below(psycopg.Error) | all_below(psycopg.Warning)
    assert len(kinds) > 200
    for kind in kinds:
        assert isinstance(translate(kind("why"), "here"), StoreError), kind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DiskFull", DiskFullError),
        ("DataCorrupted", CorruptDatabaseError),
        ("IndexCorrupted", CorruptDatabaseError),
        ("AdminShutdown", StoreUnavailableError),
        ("CannotConnectNow", StoreUnavailableError),
        ("TooManyConnections", StoreUnavailableError),
        ("DeadlockDetected", StoreUnavailableError),
        ("ConnectionFailure", StoreUnavailableError),
        ("CheckViolation", StoreError),
        ("UndefinedTable", StoreError),
        ("QueryCanceled", StoreError),
    ],
)
def test_an_error_of_psycopg_becomes_the_fitting_one(name: str, expected: type[StoreError]):
    from covalent.store.postgres_errors import translate

    assert type(translate(getattr(psycopg.errors, name)("why"), "here")) is expected


def test_somebody_who_may_not_make_schemas_can_use_one_that_is_there(
    postgres_database, postgres_server: PostgresServer
):
    connection = psycopg.connect(postgres_server.url, autocommit=True)
    connection.execute("DROP ROLE IF EXISTS guest")
    connection.execute("CREATE ROLE guest LOGIN")
    guest = open_store(postgres_server.url.replace("covalent@", "guest@"))
    with pytest.raises(StoreError, match="permission denied"):
        guest.migrate()
    connection.execute("CREATE SCHEMA covalent AUTHORIZATION guest")
    guest.migrate()
    assert guest.dispatches() == []
    guest.close()
    connection.execute("DROP OWNED BY guest")
    connection.execute("DROP ROLE guest")
    connection.close()
