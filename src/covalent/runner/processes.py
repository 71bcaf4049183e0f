"""Processes: telling one from another that has its number later, and keeping hold of what tasks start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def start_mark(pid: int) -> str:
    """When the process started, in the words of its system; empty if there is no such process."""
    if not Path("/proc/self/stat").exists():
        asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return asked.stdout.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field is the name, in brackets, and may hold anything.
    return stat.rpartition(")")[2].split()[19]


def adopt_descendants() -> None:
    """Make what a child of this process leaves behind a child of this process, so that it can be found and ended. Linux only."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def reap() -> None:
    """Let go of adopted processes that have ended.

    One of this process's own session may be the child of a library that still wants to know how it ended, so it is left alone.
    """
    if not hasattr(os, "waitid"):
        return
    try:
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if os.getsid(ended.si_pid) == os.getsid(0):
                return
            os.waitpid(ended.si_pid, os.WNOHANG)
    except (ChildProcessError, ProcessLookupError):
        return
