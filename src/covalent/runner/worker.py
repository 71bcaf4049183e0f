"""A warm process of the local executor: takes one task after the other from a socket until its dispatcher is done with it, or gone.

When the dispatcher is gone the worker finishes the task that it is on, leaves the outcome in its journal, and ends. It never starts
another one, though more may lie in its socket: the next dispatcher runs those.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import faulthandler
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from . import wire
from .journal import Journal
from .processes import adopt_descendants, reap, start_mark
from .task import TaskRunner

#: Milliseconds between looks at whether the dispatcher lives, where its end of the socket does not say so by itself.
_LOOK_MS = 1000

_RECEIVE_BYTES = 2 * wire.MESSAGE_BYTES


class Channel:
    """The worker's end of its socket. The dispatcher reads there too when it takes tasks back, so nothing may block in recv."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._socket = socket.socket(fileno=fd)
        self._flags = getattr(socket, "MSG_NOSIGNAL", 0)
        self._buffer = bytearray(_RECEIVE_BYTES)
        self._view = memoryview(self._buffer)
        self._wait_in, self._wait_out = select.poll(), select.poll()
        self._wait_in.register(fd, select.POLLIN)
        self._wait_out.register(fd, select.POLLOUT)

    def receive(self) -> Any:
        """The next message, valid until the one after it; empty if the dispatcher has closed its end, None if it is time to look around."""
        while True:
            try:
                return self._view[: self._socket.recv_into(self._buffer)]
            except BlockingIOError:
                if not self._wait_in.poll(_LOOK_MS):
                    return None
            except ConnectionError:
                return b""

    def send(self, message: bytes) -> None:
        """:raises OSError: if the dispatcher is gone"""
        while True:
            try:
                self._socket.send(message, self._flags)
                return
            except BlockingIOError:
                self._wait_out.poll(_LOOK_MS)
            except OSError as error:
                # The way in which macOS says that the other end is full.
                if error.errno != errno.ENOBUFS:
                    raise
                time.sleep(0.001)

    def close(self) -> None:
        self._socket.close()


class Worker:
    """:param settings: ``parent`` (pid of the dispatcher), ``socket``, ``journal``, ``objects``, ``files`` (to remove at the end)"""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._parent = settings["parent"]
        self._files = settings["files"]
        self._channel = Channel(settings["socket"])
        self._journal = Journal(settings["journal"], {"pid": os.getpid(), "mark": start_mark(os.getpid())})
        self._runner = TaskRunner(settings["objects"])
        os.register_at_fork(after_in_child=self._disown)

    def serve(self) -> None:
        self._channel.send(wire.encode(wire.HELLO, 0, {"pid": os.getpid()}))
        while True:
            message = self._channel.receive()
            if message is None:
                if self._is_orphan():
                    break
                continue
            if not message:
                break
            kind, stored, header, data = wire.decode(message)
            self._journal.acknowledge(stored, tidy=kind == wire.ACK)
            if kind == wire.STOP:
                break
            if kind != wire.ACK and not self._run(json.loads(bytes(header)), data):
                break

    def close(self) -> None:
        """Leave nothing behind but what the next dispatcher may need."""
        if self._journal.close():
            for path in self._files:
                Path(path).unlink(missing_ok=True)
        self._channel.close()

    def _run(self, task: dict[str, Any], data: Any) -> bool:
        """Run one task. False if this was the last, as nobody is there to take more."""
        shared = task["shared"]
        name = {"group": shared["group"], "node": task["node"], "attempt": task["attempt"]}
        try:
            self._journal.start({**name, "at": time.time()})
        except OSError as error:
            problem = {"status": "FAILED", "cause": "HOST", "message": _no_journal(error)}
            return self._report({**name, **problem}, [])
        # Only after the record: a dispatcher that started in between would otherwise run the task a second time.
        if self._is_orphan():
            self._journal.withdraw()
            return False
        if "spooled" in task:
            try:
                task, data = _read_spooled(Path(task["spooled"]))
            except OSError as error:
                problem = {"status": "FAILED", "cause": "HOST", "message": f"The worker cannot read its task: {error}"}
                return self._report({**name, **problem}, [])
        outcome, blobs = self._runner.run(task, data)
        reap()
        return self._report({**name, **outcome}, blobs)

    def _report(self, outcome: dict[str, Any], blobs: Any) -> bool:
        message = wire.encode(wire.OUTCOME, self._journal.written + 1, outcome, blobs)
        # Without a record the outcome still reaches a dispatcher that lives.
        with contextlib.suppress(OSError):
            self._journal.outcome(message)
        try:
            self._channel.send(message)
        except OSError:
            return False
        return True

    def _is_orphan(self) -> bool:
        return bool(os.getppid() != self._parent)

    def _disown(self) -> None:
        """In a child that a task forks: the journal and the socket are not its own."""
        self._journal.disown()
        self._channel.close()


def _read_spooled(path: Path) -> Any:
    message = wire.decode(path.read_bytes())
    path.unlink(missing_ok=True)
    return json.loads(bytes(message.header)), message.data


def _no_journal(error: OSError) -> str:
    return f"The worker cannot write to the data directory ({error.strerror}). Make room there, then run it again."


def main(settings: str) -> None:
    """Run until there is nothing more to do; ``settings`` is the JSON of what :class:`Worker` takes."""
    sys.argv[:] = ["covalent-worker"]
    faulthandler.enable()
    adopt_descendants()
    worker = Worker(json.loads(settings))
    try:
        worker.serve()
    finally:
        # Until here a signal may end the process at any time; from here on it is only cleaning up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        worker.close()
    # Threads that tasks have left behind must not keep the process.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)
