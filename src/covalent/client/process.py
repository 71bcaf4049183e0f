"""Starting and stopping this data directory's server."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import config_path, data_dir
from ..errors import CovalentError, ServerError, ServerUnreachableError, VersionMismatchError
from .locate import ServerRecord, log_path, read_record
from .server import Server
from .transport import expect_nobody

if TYPE_CHECKING:
    import psutil

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
_POLL_S = 0.02
_LOG_ROOM = 1 << 20  #: Free bytes below which a server may not have been able to write why it ended.
_LOG_LIMIT = 10 << 20  #: A longer log is set aside when a server starts.
_LOG_LINES = 15

#: Settings of a script's own interpreter that a server must not inherit.
_SCRIPT_VARIABLES = ("PYTHONINSPECT", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONPROFILEIMPORTTIME")


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    record: ServerRecord
    new: bool  #: False if one was running before.


def running() -> ServerRecord | None:
    """The server of this data directory, if it answers."""
    record = read_record()
    return record if record and _answers(record) else None


def owner(record: ServerRecord) -> psutil.Process | None:
    """The process that wrote the record; None if it has ended, even if another one has its number now."""
    import psutil  # Slow to import, and of no use to a script that only dispatches.

    try:
        process = psutil.Process(record.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # One that came to its number later cannot have written the record; 2 s are for clocks that were set.
        mine = process.create_time() <= record.started_at + 2.0
        return process if mine and "covalent" in " ".join(process.cmdline()).lower() else None
    except psutil.Error:
        return None


def absence(error: ServerUnreachableError) -> str:
    """Why no server answers, in a sentence or two."""
    record = read_record()
    if record and owner(record):
        return f"The Covalent server (process {record.pid}) runs but does not answer at {record.address}; see {log_path()}."
    return str(error)


def ensure_running(*, address: str | None = None, port: int | None = None) -> Started:
    """Start a server in the background unless one runs. However many ask at once, there will be one.

    :raises ServerError: if it does not begin to answer; the message is the server's own error, or holds the end of its log
    """
    if record := running():
        return Started(record=record, new=False)
    with _only_one():
        if record := running():
            return Started(record=record, new=False)
        return _start(address, port)


def stop(*, timeout_s: float = STOP_TIMEOUT_S) -> ServerRecord | None:
    """Have the server end, and wait for it; None if there is none.

    :raises ServerError: if it has not ended in time
    """
    record = _record_of_any()
    if record is None or owner(record) is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while owner(record):
        if time.monotonic() > deadline:
            raise ServerError(
                f"The server (process {record.pid}) has not ended within {timeout_s:.0f} s. It loses nothing by "
                f"'kill -9 {record.pid}'; what it is doing is in {log_path()}."
            )
        time.sleep(_POLL_S)
    with suppress(ChildProcessError):
        os.waitpid(record.pid, os.WNOHANG)  # If this process started it, it is here that its end is to be noted.
    expect_nobody()
    return record


def is_owned() -> bool:
    """Whether some server holds the data directory, though it may not answer yet."""
    try:
        with (data_dir() / "server.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _record_of_any() -> ServerRecord | None:
    """The record of the server, waited for if it is just starting."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (record := read_record()) and is_owned() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return record


def _answers(record: ServerRecord) -> bool:
    try:
        return Server(record.address, patience_s=0).health().pid == record.pid
    except VersionMismatchError:
        return True
    except CovalentError:
        return False


def _start(address: str | None, port: int | None) -> Started:
    _set_long_log_aside()
    begin = log_path().stat().st_size if log_path().exists() else 0
    process = _spawn(address, port)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        if record := running():
            if record.pid != process.pid:
                # Somebody else's was faster. Ours must not take over when that one ends.
                process.kill()
                process.wait()
                return Started(record=record, new=False)
            # It is to outlive this process: tell Popen that there is nothing to wait for.
            process.returncode = 0
            return Started(record=record, new=True)
        if ended and not is_owned():
            raise ServerError(_last_words(_log_tail(begin)))
        time.sleep(_POLL_S)
    process.kill()
    process.wait()
    raise ServerError(
        f"No server answered within {START_TIMEOUT_S:.0f} s. The end of its log, {log_path()}:\n\n{_log_tail(begin)}"
    )


def _last_words(tail: str) -> str:
    """Why a server ended: the error that it ended with by itself, such as a port that is taken, or the end of its log."""
    before, mark, error = f"\n{tail}".rpartition("\nError: ")
    if mark and "Traceback" not in before:
        return error.strip()
    if not tail.strip() and shutil.disk_usage(data_dir()).free < _LOG_ROOM:
        return f"No server can be started: no space is left in {data_dir()}. Free some, and start it again."
    return f"The server ended before it answered. The end of its log, {log_path()}:\n\n{tail}"


def _log_tail(begin: int) -> str:
    """The last lines of the server's log, from byte ``begin`` on."""
    with log_path().open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(begin, end - 16384))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-_LOG_LINES:])


def _spawn(address: str | None, port: int | None) -> subprocess.Popen[bytes]:
    """A server that neither the terminal nor this process takes along when it ends."""
    options = [] if port is None else ["--port", str(port)]
    options += [] if address is None else ["--address", address]
    log_path().touch(mode=0o600)
    with log_path().open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "covalent", "start", "--foreground", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data_dir(),
            env=_environment(),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k not in _SCRIPT_VARIABLES}
    # Relative paths would mean something else in its working directory.
    env["COVALENT_DATA_DIR"] = str(data_dir())
    env["COVALENT_CONFIG_DIR"] = str(config_path().parent)
    if path := env.get("PYTHONPATH"):
        env["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in path.split(os.pathsep) if entry)
    env["PYTHONUNBUFFERED"] = "1"
    return env


def _set_long_log_aside() -> None:
    path = log_path()
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))


@contextmanager
def _only_one() -> Iterator[None]:
    """Wait until no other process is starting a server on this data directory."""
    path = data_dir() / "start.lock"
    try:
        lock = path.open("w")
    except OSError as error:
        raise ServerError(f"No server can be started: {path} cannot be written: {error.strerror}.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
