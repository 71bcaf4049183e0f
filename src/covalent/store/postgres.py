"""The store's database on a PostgreSQL server, by psycopg 3."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ..errors import StoreError, StoreUnavailableError
from .database import Database, Row, Session, SessionPool, storable
from .postgres_errors import translate
from .queries import Dialect, Query, load_queries

T = TypeVar("T")

#: The schema that holds the tables.
SCHEMA: Final = "covalent"

DIALECT: Final = Dialect(
    name="postgresql",
    macros={
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "exact": 'COLLATE "C"',
        "clustered": "",
        "busy": "WITH (fillfactor = 50)",  # Room for the next version of a row beside it, so that no index has to follow.
        "lock": "FOR UPDATE",
        "like": "ILIKE",
        # Not IN (SELECT unnest …): for tables too new to have statistics that is planned as a loop within a loop.
        "in_texts": "= ANY (CAST($ AS text[]))",
        "in_numbers": "= ANY (CAST($ AS bigint[]))",
        "not_in_numbers": "<> ALL (CAST($ AS bigint[]))",
        "schema": SCHEMA,
    },
    parameter=lambda name: f"%({name})s",
)

#: What applies unless the URL says otherwise: a server that is gone without a word is noticed within half a minute.
_DEFAULTS: Final = {
    "application_name": "covalent",
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

#: Connections that read at the same time, for each dispatcher.
READERS: Final = 8


#: Every query sees what was committed before it began, whatever the server's default is: after a lock, that is what matters.
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"


class PostgresSession(Session):
    def __init__(self, connection: psycopg.Connection[Row], queries: dict[str, Query]) -> None:
        self.connection, self._queries = connection, queries

    def all(self, query: str, **values: object) -> list[Row]:
        return self.connection.execute(self._queries[query].sql.encode(), _plain(values), binary=True).fetchall()

    def run(self, query: str, **values: object) -> int:
        return self.connection.execute(self._queries[query].sql.encode(), _plain(values)).rowcount

    def run_rows(self, query: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        taken = self._queries[query]
        arrays = ", ".join(f"%b::{column.type}[]" for column in taken.rows)
        sql = taken.with_rows(f"SELECT * FROM unnest({arrays})")  # noqa: S608, of names in our own files
        return self.connection.execute(sql.encode(), [list(values) for values in zip(*rows, strict=True)]).rowcount

    def lock(self, what: str) -> None:
        number = zlib.crc32(f"{SCHEMA} {what}".encode())
        self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (number,))

    def lock_rows(self, query: str, **values: object) -> None:
        self.all(query, **values)

    def prepare_schema(self) -> None:
        # Not IF NOT EXISTS: that asks for the right to create schemas even when there is nothing to create.
        found = self.connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone()
        if found is None:
            self.connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())

    def script(self, sql: str) -> None:
        self.connection.execute(sql.encode())

    def close(self) -> None:
        self.connection.close()


class PostgresDatabase(Database[PostgresSession]):
    """Tables in the schema ``covalent`` of a database.

    Connections that were lost are made anew: a read is repeated by itself; a write raises an error that may be retried, because only the
    caller knows whether repeating it is right.
    """

    dialect = DIALECT
    errors = (psycopg.Error, psycopg.Warning)

    def __init__(self, url: str) -> None:
        try:
            given = conninfo_to_dict(url)
        except psycopg.Error as error:
            raise StoreError(f"The database URL cannot be read: {str(error).strip()}") from None
        self._settings: dict[str, Any] = {**_DEFAULTS, **given}
        self.where = _address(given)
        self._queries = load_queries(DIALECT)
        super().__init__(SessionPool(self._connect, _is_sound, READERS))

    def write(self, work: Callable[[Session], T]) -> T:
        with self._writing, self.border():
            session = self._begin()
            with _ends(session.connection):
                return work(session)

    def _begin(self) -> PostgresSession:
        """The writer with a new transaction. Nothing has been asked of that yet, so losing the connection here does no harm."""
        session = self._open_writer()
        try:
            session.connection.execute(_BEGIN, prepare=False)
        except psycopg.OperationalError:
            if _is_sound(session):
                raise
            session = self._open_writer()
            session.connection.execute(_BEGIN, prepare=False)
        return session

    def read(self, work: Callable[[Session], T], *, consistent: bool = False) -> T:
        try:
            return self._read(work, consistent=consistent)
        except StoreUnavailableError:
            # A restart of the server breaks every idle connection, so the second try must not find another of them.
            self._readers.clear()
            return self._read(work, consistent=consistent)

    def _read(self, work: Callable[[Session], T], *, consistent: bool) -> T:
        with self.border(), self._readers.borrow() as session:
            if not consistent:
                return work(session)
            session.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", prepare=False)
            with _ends(session.connection):
                return work(session)

    def tidy(self) -> None:
        """PostgreSQL's autovacuum does this by itself."""

    def translate(self, error: Exception) -> StoreError:
        return translate(error, self.where)

    def _open_writer(self) -> PostgresSession:
        self._check_open()
        if self._writer is not None and not _is_sound(self._writer):
            self._drop_writer()
        if self._writer is None:
            self._writer = self._connect()
        return self._writer

    def _connect(self) -> PostgresSession:
        connection = psycopg.connect(**self._settings, autocommit=True)
        try:
            connection.execute(f"SET search_path TO {SCHEMA}")
        except BaseException:
            connection.close()
            raise
        return PostgresSession(connection, self._queries)


def _plain(values: dict[str, object]) -> dict[str, object]:
    return {name: storable(value) for name, value in values.items()}


def _is_sound(session: PostgresSession) -> bool:
    return not (session.connection.closed or session.connection.broken)


@contextmanager
def _ends(connection: psycopg.Connection[Row]) -> Iterator[None]:
    """The transaction that was begun ends with the block."""
    try:
        yield
        connection.execute("COMMIT", prepare=False)
    except BaseException:
        if not connection.closed:
            connection.execute("ROLLBACK", prepare=False)
        raise


def _address(given: dict[str, Any]) -> str:
    """Where the database is, without the password."""
    host, port, name = given.get("host", "localhost"), given.get("port", "5432"), given.get("dbname", "")
    return f"postgresql://{host}:{port}/{name}"
