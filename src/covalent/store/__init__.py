"""Durable state of dispatches, in a file or on a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ..errors import ConfigError
from .base import Store

__all__ = ["Store", "open_store"]


def open_store(url: str) -> Store:
    """The store at ``url``. Nothing is read or written yet.

    - ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or a plain path: a file. ``?synchronous=FULL`` behind a URL makes it
      safe against power loss too (see :class:`.sqlite.SqliteDatabase`).
    - ``postgresql://user:password@host:port/name``, with anything else behind ``?`` that libpq knows.

    :raises ConfigError: if the URL is of another kind, has an unknown setting, or its library is not installed
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        return _sqlite(Path(url), {})
    if scheme == "sqlite":
        parts = urlsplit(url)
        if parts.netloc or not parts.path.strip("/"):
            raise ConfigError(
                f"The database URL {url!r} names no file. Write sqlite:///relative/path or sqlite:////absolute/path."
            )
        return _sqlite(Path(unquote(parts.path[1:])), parse_qs(parts.query, keep_blank_values=True))
    if scheme in ("postgresql", "postgres"):
        return _postgres(url)
    raise ConfigError(f"There is no store for {scheme}:// databases. Use sqlite:///path or postgresql://host/name.")


def _sqlite(path: Path, settings: dict[str, list[str]]) -> Store:
    from .sql_store import SqlStore
    from .sqlite import SqliteDatabase, Synchronous

    chosen = settings.pop("synchronous", ["NORMAL"])[-1].upper()
    if settings:
        raise ConfigError(f"A SQLite database has no setting {', '.join(map(repr, settings))}; it has 'synchronous'.")
    try:
        synchronous = Synchronous(chosen)
    except ValueError:
        raise ConfigError(
            f"The setting 'synchronous' of a SQLite database is NORMAL or FULL, not {chosen!r}."
        ) from None
    return SqlStore(SqliteDatabase(path, synchronous=synchronous))


def _postgres(url: str) -> Store:
    from .sql_store import SqlStore

    try:
        from .postgres import PostgresDatabase
    except ImportError as error:
        raise ConfigError(
            "PostgreSQL needs a library that is not installed. Install it with: pip install 'covalent-batch[postgres]'"
        ) from error
    return SqlStore(PostgresDatabase(url))
