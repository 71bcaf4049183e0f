"""What a task prints, copied into the container's own output while it runs."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time

from .names import STDERR_MARK

#: Seconds between looks at what was written, and after which a line is shown that has no end yet.
LOOK_S = 0.1
PARTIAL_S = 0.5

#: Seconds after which output that nobody takes is given up.
_PATIENCE_S = 30.0

_CHUNK_BYTES = 256 * 1024

#: Longer lines, such as those of progress bars, are broken: services break them too, from 256 KiB on, and forget the mark.
LINE_BYTES = 64 * 1024


class _Source:
    """One file that grows."""

    def __init__(self, path: str, mark: bytes) -> None:
        self.mark = mark
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._at = 0
        self._since = 0.0

    def read(self, *, to_the_end: bool) -> bytes:
        """What is to be shown now: whole lines, or all that there is if it has been there for long."""
        found = os.pread(self._fd, _CHUNK_BYTES, self._at)
        if not found:
            return b""
        lines = found.rfind(b"\n") + 1
        now = time.monotonic()
        if not to_the_end and lines < len(found) < _CHUNK_BYTES:
            if not lines:
                self._since = self._since or now
                if now - self._since < PARTIAL_S:
                    return b""
            else:
                found = found[:lines]
        self._since = 0.0
        self._at += len(found)
        return found

    def close(self) -> None:
        os.close(self._fd)


class Echo:
    """Copies two files to this process's standard output until :meth:`finish`; lines of the second begin with a mark."""

    def __init__(self, stdout: str, stderr: str) -> None:
        self._sources = (_Source(stdout, b""), _Source(stderr, STDERR_MARK.encode()))
        self._open: _Source | None = None  #: Whose line is not at its end.
        self._length = 0  #: Of that line.
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="echo", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Copy what is left; wait for whoever reads, but not for ever."""
        self._is_over.set()
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        # Nobody may be there to read; the task's output is in its outcome all the same.
        with contextlib.suppress(OSError):
            while not self._is_over.wait(LOOK_S):
                self._copy(to_the_end=False)
            self._copy(to_the_end=True)
            if self._open is not None:
                _write(b"\n")
        for source in self._sources:
            source.close()

    def _copy(self, *, to_the_end: bool) -> None:
        for source in self._sources:
            while text := source.read(to_the_end=to_the_end):
                self._show(source, text)

    def _show(self, source: _Source, text: bytes) -> None:
        lines = text.split(b"\n")
        if max(map(len, lines)) > LINE_BYTES:
            lines = [piece for line in lines for piece in _pieces(line)]
        goes_on = self._open is source and self._length + len(lines[0]) <= LINE_BYTES
        shown = source.mark if self._open is None else b"" if goes_on else b"\n" + source.mark
        # A last line that is empty has not begun.
        is_whole = not lines[-1]
        shown += (b"\n" + source.mark).join(lines[:-1] if is_whole else lines)
        _write(shown + b"\n" if is_whole else shown)
        self._open = None if is_whole else source
        self._length = len(lines[-1]) + self._length * (goes_on and len(lines) == 1)


def _pieces(line: bytes) -> list[bytes]:
    """A line, broken if it is too long: where it goes back to its beginning, else between two characters."""
    pieces = []
    while len(line) > LINE_BYTES:
        at = line.rfind(b"\r", 0, LINE_BYTES) + 1
        if not at:
            at = LINE_BYTES
            for _ in range(3):
                # Bytes of UTF-8 that begin no character.
                at -= line[at] & 0xC0 == 0x80
        pieces.append(line[:at])
        line = line[at:]
    return [*pieces, line]


def _write(data: bytes) -> None:
    fd, view = sys.__stdout__.fileno() if sys.__stdout__ else 1, memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
