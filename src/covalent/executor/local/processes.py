"""Ending processes with all that they have started, and finding out why they ended. Everything here blocks and belongs in threads."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Final

from ...runner import exits
from ...runner.processes import start_mark
from ...states import Cause

_OUT_OF_MEMORY: Final = (
    "The system killed the task's process because memory ran out. Use less, or run fewer tasks at a time: "
    "set workers in [executors.local]."
)


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


def explain_exit(code: int, *, out_of_memory: bool) -> tuple[Cause, str]:
    """Why a worker ended in the middle of a task, by its exit code as ``subprocess`` gives it, and a sentence about it."""
    cause, message = exits.explain_exit(code, _OUT_OF_MEMORY if out_of_memory else "")
    return Cause(cause), message


def exit_code(code: int) -> int:
    """An exit code as a shell shows it: 128 and the number of the signal for a process that died of one."""
    return code if code >= 0 else 128 - code
