"""Seeing to it that nothing outlives the emulator, even if it is killed: a process of its own that waits for the emulator's end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from .base import MARK_VARIABLE
from .tree import environment_of, has_ended


class Warden:
    """The emulator's hold on that process, which ends everything that carries the mark when the hold is lost."""

    def __init__(self, mark: str, directory: Path, command: tuple[str, ...] = ()) -> None:
        """
        :param mark: value with which :data:`~.base.MARK_VARIABLE` begins in what the emulator starts
        :param directory: removed with all that is in it
        :param command: run as well
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, mark, str(directory), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Let it do its work, and wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def sweep(mark: str) -> None:
    """Kill every process that carries the mark."""
    while found := [p for p in psutil.process_iter() if _carries(p, mark)]:
        for process in found:
            process.kill()
        psutil.wait_procs(found, timeout=1)


def _carries(process: psutil.Process, mark: str) -> bool:
    return not has_ended(process.pid) and environment_of(process.pid).get(MARK_VARIABLE, "").startswith(mark)


def main(mark: str, directory: str, *command: str) -> None:
    # Whatever the terminal sends to the emulator is the emulator's business.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(sys.stdin.fileno(), 1)
    sweep(mark)
    if command:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
