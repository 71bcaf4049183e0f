"""The border to sqlite3: its errors in, ours out."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Final

from ..errors import CorruptDatabaseError, DiskFullError, StoreError, StoreUnavailableError

#: Less free room than this, in bytes, explains a failure to write.
HARDLY_ANY_ROOM: Final = 1024 * 1024

_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CLOSED_TO_US: Final = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH}


def translate(error: Exception, path: Path) -> StoreError:
    """What an error of sqlite3 means for the store in ``path``."""
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    code = extended & 0xFF  # The other bits tell kinds of the same error apart.
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return DiskFullError(str(path))
    if code in _DAMAGED:
        return CorruptDatabaseError(str(path), str(error))
    if code in _BUSY:
        return StoreUnavailableError(str(path), f"another process is writing to it: {error}")
    if code in _CLOSED_TO_US:
        return StoreError(
            f"The database {path} cannot be used ({error}). Check that its directory exists and that you may write to both."
        )
    return StoreError(f"The database {path} failed: {error}")


def _is_full(path: Path) -> bool:
    """Whether the disk is full: when its log's index cannot grow, SQLite only reports a failure to read or write."""
    try:
        return shutil.disk_usage(path.parent).free < HARDLY_ANY_ROOM
    except OSError:
        return False
