"""Dispatchers keep secrets encrypted in their database, and share them where they share a key. Over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import covalent as ct
from covalent.dispatcher import Dispatcher
from covalent.errors import SecretError
from covalent.model import DispatchInfo, Submission
from covalent.secrets import references
from covalent.states import Status
from covalent.testing.harness import write_plugins
from tests.contract.conftest import TestDatabase
from tests.support.secretive import PLUGINS, SecretiveExecutor, proof

WORD = "correct-horse-battery-staple"
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plugins(tmp_path / "plugins", PLUGINS)
    monkeypatch.syspath_prepend(str(tmp_path / "plugins"))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'plugins'}{os.pathsep}{Path(__file__).parents[2]}")
    monkeypatch.setenv("COVALENT_LOCAL_WORKERS", "1")


@asynccontextmanager
async def dispatching(database: TestDatabase, home: Path, name: str, keys: str = "") -> AsyncIterator[Dispatcher]:
    """A dispatcher with a data directory of its own."""
    data = home / name
    data.mkdir(exist_ok=True)
    dispatcher = Dispatcher(database.open(), data, name, secret_keys=keys)
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.close()


def submission(proofs: Path) -> Submission:
    executor = SecretiveExecutor(password=WORD, proofs=str(proofs))

    @ct.electron(executor=executor)
    def double(x):
        return 2 * x

    @ct.electron(executor=executor)
    @ct.lattice
    def below(x):
        return double(x)

    @ct.lattice
    def workflow():
        return below(double(1))

    return workflow.build_graph()


def everything(database: TestDatabase) -> list[tuple[object, ...]]:
    """All rows of all tables."""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'covalent'",
    }
    connection = database.connect()
    try:
        tables = connection.execute(names[database.dialect]).fetchall()
        return [row for (table,) in tables for row in connection.execute(f"SELECT * FROM {table}").fetchall()]
    finally:
        connection.close()


def betrayals(database: TestDatabase) -> list[tuple[object, ...]]:
    """Rows in which it stands."""
    return [row for row in everything(database) if any(WORD.encode() in _bytes(cell) for cell in row)]


def _bytes(cell: object) -> bytes:
    return bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()


async def ended(dispatcher: Dispatcher, dispatch_id: str) -> DispatchInfo:
    async with asyncio.timeout(30):
        while not (info := await dispatcher.info(dispatch_id)).status.is_final:
            await asyncio.sleep(0.02)
    return info


async def test_no_row_of_the_database_holds_the_text(database: TestDatabase, tmp_path: Path) -> None:
    async with dispatching(database, tmp_path, "one") as dispatcher:
        dispatch_id = await dispatcher.submit(submission(tmp_path / "proofs"))
        info = await ended(dispatcher, dispatch_id)
        assert info.status is Status.COMPLETED, info.error
        assert set((tmp_path / "proofs").read_text().splitlines()) == {f"send {proof(WORD)}"}
        rows = everything(database)
        assert sum(_bytes(cell).startswith(b"gAAAA") for row in rows for cell in row) == 2
        assert betrayals(database) == []


async def test_dispatchers_with_the_same_key_open_one_anothers_secrets(database: TestDatabase, tmp_path: Path) -> None:
    made = replace(submission(tmp_path / "proofs"), start=False)
    async with dispatching(database, tmp_path, "one", KEY) as one:
        dispatch_id = await one.submit(made)
    async with dispatching(database, tmp_path, "two", KEY) as two:
        await two.begin(dispatch_id)
        assert (await ended(two, dispatch_id)).status is Status.COMPLETED


async def test_a_dispatcher_with_another_key_fails_what_needs_it_with_what_to_do(
    database: TestDatabase, tmp_path: Path
) -> None:
    made = replace(submission(tmp_path / "proofs"), start=False)
    async with dispatching(database, tmp_path, "one") as one:
        dispatch_id = await one.submit(made)
    async with dispatching(database, tmp_path, "two", KEY) as two:
        with pytest.raises(SecretError, match=r"under another key.*COVALENT_SECRET_KEY"):
            await two.submit(replace(made, secrets={}))
        await two.begin(dispatch_id)
        assert (await ended(two, dispatch_id)).status is Status.FAILED
        task = await two.threads.read(two.store.task, dispatch_id, 0)
        assert "COVALENT_SECRET_KEY" in task.message


async def test_a_secret_whose_dispatch_was_deleted_is_unknown(database: TestDatabase, tmp_path: Path) -> None:
    made = replace(submission(tmp_path / "proofs"), start=False)
    async with dispatching(database, tmp_path, "one") as one:
        dispatch_id = await one.submit(made)
        assert await one.submit(replace(made, secrets={})) != dispatch_id
        await one.cancel(dispatch_id)
        await ended(one, dispatch_id)
        await one.purge([dispatch_id])
        (other,) = await one.threads.read(one.store.dispatches)
        await one.cancel(other.id)
        await ended(one, other.id)
        await one.purge([other.id])
        assert not any(_bytes(cell).startswith(b"gAAAA") for row in everything(database) for cell in row)
        (known,) = {found for spec in made.graph.executors for found in references(spec.options)}
        with pytest.raises(SecretError, match=f"refers to the secret {known}, which this server does not have"):
            await one.submit(replace(made, secrets={}))
