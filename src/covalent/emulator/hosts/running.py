"""Following something that runs to its end: its output, its limits, and requests to end it."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Iterator
from typing import Final, Protocol

from .base import Ended, Process, Verdict

#: Seconds between two looks at memory and deadlines.
_LOOK_S: Final = 0.2

_CHUNK_BYTES: Final = 64 * 1024


class Output(Protocol):
    """What takes something that is printed: an open file, or :class:`~.lines.Lines`."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object:
        """Nothing comes any more."""


class Running:
    """One process or container. :meth:`follow` belongs to one thread; the rest may be called from any."""

    def __init__(self, process: Process, *, memory_mib: int, timeout_s: float | None, stop_timeout_s: float) -> None:
        """
        :param timeout_s: seconds after which it is stopped
        :param stop_timeout_s: seconds between being asked to end and being killed
        """
        self._process = process
        self._memory_mib = memory_mib
        self._timeout_at = time.monotonic() + timeout_s if timeout_s is not None else None
        self._stop_timeout_s = stop_timeout_s
        self._verdict: Verdict | None = None
        self._doom: tuple[float, Verdict] | None = None
        self._kill_at: float | None = None
        self._streams: list[_Stream] = []

    def stop(self, verdict: Verdict = Verdict.STOPPED) -> None:
        """Ask it to end, and kill it if it does not."""
        self._judge(verdict)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._stop_timeout_s
            self._process.terminate()

    def kill(self, verdict: Verdict) -> None:
        """End it at once."""
        self._judge(verdict)
        # Tried again until it has ended: what has only just been started may not be there to be killed.
        self._kill_at = 0.0
        self._process.kill()

    def doom(self, verdict: Verdict, after_s: float) -> None:
        """Have it killed after this time."""
        self._doom = (time.monotonic() + after_s, verdict)

    def follow(self, output: Output, errors: Output | None = None) -> Ended:
        """Pass on what it prints as it is printed, until it ends.

        :param errors: takes its standard error, if that is told apart
        :raises CannotStartError: if it turns out that the command never ran
        """
        self._streams = [_Stream(self._process.output, output)]
        if self._process.errors is not None:
            self._streams.append(_Stream(self._process.errors, errors or output))
        try:
            self._follow()
            code = self._process.exit_code()
            assert code is not None
            # Whatever it has left behind still holds the other end of the pipe.
            self._process.clean_up()
            for stream in self._streams:
                stream.drain()
        except BaseException:
            self._process.kill()
            raise
        finally:
            for stream in self._streams:
                stream.close()
        if self._verdict is None:
            return self._process.end(code, b"".join(stream.beginning for stream in self._streams))
        return Ended(exit_code=code, verdict=self._verdict)

    def _follow(self) -> None:
        with selectors.DefaultSelector() as selector, _end_of(self._process.pid) as end:
            for stream in self._streams:
                selector.register(stream.fd, selectors.EVENT_READ)
            if end is not None:
                selector.register(end, selectors.EVENT_READ)
            look_at = time.monotonic() + _LOOK_S
            while self._process.exit_code() is None:
                ready = {key.fd for key, _ in selector.select(_LOOK_S if end is not None else _LOOK_S / 10)}
                for stream in self._streams:
                    if stream.fd in ready and stream.read() is None:
                        selector.unregister(stream.fd)
                if (now := time.monotonic()) >= look_at or self._doom:
                    look_at = now + _LOOK_S
                    self._enforce(now)

    def _enforce(self, now: float) -> None:
        if self._doom and now >= self._doom[0]:
            self.kill(self._doom[1])
        elif self._kill_at is not None:
            if now >= self._kill_at:
                self._process.kill()
        elif self._timeout_at is not None and now >= self._timeout_at:
            self.stop(Verdict.TIMED_OUT)
        elif self._process.memory_mib() > self._memory_mib:
            self.kill(Verdict.OUT_OF_MEMORY)

    def _judge(self, verdict: Verdict) -> None:
        if self._verdict is None and self._process.exit_code() is None:
            self._verdict = verdict


class _Stream:
    """One output of a process."""

    def __init__(self, fd: int, taker: Output) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.beginning = b""  #: Of what was printed.
        self._taker = taker

    def read(self) -> bool | None:
        """Take what is there: False if nothing is, None if nothing will be any more."""
        try:
            data = os.read(self.fd, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not data:
            return None
        if len(self.beginning) < _CHUNK_BYTES:
            self.beginning += data
        self._taker.write(data)
        return True

    def drain(self) -> None:
        """Take the rest."""
        while self.read():
            pass
        self._taker.flush()

    def close(self) -> None:
        os.close(self.fd)


@contextlib.contextmanager
def _end_of(pid: int) -> Iterator[int | None]:
    """A descriptor that becomes readable when the process ends; None where there is no such thing."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)
