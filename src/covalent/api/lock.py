"""One server per data directory: a lock that the system takes back when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ..errors import AlreadyRunningError

#: What lies in them is its owner's alone, also where the data directory was there before and others may look into it.
_PRIVATE: Final = ("environments", "objects", "workers")


@contextmanager
def own(data_dir: Path) -> Iterator[None]:
    """Own a data directory until the block ends.

    :raises AlreadyRunningError: if a server owns it
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = _running(data_dir)
            raise AlreadyRunningError(str(data_dir), running.get("pid"), running.get("address")) from error
        for name in _PRIVATE:
            _make_private(data_dir / name)
        try:
            yield
        finally:
            (data_dir / "server.json").unlink(missing_ok=True)


def _make_private(folder: Path) -> None:
    # What uses it says what is wrong with it.
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)


def _running(data_dir: Path) -> dict[str, Any]:
    try:
        running = json.loads((data_dir / "server.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return running if isinstance(running, dict) else {}


def publish(data_dir: Path, description: dict[str, Any]) -> None:
    """Tell the clients of this data directory where the server is."""
    write(data_dir / "server.json", json.dumps(description).encode())


def token(data_dir: Path) -> str:
    """The token that clients show, made at the first start and readable by its owner alone.

    ``COVALENT_TOKEN`` goes before the file, for servers whose clients are elsewhere.
    """
    return os.environ.get("COVALENT_TOKEN") or _once(data_dir / "token", secrets.token_urlsafe(32))


def owner(data_dir: Path) -> str:
    """The name of this data directory's dispatcher in the leases of a shared database."""
    return _once(data_dir / "dispatcher-id", str(uuid.uuid4()))


def _once(path: Path, value: str) -> str:
    """What the file holds; ``value``, kept from now on, if it is not there."""
    try:
        kept = path.read_text().strip()
    except FileNotFoundError:
        kept = ""
    if not kept:
        write(path, value.encode())
    return kept or value


def write(path: Path, data: bytes) -> None:
    """All of it or nothing, readable by its owner alone."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    temporary.replace(path)
