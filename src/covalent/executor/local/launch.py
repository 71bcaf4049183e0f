"""Starting a worker's process."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: macOS has no sequenced packets. Its datagram sockets keep order and boundaries as well; only their end goes unnoticed.
SOCKET_TYPE: Final = socket.SOCK_DGRAM if sys.platform == "darwin" else socket.SOCK_SEQPACKET

#: What is asked for; the system may give less, but never less than one message.
BUFFER_BYTES: Final = 4 * 1024 * 1024

#: Where this package was imported from: the last place in which a worker looks, for it may not be installed.
ROOT: Final = str(Path(__file__).parents[3])

_PROGRAM: Final = """\
import sys
if sys.argv[1] not in sys.path:
    sys.path.append(sys.argv[1])
from covalent.runner.worker import main
main(sys.argv[2])
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """What a worker runs on."""

    python: str = sys.executable
    variables: Mapping[str, str] = field(default_factory=dict)  #: On top of the dispatcher's own.


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerFiles:
    """The files of one worker."""

    journal: Path
    stdout: Path
    stderr: Path

    @classmethod
    def of(cls, directory: Path, name: str) -> WorkerFiles:
        return cls(
            journal=directory / f"{name}.journal", stdout=directory / f"{name}.out", stderr=directory / f"{name}.err"
        )

    def remove(self) -> None:
        for file in (self.journal, self.stdout, self.stderr):
            file.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Launched:
    process: subprocess.Popen[bytes]
    ours: socket.socket
    #: A second hold on the worker's end: what the worker has not received yet can be taken back here.
    theirs: socket.socket


def launch(interpreter: Interpreter, files: WorkerFiles, objects: Path) -> Launched:
    """Start a worker. Blocks for some milliseconds.

    :raises OSError: if that is not possible
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, SOCKET_TYPE)
    try:
        for end in (ours, theirs):
            # For both holds on the worker's end, the worker's included.
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        settings = {
            "parent": os.getpid(),
            "socket": theirs.fileno(),
            "journal": str(files.journal),
            "objects": str(objects),
            "files": [str(files.stdout), str(files.stderr)],
        }
        # Read by the worker, too: it takes a task's output from there.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        stdout, stderr = (os.open(file, flags, 0o600) for file in (files.stdout, files.stderr))
        try:
            process = subprocess.Popen(
                # -P: no file in the working directory may hide a module that the worker needs.
                [interpreter.python, "-P", "-c", _PROGRAM, ROOT, json.dumps(settings)],
                env={**os.environ, **interpreter.variables, "COVALENT_OBJECTS": str(objects)},
                cwd=_home(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        finally:
            os.close(stdout)
            os.close(stderr)
    except BaseException:
        ours.close()
        theirs.close()
        raise
    return Launched(process=process, ours=ours, theirs=theirs)


def _home() -> Path:
    """Where tasks run whose client has no directory here."""
    with contextlib.suppress(RuntimeError):
        if os.access(Path.home(), os.R_OK | os.X_OK):
            return Path.home()
    return Path("/")
