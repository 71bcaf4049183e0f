"""One task in a process of its own, watched over until it ends, is late, or the container has to go."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, NoReturn

from ..measure import MAXRSS_UNIT
from .echo import Echo
from .tree import kill_descendants

#: Seconds that a task has for its own signal handlers when the container has to go; services give about 30 in all.
GRACE_S = 5.0

_LONGEST_WAIT_S = 3600.0

#: So that the kernel, short of memory, takes the task and not the process that can tell of it.
_OOM_SCORE = "800"


#: Exit code of a child in which this program itself has failed.
BROKEN = 98


class Terminated(BaseException):
    """The service has asked the container to end."""


class Ending(NamedTuple):
    """How the task's process ended."""

    code: int  #: As ``subprocess`` gives it.
    peak_mib: float  #: The most memory that it, or a process that it waited for, had.
    is_late: bool


class Files(NamedTuple):
    """Where the task's output goes."""

    stdout: str
    stderr: str


def on_sigterm(*_: object) -> None:
    """The handler of this process.

    :raises Terminated: always
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def supervise(
    body: Callable[[], None], files: Files, time_limit_s: float | None, beside: AbstractContextManager[object]
) -> Ending:
    """Run ``body`` in a child of this process, with its output in files and shown live. Nothing that it has started survives.

    :param beside: entered in this process once the child is there, for threads must not be forked
    :raises Terminated: if the service asks for it; the child is then gone
    """
    for path in files:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    with _woken_by_children() as alarm:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            _be_child(body, files)
        echo = Echo(*files)
        try:
            echo.start()
            with beside:
                return _wait(pid, alarm, time_limit_s)
        except Terminated:
            _give_notice(pid, alarm)
            raise
        finally:
            kill_descendants()
            echo.finish()


def _wait(pid: int, alarm: int, time_limit_s: float | None) -> Ending:
    end = None if time_limit_s is None else time.monotonic() + time_limit_s
    while True:
        found = _ended(pid)
        if found is not None:
            return found
        left = _LONGEST_WAIT_S if end is None else end - time.monotonic()
        if left <= 0:
            return Ending(-signal.SIGKILL, 0.0, True)
        _sleep(alarm, left)


def _ended(pid: int) -> Ending | None:
    """Let go of all children that have ended; how the task has, if it is one of them."""
    while True:
        found, status, usage = os.wait4(-1, os.WNOHANG)
        if not found:
            return None
        if found == pid:
            return Ending(os.waitstatus_to_exitcode(status), usage.ru_maxrss * MAXRSS_UNIT / 1024**2, False)


def _give_notice(pid: int, alarm: int) -> None:
    end = time.monotonic() + GRACE_S
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.killpg(pid, signal.SIGTERM)
        while _ended(pid) is None and time.monotonic() < end:
            _sleep(alarm, end - time.monotonic())


def _sleep(alarm: int, seconds: float) -> None:
    """Until a child ends, or for so long."""
    select.select([alarm], [], [], max(0.0, min(seconds, _LONGEST_WAIT_S)))
    with contextlib.suppress(BlockingIOError):
        os.read(alarm, 4096)


@contextlib.contextmanager
def _woken_by_children() -> Iterator[int]:
    """A descriptor that can be read once a child has ended."""
    alarm, bell = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(bell, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    try:
        yield alarm
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(alarm)
        os.close(bell)


def _be_child(body: Callable[[], None], files: Files) -> NoReturn:
    code = BROKEN
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write(_OOM_SCORE)
        # Readable, too: the task's runner looks at the end of what was written.
        streams = [os.open("/dev/null", os.O_RDONLY), *(os.open(path, os.O_RDWR | os.O_APPEND) for path in files)]
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        body()
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may come back into the parent's code
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
