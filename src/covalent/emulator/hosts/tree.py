"""Trees of processes. Read from ``/proc`` where there is one, because this is done often; with psutil elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

_PROC: Final = Path("/proc/self/task").is_dir()
_PAGE_MIB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20


def tree(pid: int) -> list[int]:
    """A process that may have ended and all that descend from it, itself first."""
    if not _PROC:
        with contextlib.suppress(psutil.Error):
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return [pid]
    found = [pid]
    for each in found:
        found.extend(_children(each))
    return found


def memory_mib(pid: int) -> float:
    """What a process and its descendants occupy; memory that they share is counted for each."""
    return sum(map(_resident_mib, tree(pid)))


def adopted(of: int) -> Iterator[int]:
    """Children that the main thread of a process has not started itself: orphans of its other children. Linux only."""
    if _PROC:
        yield from _children_of_thread(of, of)


def environment_of(pid: int) -> dict[str, str]:
    """Empty if it has ended, or is somebody else's."""
    with contextlib.suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ()
    return {}


def has_ended(pid: int) -> bool:
    """Whether nothing of it runs any more, though nobody may have asked for its exit code yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield from _children_of_thread(pid, int(thread.name))


def _children_of_thread(pid: int, thread: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())


def _resident_mib(pid: int) -> float:
    if not _PROC:
        with contextlib.suppress(psutil.Error):
            return float(psutil.Process(pid).memory_info().rss) / 2**20
        return 0.0
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MIB
    return 0.0
