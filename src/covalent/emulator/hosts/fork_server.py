"""Starting ``python3 -c`` without starting Python: a process that has done so already forks itself.

A container is a new interpreter. Most of what a short task costs there is the interpreter's start and the import of the standard library,
which is the same each time, and which an emulator with thousands of tasks on a few processors need not repeat. What is forked gets an
environment, a directory, a session and outputs of its own, and a new ``__main__``. It is handed over to the emulator as an orphan, whose
exit code the emulator can ask for as for that of a child. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from .base import MARK_VARIABLE

#: What programs that run in containers use of the standard library: not this package's, and nothing that starts threads.
_IMPORTED: Final = (
    "dataclasses", "datetime", "encodings.idna", "faulthandler", "hashlib", "heapq", "hmac", "html", "http.client", "inspect", "json",
    "logging", "pickle", "platform", "queue", "random", "resource", "shutil", "ssl", "stringprep", "subprocess", "tempfile", "traceback",
    "urllib.parse", "uuid", "zipfile", "zipimport",
)  # fmt: skip

#: Room for the mark in what the system shows as the environment of a process.
_ROOM: Final = 1024

#: Variables that an interpreter reads when it starts.
_READ_AT_START: Final = ("LANG", "LC_", "PYTHON", "TZ")


#: Without a frame of its own, which would be seen in what is said of a text that is wrong.
_compile: Final = functools.lru_cache(maxsize=8)(
    functools.partial(compile, filename="<string>", mode="exec", dont_inherit=True)
)


class Forked:
    """A process that was forked: the part of ``subprocess.Popen`` that a host needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._lock = threading.Lock()
        self._code: int | None = None

    def poll(self) -> int | None:
        with self._lock:
            if self._code is None:
                found, status = os.waitpid(self.pid, os.WNOHANG)
                if found:
                    self._code = os.waitstatus_to_exitcode(status)
            return self._code

    def terminate(self) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._code is None:
                os.kill(self.pid, signal.SIGTERM)


class ForkServer:
    """The emulator's hold on that process. The emulator must adopt orphans, see :mod:`covalent.runner.processes`."""

    def __init__(self, mark: str, environment: Mapping[str, str]) -> None:
        """
        :param mark: value of :data:`~.base.MARK_VARIABLE`, by which it is found
        :param environment: what decides how an interpreter starts
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                env={**environment, MARK_VARIABLE: mark, "COVALENT_ROOM": "x" * _ROOM},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._socket = ours

    def start(
        self, arguments: list[str], environment: Mapping[str, str], directory: Path, outputs: tuple[int, int]
    ) -> Forked:
        """Run ``python3`` with ``-c`` and what follows. One call at a time.

        :param outputs: descriptors for what it prints
        :raises OSError: if the process is gone, or cannot fork
        """
        request = {"arguments": arguments, "environment": dict(environment), "directory": str(directory)}
        data = json.dumps(request).encode()
        socket.send_fds(self._socket, [len(data).to_bytes(8, "big")], outputs)
        self._socket.sendall(data)
        answer = _received(self._socket, 8)
        if not (pid := int.from_bytes(answer, "big")):
            raise OSError("The process that forks others is gone, or cannot fork.")
        return Forked(pid)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def can_fork(command: list[str], environment: Mapping[str, str], base: Mapping[str, str]) -> bool:
    """Whether a command starts an interpreter that would find itself as one that was forked.

    :param base: the environment of the process that forks
    """
    changed = (name for name, value in environment.items() if base.get(name) != value)
    return (
        sys.platform == "linux"
        and len(command) > 1
        and command[0] == "-c"
        and not any(name.startswith(_READ_AT_START) for name in changed)
    )


# The process


def main(descriptor: int) -> None:
    """Fork whenever it is asked for, until nobody can ask any more."""
    for name in _IMPORTED:
        importlib.import_module(name)
    room = _Room()
    # What is there now is the same in all of them, so that pages remain shared.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as client:
        while True:
            head, outputs, _, _ = socket.recv_fds(client, 8, 2)
            if not head:
                return
            request = json.loads(_received(client, int.from_bytes(head, "big")))
            # Once for all that run the same. What cannot be compiled is for whoever runs it to say.
            with contextlib.suppress(Exception):
                _compile(request["arguments"][1])
            client.sendall(_fork(request, outputs, room).to_bytes(8, "big"))
            for output in outputs:
                os.close(output)


def _fork(request: Mapping[str, Any], outputs: list[int], room: _Room) -> int:
    """The process that runs it, which is nobody's child any more when this returns; 0 if there is none."""
    reader, writer = os.pipe()
    try:
        between = os.fork()
    except OSError:
        traceback.print_exc()
        between = -1
    if not between:
        _hand_over(request, outputs, room, writer)
    os.close(writer)
    if between > 0:
        os.waitpid(between, 0)
    with open(reader, "rb") as answer:  # noqa: PTH123
        return int.from_bytes(answer.read(8), "big")


def _hand_over(request: Mapping[str, Any], outputs: list[int], room: _Room, writer: int) -> NoReturn:
    """Leave a child behind, and its number."""
    pid = 0
    try:
        pid = os.fork()
        if not pid:
            _run(request, outputs, room)
        os.write(writer, pid.to_bytes(8, "big"))
    except OSError:
        traceback.print_exc()
    os._exit(0)


def _run(request: Mapping[str, Any], outputs: list[int], room: _Room) -> NoReturn:
    """What ``python3 -c`` does."""
    code = 1
    try:
        os.setsid()
        for target, output in enumerate(outputs, 1):
            os.dup2(output, target)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        environment = request["environment"]
        os.environ.clear()
        # Not sooner: the variables that were there until now lie in that memory.
        room.show(f"{MARK_VARIABLE}={environment.get(MARK_VARIABLE, '')}")
        os.environ.update(environment)
        os.chdir(request["directory"])
        _, source, *arguments = request["arguments"]
        sys.argv = ["-c", *arguments]
        sys.path.insert(0, "")
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        exec(_compile(source), module.__dict__)  # noqa: S102
        code = 0
    except SystemExit as error:
        code = _code_of(error.code)
    except BaseException as error:  # noqa: BLE001 - as an interpreter ends with whatever it was
        traceback.print_exception(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _code_of(given: object) -> int:
    if given is None or isinstance(given, int):
        return (given or 0) & 0xFF
    sys.stderr.write(f"{given}\n")
    return 1


class _Room:
    """What the system shows as the environment of this process, and of those that are forked from it: a part of their memory."""

    def __init__(self) -> None:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        # Fields 50 and 51 of those that proc(5) counts from 1; the first two are before the bracket.
        self._start, end = int(fields[47]), int(fields[48])
        self._size = end - self._start

    def show(self, text: str) -> None:
        """Nothing else than this."""
        data = text.encode("utf-8", "surrogateescape")[: self._size]
        ctypes.memmove(self._start, data.ljust(self._size, b"\0"), self._size)


def _received(source: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer at the end."""
    data = b""
    while len(data) < size and (piece := source.recv(size - len(data))):
        data += piece
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]))
