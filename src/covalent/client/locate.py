"""Which server to talk to, and what to show it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..config import ADDRESS_VARIABLE, data_dir, dispatcher_address, normalize_address
from ..config.address import is_local
from ..errors import ConfigError, CovalentError

TOKEN_VARIABLE = "COVALENT_TOKEN"  # noqa: S105


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerRecord:
    """What the server of a data directory wrote into ``server.json`` when it began to answer."""

    pid: int
    host: str  #: What it was told to listen on.
    port: int
    address: str
    version: str
    started_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    url: str
    token: str | None
    #: Whether somebody is believed to answer there. If not, it is where a server of this data directory would be.
    expected: bool = True
    #: Whether it is this data directory's own server, which may be started.
    own: bool = False


def read_record() -> ServerRecord | None:
    """The record of this data directory's server; None if none was left or its process is gone.

    The process may be another one that got the same number: see :func:`covalent.client.process.owner`.
    """
    try:
        raw = json.loads((data_dir() / "server.json").read_text("utf-8"))
        record = ServerRecord(
            pid=int(raw["pid"]),
            host=str(raw["host"]),
            port=int(raw["port"]),
            address=normalize_address(str(raw["address"]), "server.json"),
            version=str(raw["version"]),
            started_at=float(raw["started_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError, ConfigError):
        return None
    return record if _is_process(record.pid) else None


def locate(given: str | None = None) -> Target:
    """The server that a call means: the address it was given, the one in the environment, this data directory's own
    wherever that listens, or the one in the configuration.

    :raises ConfigError: if an address is not one
    """
    if given is not None:
        return _explicit(normalize_address(given, "dispatcher_addr"))
    if os.environ.get(ADDRESS_VARIABLE):
        return _explicit(dispatcher_address())
    url = dispatcher_address()
    if not is_local(url):
        return _explicit(url)
    if record := read_record():
        return Target(url=record.address, token=_token(), own=True)
    # Whoever else listens on this port must not be sent this data directory's token.
    token = os.environ.get(TOKEN_VARIABLE)
    return Target(url=url, token=token, expected=token is not None, own=True)


def _explicit(url: str) -> Target:
    record = read_record()
    if is_local(url) or (record and record.address == url):
        return Target(url=url, token=_token())
    return Target(url=url, token=os.environ.get(TOKEN_VARIABLE))


def _token() -> str | None:
    if given := os.environ.get(TOKEN_VARIABLE):
        return given
    path = data_dir() / "token"
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CovalentError(f"The token {path} cannot be read: {error}.") from error


def _is_process(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError, OverflowError):
        return False  # A server of ours could be signalled.
    return True


def log_path() -> Path:
    """What the server of this data directory writes to when it runs in the background."""
    return data_dir() / "server.log"
