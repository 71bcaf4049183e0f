"""The store's database in a file, by the standard library's sqlite3."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ..errors import StoreError
from .database import Database, Row, Session, SessionPool, storable
from .queries import Dialect, Query, load_queries
from .sqlite_errors import translate

T = TypeVar("T")


class Synchronous(StrEnum):
    """What a commit waits for."""

    NORMAL = "NORMAL"  #: For the operating system to have it.
    FULL = "FULL"  #: For the disk to have it.


DIALECT: Final = Dialect(
    name="sqlite",
    macros={
        "identity": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
        "exact": "",
        "clustered": "WITHOUT ROWID",
        "busy": "WITHOUT ROWID",
        "lock": "",
        "like": "LIKE",
        "in_texts": "IN (SELECT value FROM json_each($))",
        "in_numbers": "IN (SELECT value FROM json_each($))",
        "not_in_numbers": "NOT IN (SELECT value FROM json_each($))",
    },
    parameter=lambda name: f":{name}",
)

#: The first with UPDATE … FROM.
OLDEST_SQLITE: Final = (3, 33, 0)

#: Seconds to wait for another process that writes.
BUSY_S: Final = 30.0

#: Rows that go into the database in one step, the largest number first. One step each would let a busy thread of the same process
#: take the interpreter between any two rows and keep it for 5 ms.
ROWS_AT_ONCE: Final = (256, 64, 16, 4, 3, 2, 1)

#: Up to so many rows are quicker updated one by one, without the table that they would be put in together.
FEW_ROWS: Final = 3

#: Pages in the log after which they are copied into the database file.
CHECKPOINT_PAGES: Final = 4000

#: Transactions at once after which one must go the other way, in which the log can be copied.
MOST_AT_ONCE: Final = 200

#: Pages that the writer keeps in memory, in KiB: enough for what a turn changes among 100,000 tasks.
CACHE_KIB: Final = 16 * 1024

#: Connections that read at the same time.
READERS: Final = 16


class SqliteSession(Session):
    def __init__(self, connection: sqlite3.Connection, queries: dict[str, Query]) -> None:
        self.connection, self._queries = connection, queries
        self._written_out: dict[tuple[str, int], str] = {}

    def all(self, query: str, **values: object) -> list[Row]:
        return self.connection.execute(self._queries[query].sql, _plain(values)).fetchall()

    def run(self, query: str, **values: object) -> int:
        return self.connection.execute(self._queries[query].sql, _plain(values)).rowcount

    def run_rows(self, query: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        execute, before = self.connection.execute, self.connection.total_changes
        if len(rows) <= FEW_ROWS and self._queries[query].updates:
            sql = self._over(query, 1)
            for row in rows:
                execute(sql, row)
        else:
            start = 0
            for count in ROWS_AT_ONCE:
                while len(rows) - start >= count:
                    execute(self._over(query, count), list(chain.from_iterable(rows[start : start + count])))
                    start += count
        return self.connection.total_changes - before  # A cursor counts no rows of a statement that begins with WITH.

    def _over(self, name: str, count: int) -> str:
        """The query over ``count`` rows."""
        sql = self._written_out.get((name, count))
        if sql is None:
            query = self._queries[name]
            row = f"({', '.join('?' * len(query.rows))})"
            sql = query.with_rows(f"VALUES {', '.join([row] * count)}")
            if count == 1 and query.updates:
                sql = query.with_one_row()
            self._written_out[name, count] = sql
        return sql

    def lock(self, what: str) -> None:
        """A transaction that writes holds the whole database."""

    def lock_rows(self, query: str, **values: object) -> None:
        """The same: nobody else is writing."""

    def prepare_schema(self) -> None:
        """The file is that place."""

    def script(self, sql: str) -> None:
        statement = ""
        for line in sql.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                self.connection.execute(statement)
                statement = ""

    def close(self) -> None:
        self.connection.close()


class SqliteDatabase(Database[SqliteSession]):
    """A file with a write-ahead log.

    What is committed survives the death of this process at any time. With ``Synchronous.NORMAL`` the log is not flushed to the disk
    at every commit: if the machine loses power, or its kernel fails, the last commits before that may be missing, though the database
    stays whole. ``Synchronous.FULL`` flushes at every commit and loses nothing then either, at the price of a disk flush for each.
    """

    dialect = DIALECT
    errors = (sqlite3.Error, sqlite3.Warning)

    def __init__(self, path: Path, *, synchronous: Synchronous = Synchronous.NORMAL) -> None:
        self.path = path.expanduser().absolute()
        self.where = str(self.path)
        self._synchronous = synchronous
        self._queries = load_queries(DIALECT)
        self._at_once = 0  #: Transactions since the last that could wait.
        super().__init__(SessionPool(self._reader, lambda session: True, READERS))

    def write(self, work: Callable[[Session], T]) -> T:
        with self._writing, self.border():
            session = self._open_writer()
            return _transact(session, "BEGIN IMMEDIATE", work)

    def write_at_once(self, work: Callable[[Session], object]) -> bool:
        if self._synchronous is not Synchronous.NORMAL or not self._writing.acquire(blocking=False):
            return False
        try:
            session = self._writer
            if session is None or self._at_once == MOST_AT_ONCE:
                return False
            with self.border():
                if not self._at_once:
                    _may_wait(session.connection, False)
                self._at_once += 1
                _transact(session, "BEGIN IMMEDIATE", work)
            return True
        finally:
            self._writing.release()

    def read(self, work: Callable[[Session], T], *, consistent: bool = False) -> T:
        with self.border(), self._readers.borrow() as session:
            return _transact(session, "BEGIN DEFERRED", work) if consistent else work(session)

    def tidy(self) -> None:
        with self._writing, self.border():
            connection = self._open_writer().connection
            connection.executescript("PRAGMA incremental_vacuum")  # Only a script runs it to its end.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def translate(self, error: Exception) -> StoreError:
        return translate(error, self.path)

    def _open_writer(self) -> SqliteSession:
        """The writer, which may wait."""
        self._check_open()
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            needed = ".".join(map(str, OLDEST_SQLITE))
            raise StoreError(f"SQLite {needed} or later is needed; this Python has {sqlite3.sqlite_version}.")
        if self._writer is None:
            self._create_private()
            session = self._connect("rwc")
            try:
                self._prepare(session.connection)
            except BaseException:
                session.close()
                raise
            self._writer = session
        if self._at_once:
            self._at_once = 0
            _may_wait(self._writer.connection, True)
        return self._writer

    def _create_private(self) -> None:
        """Make a new file one that only its owner may read: it holds the users' values."""
        with suppress(OSError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        mode = _set_wal(connection)
        if mode != "wal":
            raise StoreError(
                f"The file system of {self.where} does not support SQLite's write-ahead log. "
                "Put the data directory on a local disk, or use PostgreSQL."
            )
        connection.execute(f"PRAGMA synchronous = {self._synchronous.value}")
        _may_wait(connection, True)
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")

    def _reader(self) -> SqliteSession:
        session = self._connect("rw")
        session.connection.execute("PRAGMA query_only = ON")
        return session

    def _connect(self, mode: str) -> SqliteSession:
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        return SqliteSession(connection, self._queries)


def _set_wal(connection: sqlite3.Connection) -> str:
    """Turn the write-ahead log on. SQLite does not wait by itself for another process that does the same at this moment."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _may_wait(connection: sqlite3.Connection, may_wait: bool) -> None:
    """Whether a transaction waits for others who write, and copies a long log into the database file, flushing both to the disk."""
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000) if may_wait else 0}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES if may_wait else 0}")


def _transact(session: SqliteSession, begin: str, work: Callable[[Session], T]) -> T:
    execute = session.connection.execute
    execute(begin)
    try:
        result = work(session)
        execute("COMMIT")
    except BaseException:
        if session.connection.in_transaction:
            execute("ROLLBACK")
        raise
    return result


def _plain(values: dict[str, object]) -> dict[str, object]:
    return {name: _in_json(value) if type(value) is list else storable(value) for name, value in values.items()}


def _in_json(values: list[object]) -> str:
    return msgspec.json.encode([storable(value) for value in values]).decode()
