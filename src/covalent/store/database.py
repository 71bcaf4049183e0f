"""A database as the store uses it: named queries in sessions, one writer, readers that never wait for it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

import msgspec

from ..errors import CorruptDatabaseError, StoreError
from .queries import Dialect

T = TypeVar("T")
S = TypeVar("S", bound="Session")

Row = tuple[Any, ...]

#: The largest number that a column holds.
LARGEST: Final = 2**63 - 1


def storable(value: object) -> object:
    """What both databases take for ``value`` and agree on. Nothing is ever stored under what they refuse, so looking for it finds nothing.

    The character 0 and halves of pairs, which PostgreSQL and UTF-8 do not know, become visible; numbers stay within 64 bits.
    """
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int):
        return max(-LARGEST, min(value, LARGEST))
    return [storable(item) for item in value] if isinstance(value, list) else value


class Session(ABC):
    """Queries on one connection, for one thread at a time. Values are made :func:`storable`; rows are taken as they are."""

    @abstractmethod
    def all(self, query: str, **values: object) -> list[Row]:
        """Every row that the query finds."""

    @abstractmethod
    def run(self, query: str, **values: object) -> int:
        """Run a query that changes something; return how many rows it changed."""

    @abstractmethod
    def run_rows(self, query: str, rows: Sequence[Row]) -> int:
        """The same for a query that takes rows, as many as there are. They have no order."""

    @abstractmethod
    def lock(self, what: str) -> None:
        """Wait until no other transaction holds the lock called ``what``; hold it until this one ends."""

    @abstractmethod
    def lock_rows(self, query: str, **values: object) -> None:
        """Wait until no other transaction holds one of the rows that the query finds; hold them until this one ends."""

    @abstractmethod
    def prepare_schema(self) -> None:
        """Make the place that the tables live in, where there is such a thing."""

    @abstractmethod
    def script(self, sql: str) -> None:
        """Run statements without parameters."""

    @abstractmethod
    def close(self) -> None: ...

    def one(self, query: str, **values: object) -> Row | None:
        """The first row that the query finds."""
        rows = self.all(query, **values)
        return rows[0] if rows else None


class Database(ABC, Generic[S]):
    """One session writes, several read.

    :raises StoreError: from every method, never an error of the database's own library
    """

    dialect: Dialect
    errors: tuple[type[Exception], ...]  #: What the database's own library raises.
    where: str  #: Names it in messages; holds no password.

    def __init__(self, readers: SessionPool[S]) -> None:
        self._readers = readers
        self._writing = threading.Lock()  #: Held by whoever uses the writer.
        self._writer: S | None = None
        self._closed = False

    @abstractmethod
    def translate(self, error: Exception) -> StoreError:
        """What one of ``errors`` means."""

    @contextmanager
    def border(self) -> Iterator[None]:
        """Lets no error out that is not one of ours."""
        try:
            yield
        except self.errors as error:
            raise self.translate(error) from error
        except msgspec.DecodeError as error:
            raise CorruptDatabaseError(self.where, f"a value in it cannot be read: {error}") from error

    @abstractmethod
    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one transaction: durable when this returns; nothing happened if it raises.

        :raises StoreUnavailableError: if the connection was lost. The work may have been done all the same.
        """

    def write_at_once(self, work: Callable[[Session], object]) -> bool:
        """The same for little work, and only where nothing can hold it up: no network, no disk, nobody else who writes.

        False if nothing was done.
        """
        return False

    @abstractmethod
    def read(self, work: Callable[[Session], T], *, consistent: bool = False) -> T:
        """Run ``work``, which only reads; with ``consistent``, all its queries see the same moment."""

    @abstractmethod
    def tidy(self) -> None:
        """Give back the room that deleted rows took, where that is not the database's own habit."""

    def close(self) -> None:
        """Close every connection; those in use close when they are given back."""
        with self._writing, self.border():
            self._closed = True
            self._readers.close()
            self._drop_writer()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _check_open(self) -> None:
        """:raises StoreError: if it was closed"""
        if self._closed:
            raise StoreError("The database was closed.")


class SessionPool(Generic[S]):
    """At most ``limit`` sessions, made when needed and kept for the next one who asks.

    :param is_sound: whether a session that was given back can be used again
    """

    def __init__(self, make: Callable[[], S], is_sound: Callable[[S], bool], limit: int) -> None:
        self._make, self._is_sound = make, is_sound
        self._free = threading.BoundedSemaphore(limit)
        self._idle: list[S] = []
        self._closed = False

    @contextmanager
    def borrow(self) -> Iterator[S]:
        """One that nobody else has meanwhile.

        :raises StoreError: if the pool is closed
        """
        with self._free:
            if self._closed:
                raise StoreError("The database was closed.")
            try:
                session = self._idle.pop()
            except IndexError:
                session = self._make()
            try:
                yield session
            finally:
                if self._is_sound(session):
                    self._idle.append(session)
                else:
                    session.close()
                if self._closed:
                    self.clear()

    def clear(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close all; those in use follow when they are given back."""
        self._closed = True
        self.clear()
