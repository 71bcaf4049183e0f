"""What a task writes to its output, whoever writes it: Python, C code, or processes that it starts.

Descriptors 1 and 2 of a worker are files of its own, to which everything is appended. After a task that wrote something, its output is
taken out and the file is emptied, so the file always holds the output of the task that runs now. A process that a task leaves behind
may still hold the file open; therefore output is copied into the object store, never moved there.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO, Any

from .descriptors import identity, insist
from .spill import INLINE_LOG_BYTES, Spill, Stored

_CHUNK_BYTES = 1024 * 1024


class Stream:
    """One of the two."""

    def __init__(self, name: str, fd: int, objects: str) -> None:
        self._name, self._number, self._objects = name, fd, objects
        self._fd = os.dup(fd)
        os.set_inheritable(self._fd, False)
        self._identity = identity(self._fd)
        self._file: IO[str] = getattr(sys, name)
        self._make_live()

    def take(self) -> Stored | None:
        """All that was written since the last time; None if nothing was.

        :raises StorageError: if it is too long to keep in memory, and there is no room
        """
        size = os.fstat(self._fd).st_size
        if not size:
            return None
        spill = Spill(self._objects, INLINE_LOG_BYTES)
        try:
            at = 0
            while at < size:
                chunk = os.pread(self._fd, min(_CHUNK_BYTES, size - at), at)
                if not chunk:
                    break
                spill.write(chunk)
                at += len(chunk)
            return spill.finish()
        finally:
            spill.discard()
            os.ftruncate(self._fd, 0)

    def tail(self, limit: int = 2048) -> str:
        """The end of what the task has written so far."""
        size = os.fstat(self._fd).st_size
        return os.pread(self._fd, limit, max(0, size - limit)).decode("utf-8", "replace")

    def settle(self) -> None:
        """Undo what the task did to the stream itself, and write out what is buffered."""
        insist(self._fd, self._identity)
        current: Any = getattr(sys, self._name)
        for file in {current, self._file}:
            # It may be closed, or be anything that the task has put there.
            with contextlib.suppress(Exception):
                file.flush()
        os.dup2(self._fd, self._number)
        if self._file.closed:
            self._file = os.fdopen(self._number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
            self._make_live()
        if current is not self._file:
            setattr(sys, self._name, self._file)
            setattr(sys, f"__{self._name}__", self._file)

    def _make_live(self) -> None:
        """Show lines to whoever reads along as soon as they are written."""
        self._file.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[attr-defined]


class Capture:
    """Both streams of this process."""

    def __init__(self, objects: str) -> None:
        self.stdout = Stream("stdout", 1, objects)
        self.stderr = Stream("stderr", 2, objects)
        self.streams = {"stdout": self.stdout, "stderr": self.stderr}
        self._flush_c = _c_flush()

    def settle(self) -> None:
        """Bring all that the task has written into the files, before they are taken."""
        if self._flush_c is not None:
            self._flush_c(None)
        self.stdout.settle()
        self.stderr.settle()


def _c_flush() -> Any:
    """The C library's ``fflush``, which writes out what C code has printed; None where it cannot be had."""
    try:
        import ctypes

        return ctypes.CDLL(None).fflush
    except (ImportError, OSError, AttributeError):
        return None
