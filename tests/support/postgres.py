"""A real PostgreSQL server as a process of its own, in a directory of its own, reached by a socket file."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0

#: The server refuses to run as root, so that one of these runs it then.
USERS = ("postgres", "nobody")

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # The tests end the server's clients, never the machine.
    "full_page_writes": "off",
    "max_connections": "80",
}


class NoPostgresError(Exception):
    """Why no server can run here."""


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    directory: Path  #: Where the socket file is.
    url: str

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[PostgresServer]:
        """Run one; end it when the block ends.

        :raises NoPostgresError: if its programs are not here, or root cannot become anybody else
        """
        programs = _programs()
        as_user, owner = _as_user()
        directory = Path(tempfile.mkdtemp(prefix="covalent-pg-"))  # Short: a socket's path has at most 107 bytes.
        try:
            if owner is not None:
                os.chown(directory, owner.pw_uid, owner.pw_gid)
            data = directory / "data"
            initdb = [
                programs / "initdb",
                "-D",
                data,
                "-A",
                "trust",
                "-U",
                "covalent",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ]
            subprocess.run([*as_user, *initdb], cwd=directory, check=True, capture_output=True)
            settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
            command = [*as_user, programs / "postgres", "-D", data, "-k", directory, *settings]
            with (directory / "log").open("wb") as log:
                process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                _wait(programs / "pg_isready", directory, process)
                yield cls(directory=directory, url=f"postgresql://covalent@/postgres?host={directory}")
            finally:
                process.send_signal(signal.SIGQUIT)
                process.wait(STOP_TIMEOUT_S)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _programs() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name), reverse=True
    )
    for place in places:
        if all((place / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return place
    raise NoPostgresError("the programs of a PostgreSQL server are not installed")


def _as_user() -> tuple[list[str], pwd.struct_passwd | None]:
    """How to run a program as somebody who is not root, and who that is; nothing and nobody for those who are not."""
    if os.geteuid() != 0:
        return [], None
    for name in USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if shutil.which("setpriv"):
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"], user
    raise NoPostgresError("a PostgreSQL server does not run as root, and setpriv or another user is missing")


def _wait(isready: Path, directory: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while subprocess.run([isready, "-h", directory, "-d", "postgres", "-q"], check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The PostgreSQL server did not start:\n{(directory / 'log').read_text()}")
        time.sleep(0.05)
