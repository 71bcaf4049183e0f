"""Waiting for what an emulator does, and seeing what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psutil


def wait_until(condition: Callable[[], bool], patience_s: float = 20) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sleeping(*times: str) -> Iterator[psutil.Process]:
    """What jobs of any emulator have started and what still runs: ``sleep`` for one of these times."""
    for process in psutil.process_iter():
        try:
            argv = process.cmdline()
            if argv[:1] == ["sleep"] and argv[1] in times and process.environ().get("COVALENT_EMULATOR"):
                yield process
        except psutil.Error:
            continue
