"""The border to psycopg: its errors in, ours out."""

from __future__ import annotations

from typing import Final

import psycopg

from ..errors import CorruptDatabaseError, DiskFullError, StoreError, StoreUnavailableError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_DISK_FULL: Final = "53100"
_DAMAGED: Final = {"XX001", "XX002"}
#: Codes, and classes of codes, that a later try may not meet again: connections, resources, an administrator's or the system's doing,
#: and conflicts with other transactions.
_PASSING: Final = {"08", "53", "58", "57P01", "57P02", "57P03", "57P05", "40001", "40P01", "55P03"}


def translate(error: Exception, where: str) -> StoreError:
    """What an error of psycopg means for the database ``where``."""
    code = getattr(error, "sqlstate", None)
    if code is None:
        # The library's own word: only a connection that was lost or refused comes as an OperationalError without a code.
        if isinstance(error, psycopg.OperationalError):
            return StoreUnavailableError(where, str(error))
        return StoreError(f"The database {where} failed: {error}")
    if code == _DISK_FULL:
        return DiskFullError(where)
    if code in _DAMAGED:
        return CorruptDatabaseError(where, str(error))
    if code in _PASSING or code[:2] in _PASSING:
        return StoreUnavailableError(where, str(error))
    return StoreError(f"The database {where} failed ({code}): {error}")
