"""Databases for the contract suite: every test that asks for a ``store`` runs over SQLite and over PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from covalent.store import Store, open_store
from tests.support.postgres import NoPostgresError, PostgresServer


@dataclass(frozen=True, kw_only=True)
class TestDatabase:
    """An empty database."""

    __test__ = False

    dialect: str
    url: str

    @property
    def refusal(self) -> type[Exception]:
        """What :meth:`connect` raises when the database refuses a row."""
        if self.dialect == "sqlite":
            return sqlite3.IntegrityError
        from psycopg.errors import CheckViolation

        return CheckViolation

    def open(self) -> Store:
        """A store over it with the schema up to date. Whoever opens it closes it."""
        store = open_store(self.url)
        try:
            store.migrate()
        except BaseException:
            store.close()
            raise
        return store

    def connect(self) -> Any:
        """A connection by hand, past the store, in which every statement is a transaction of its own."""
        if self.dialect == "sqlite":
            return sqlite3.connect(self.url, isolation_level=None, check_same_thread=False)
        import psycopg

        connection = psycopg.connect(self.url, autocommit=True)
        connection.execute("SET search_path TO covalent")
        return connection


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    try:
        with PostgresServer.start() as server:
            yield server
    except NoPostgresError as missing:
        pytest.skip(f"no PostgreSQL: {missing}")


@pytest.fixture
def sqlite_database(tmp_path: Path) -> TestDatabase:
    return TestDatabase(dialect="sqlite", url=str(tmp_path / "covalent.db"))


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> TestDatabase:
    database = TestDatabase(dialect="postgresql", url=postgres_server.url)
    connection = database.connect()
    connection.execute("SET client_min_messages TO warning")
    connection.execute("DROP SCHEMA IF EXISTS covalent CASCADE")
    connection.close()
    return database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> TestDatabase:
    chosen: TestDatabase = request.getfixturevalue(
        "sqlite_database" if request.param == "sqlite" else "postgres_database"
    )
    return chosen


@pytest.fixture
def store(database: TestDatabase) -> Iterator[Store]:
    store = database.open()
    yield store
    store.close()
