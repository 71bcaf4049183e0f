"""Ending processes with all that they have started, and finding out why they ended. Everything here blocks and belongs in threads."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Final

from ...runner.processes import start_mark
from ...states import Cause

#: Signals by which a process ends through its own fault.
_OWN_FAULT: Final = {
    signal.SIGSEGV: "a segmentation fault",
    signal.SIGABRT: "an abort",
    signal.SIGBUS: "a bus error",
    signal.SIGFPE: "an arithmetic fault",
    signal.SIGILL: "an illegal instruction",
}


def kill_tree(pid: int, mark: str = "") -> bool:
    """Kill a worker, its process group, and all that it has started; False if it is not there any more.

    :param mark: when the process started, if another one may have its number by now
    """
    import psutil

    if mark and start_mark(pid) != mark:
        return False
    try:
        worker = psutil.Process(pid)
        # Stopped, it cannot start anything while its children are being listed.
        worker.suspend()
        children = worker.children(recursive=True)
    except psutil.Error:
        children = []
    killed = kill_group(pid)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    return killed


def kill_group(pid: int) -> bool:
    """Kill what is left of a worker's process group; False if nothing is."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class OutOfMemoryCounter:
    """How often the kernel has killed a process for want of memory."""

    def __init__(self) -> None:
        self._files: list[Path] = []
        self._seen = 0

    def start(self) -> None:
        """Find the counters, and see where they stand."""
        self._files = [Path("/proc/vmstat"), *_memory_events()]
        self._seen = self._count()

    def has_moved(self) -> bool:
        """Whether it has done so since it was last asked."""
        seen, self._seen = self._seen, self._count()
        return self._seen > seen

    def _count(self) -> int:
        total = 0
        for file in self._files:
            with contextlib.suppress(OSError, ValueError, IndexError):
                total += sum(
                    int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith("oom_kill ")
                )
        return total


def explain_exit(code: int, *, out_of_memory: bool) -> tuple[Cause, str]:
    """Why a worker ended in the middle of a task, by its exit code as ``subprocess`` gives it, and a sentence about it."""
    if code >= 0:
        return Cause.USER, (
            f"The task ended its process with exit code {code}, through os._exit or in a library. A task ends by returning."
        )
    number = -code
    if fault := _OWN_FAULT.get(number):  # type: ignore[call-overload]
        return Cause.USER, f"The task's process died of {fault} ({_name(number)}). Its stderr shows where."
    if number == signal.SIGKILL and out_of_memory:
        return Cause.OUT_OF_MEMORY, (
            "The system killed the task's process because memory ran out. Use less, or run fewer tasks at a time: "
            "set workers in [executors.local]."
        )
    return Cause.LOST, f"The task's process was killed from outside ({_name(number)})."


def exit_code(code: int) -> int:
    """An exit code as a shell shows it: 128 and the number of the signal for a process that died of one."""
    return code if code >= 0 else 128 - code


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _memory_events() -> list[Path]:
    """The counters of our own control group, where there is one."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return [Path("/sys/fs/cgroup") / line[3:].lstrip("/") / "memory.events"]
    return []
