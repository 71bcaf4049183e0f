"""What one task of a long-lived process used."""

from __future__ import annotations

import os
import re
import resource
import sys
import time

_HIGH_WATER = re.compile(rb"VmHWM:\s+(\d+) kB")
_MIB = 1024 * 1024

#: ``ru_maxrss`` is in bytes on macOS and in KiB elsewhere.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


#: Seconds below which a task has no time to use much memory and give it back: what it has at its end is its peak, and costs less to read.
_BRIEF_S = 0.001


class Meter:
    """Measures from :meth:`start` to :meth:`stop`: some ten microseconds for both.

    The peak is that of the process itself or that of the largest child that it waited for. Where the system cannot forget an earlier
    peak, it is the highest since the process began.
    """

    def __init__(self) -> None:
        self._forget_fd = _open("/proc/self/clear_refs", os.O_WRONLY)
        self._status_fd = _open("/proc/self/status", os.O_RDONLY)
        self._pages_fd = _open("/proc/self/statm", os.O_RDONLY)
        self._page_bytes = resource.getpagesize()
        self._cpu_s = self._children_peak = self._started = 0.0

    def start(self) -> None:
        if self._forget_fd is not None:
            try:
                os.write(self._forget_fd, b"5")
            except OSError:
                self._forget_fd = None
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._children_peak = children.ru_maxrss
        self._cpu_s = _cpu_s(children)
        self._started = time.perf_counter()

    def stop(self) -> tuple[float, float]:
        """Peak memory in MiB and CPU time in seconds."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        is_brief = time.perf_counter() - self._started < _BRIEF_S
        peak = self._own_size() if is_brief and self._pages_fd is not None else self._own_peak()
        if children.ru_maxrss > self._children_peak:
            peak = max(peak, children.ru_maxrss * MAXRSS_UNIT)
        return round(peak / _MIB, 1), round(max(0.0, _cpu_s(children) - self._cpu_s), 6)

    def _own_size(self) -> float:
        assert self._pages_fd is not None
        return int(os.pread(self._pages_fd, 64, 0).split()[1]) * self._page_bytes

    def _own_peak(self) -> float:
        if self._forget_fd is not None and self._status_fd is not None:
            found = _HIGH_WATER.search(os.pread(self._status_fd, 4096, 0))
            if found:
                return int(found.group(1)) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT


def _cpu_s(children: resource.struct_rusage) -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _open(path: str, flags: int) -> int | None:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        return None
