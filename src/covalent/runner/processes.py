"""Telling a process from another one that has its number later."""

from __future__ import annotations

import subprocess
from pathlib import Path


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
