"""Two dispatchers over one PostgreSQL: when one dies, the other goes on with its work."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

import covalent as ct
from covalent.client.server import connect
from tests.support.postgres import NoPostgresError, PostgresServer
from tests.support.server import RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

TAKEOVER_S = 2


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        try:
            postgres = stack.enter_context(PostgresServer.start())
        except NoPostgresError as reason:
            pytest.skip(str(reason))
        yield postgres.url


@pytest.fixture
def two(database: str, tmp_path: Path, monkeypatch) -> Iterator[tuple[RunningServer, RunningServer]]:
    monkeypatch.setenv("COVALENT_DATABASE_URL", database)
    with contextlib.ExitStack() as stack:
        servers = []
        for name in ("first", "second"):
            config = tmp_path / name / "config"
            config.mkdir(parents=True)
            (config / "covalent.conf").write_text(f"[dispatcher]\ntakeover_s = {TAKEOVER_S}\n")
            servers.append(stack.enter_context(RunningServer.start(tmp_path / name)))
        yield servers[0], servers[1]


def use(server: RunningServer, monkeypatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    connect.cache_clear()


@ct.electron
def add(x, y=1):
    return x + y


@ct.electron
def pause(path, seconds):
    with open(path, "a") as file:
        file.write("began\n")
    time.sleep(seconds)
    return seconds


@ct.lattice
def slow(path):
    return add(pause(path, 6), 1), [add(i) for i in range(20)]


@ct.lattice
def quick(n):
    return [add(i) for i in range(n)]


def test_who_follows_at_one_hears_what_the_other_does(two, monkeypatch):
    first, second = two
    use(first, monkeypatch)
    dispatch_id = ct.dispatch(quick, disable_run=True)(3)
    use(second, monkeypatch)
    with ThreadPoolExecutor() as threads:
        updates = threads.submit(lambda: list(connect().stream(dispatch_id)))
        moves = _moves(second)
        next(moves)
        time.sleep(4)
        use(first, monkeypatch)
        connect().start(dispatch_id)
        next(moves)
        assert updates.result(30)[-1].status == "COMPLETED"


def _moves(server: RunningServer) -> Iterator[str]:
    token = (server.data_dir / "token").read_text()
    answer = urllib3.request(
        "GET",
        f"{server.address}/api/v1/stream",
        headers={"Authorization": f"Bearer {token}"},
        preload_content=False,
        timeout=30,
    )
    return (line for line in io.TextIOWrapper(answer) if line.startswith("event: moved"))


def test_both_work_at_once_and_each_answers_for_the_other(two, monkeypatch):
    first, second = two
    use(first, monkeypatch)
    mine = ct.dispatch(quick)(50)
    use(second, monkeypatch)
    yours = ct.dispatch(quick)(50)
    assert ct.get_result(mine, wait=True).status == "COMPLETED"
    use(first, monkeypatch)
    assert ct.get_result(yours, wait=True).result == list(range(1, 51))


def test_the_work_of_a_dead_dispatcher_is_taken_over_and_its_attempts_are_seen(two, monkeypatch, tmp_path):
    first, second = two
    use(first, monkeypatch)
    began = tmp_path / "began"
    dispatch_id = ct.dispatch(slow)(str(began))
    while not began.exists():
        time.sleep(0.05)
    first.process.kill()
    first.process.wait()
    use(second, monkeypatch)
    assert ct.get_result(dispatch_id, wait=True).result == (7, list(range(1, 21)))
    node = next(t.node_id for t in connect().tasks(dispatch_id) if t.name == "pause")
    attempts = connect().task(dispatch_id, node).attempts
    assert [a.outcome.cause if a.outcome else None for a in attempts] == ["LOST", None]
    assert began.read_text().count("began") == len(attempts)


def test_a_dispatch_of_another_dispatcher_can_be_cancelled(two, monkeypatch, tmp_path):
    first, second = two
    use(first, monkeypatch)
    dispatch_id = ct.dispatch(slow)(str(tmp_path / "began"))
    use(second, monkeypatch)
    ct.cancel(dispatch_id)
    assert ct.get_result(dispatch_id, wait=True).status == "CANCELLED"
