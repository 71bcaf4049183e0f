"""What a worker has begun and finished, in a file that outlives it and its dispatcher.

A worker appends a record before it starts a task and one with the whole outcome before it sends it. It holds a lock on the file for as
long as it lives, so whoever can take the lock knows that nothing more will be written. Outcomes leave the file once the dispatcher has
said that they are stored. The dispatcher says so only when they are: between the two an outcome exists twice, never not at all.

The file survives the death of any process. It is not forced to the disk: when the machine itself dies, its workers die as well, and
what they had not delivered counts as lost.
"""

from __future__ import annotations

import fcntl
import os
from collections import deque
from pathlib import Path
from typing import Any

from . import wire
from .descriptors import identity, insist

#: Bytes of stored outcomes that may lie in a journal before they are cleared away.
SLACK_BYTES = 256 * 1024


class Journal:
    """The writing end."""

    def __init__(self, path: str, hello: dict[str, Any]) -> None:
        self._path = path
        self._hello = wire.record(wire.encode(wire.HELLO, 0, hello))
        self._fd = self._create(path)
        self._file = identity(self._fd)
        self._size = self._stored_end = len(self._hello)
        self._written = self._acked = 0
        self._ends: deque[int] = deque()
        self._is_open = False  #: A task was begun that has no outcome yet.

    @property
    def written(self) -> int:
        """How many outcomes were written, over the whole life of the worker."""
        return self._written

    def start(self, task: dict[str, Any]) -> None:
        """Say that a task begins now.

        :raises OSError: if that could not be written
        """
        self._append(wire.encode(wire.START, self._acked, task))
        self._is_open = True

    def withdraw(self) -> None:
        """Say that the task that was said to begin did not."""
        self._append(wire.encode(wire.WITHDRAWN, self._acked, {}))
        self._is_open = False

    def outcome(self, message: bytes) -> None:
        """Keep an outcome until it is acknowledged. It counts even if it could not be written.

        :raises OSError: if it could not be written
        """
        self._written += 1
        self._is_open = False
        try:
            self._append(message)
        finally:
            self._ends.append(self._size)

    def acknowledge(self, count: int, *, tidy: bool = False) -> None:
        """Take note, between two tasks, that the first ``count`` outcomes are stored.

        They are cleared away when there is enough of them, or with ``tidy`` at once.
        """
        while self._ends and self._acked < count:
            self._acked += 1
            self._stored_end = self._ends.popleft()
        if not self._ends:
            self._stored_end = self._size
        if self._stored_end - len(self._hello) < (1 if tidy else SLACK_BYTES):
            return
        if self._ends:
            self._keep_the_rest()
        else:
            os.ftruncate(self._fd, len(self._hello))
            self._size = self._stored_end = len(self._hello)

    def close(self) -> bool:
        """Give the lock back. True if nothing is left in the file that anybody may need; it is gone then."""
        is_needless = not self._ends and not self._is_open
        if is_needless:
            Path(self._path).unlink(missing_ok=True)
        os.close(self._fd)
        return is_needless

    def disown(self) -> None:
        """Let go of the file in a forked child, and in children of that; the lock stays with the parent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _append(self, message: bytes) -> None:
        record = wire.record(message)
        insist(self._fd, self._file)
        try:
            _write_all(self._fd, record)
        except OSError:
            # Half a record would hide all that follow it.
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(record)

    def _keep_the_rest(self) -> None:
        """Replace the file by one without what is stored."""
        rest = os.pread(self._fd, self._size - self._stored_end, self._stored_end)
        temporary = self._path + ".new"
        fd = self._create(temporary)
        try:
            _write_all(fd, rest)
            Path(temporary).replace(self._path)
        except OSError:
            os.close(fd)
            Path(temporary).unlink(missing_ok=True)
            return
        os.close(self._fd)
        self._fd, self._file = fd, identity(fd)
        shift = self._stored_end - len(self._hello)
        self._size -= shift
        self._stored_end -= shift
        self._ends = deque(end - shift for end in self._ends)

    def _create(self, path: str) -> int:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_all(fd, self._hello)
        return fd


def _write_all(fd: int, data: bytes) -> None:
    done = os.write(fd, data)
    while done < len(data):
        done += os.write(fd, data[done:])
