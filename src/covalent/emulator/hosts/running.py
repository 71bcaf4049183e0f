"""Following something that runs to its end: its output, its limits, and requests to end it."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from .base import Ended, Process, Verdict

#: Seconds between two looks at memory and deadlines.
_LOOK_S: Final = 0.2

#: Longer lines are cut. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_MAX_LINE_BYTES: Final = 256 * 1024

_CHUNK_BYTES: Final = 64 * 1024

Emit = Callable[[Sequence[bytes]], None]


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

    def follow(self, emit: Emit, emit_errors: Emit | None = None) -> Ended:
        """Pass on its lines as they are printed, until it ends.

        :param emit_errors: takes those of its standard error, if that is told apart
        :raises CannotStartError: if it turns out that the command never ran
        """
        self._streams = [_Stream(self._process.output, emit)]
        if self._process.errors is not None:
            self._streams.append(_Stream(self._process.errors, emit_errors or emit))
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

    def __init__(self, fd: int, emit: Emit) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.beginning = b""  #: Of what was printed.
        self._emit = emit
        self._lines = _Lines()

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
        self._pass_on(self._lines.add(data))
        return True

    def drain(self) -> None:
        """Take the rest, the unfinished line included."""
        while self.read():
            pass
        self._pass_on(self._lines.rest())

    def close(self) -> None:
        os.close(self.fd)

    def _pass_on(self, lines: Sequence[bytes]) -> None:
        # The services take no empty entries, so what writes to their logs leaves empty lines out.
        if full := [line for line in lines if line]:
            self._emit(full)


class _Lines:
    """Cuts what is printed into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > _MAX_LINE_BYTES:
            lines.append(self._rest[:_MAX_LINE_BYTES])
            self._rest = self._rest[_MAX_LINE_BYTES:]
        return [line[at : at + _MAX_LINE_BYTES] for line in lines for at in range(0, len(line), _MAX_LINE_BYTES)]

    def rest(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest]


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
