"""Ending all that this process has started, and what that has."""

from __future__ import annotations

import contextlib
import os
import signal
import time

#: Seconds after which processes that do not go away are left alone.
_PATIENCE_S = 5.0


def kill_descendants() -> None:
    """Returns when they are gone. On Linux, this process must have adopted those whose parents have ended."""
    end = time.monotonic() + _PATIENCE_S
    while _has_children() and time.monotonic() < end:
        found = _descendants()
        # Stopped, they cannot start anything while others are being killed.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        time.sleep(0.002)


def _has_children() -> bool:
    """Lets go of those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _descendants() -> list[int]:
    """Outermost first."""
    children: dict[int, list[int]] = {}
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    except OSError:
        return []
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            # The second field is the name, in brackets, and may hold anything.
            parent = int(file.read().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(pid)
    found, at = [os.getpid()], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found[1:]
