"""The process that runs the task: opens what lies in its directory, and leaves its outcome there."""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import json
import os
import signal
import sys
from typing import Any

from .. import wire
from ..task import TaskRunner

#: Seconds that exit handlers have once the outcome is written.
_EXIT_S = 10


def run(settings: dict[str, Any]) -> None:
    """Never returns.

    :param settings: ``task`` (a message, in a file), ``outcome`` (where it goes), ``objects`` (for what is large), ``verified``
    """
    sys.argv[:] = ["covalent-task"]
    faulthandler.enable()
    with open(settings["task"], "rb") as file:  # noqa: PTH123
        message = wire.decode(file.read())
    runner = TaskRunner(settings["objects"], settings["verified"], collects=False)
    outcome, blobs = runner.run(json.loads(bytes(message.header)), message.data)
    unfinished = settings["outcome"] + ".part"
    with open(unfinished, "wb") as file:  # noqa: PTH123
        file.write(wire.encode(wire.OUTCOME, 1, outcome, blobs))
    os.rename(unfinished, settings["outcome"])  # noqa: PTH104
    # The signal ends the process if the exit handlers of what the task has imported do not.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_EXIT_S)
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(0)


def main() -> None:
    """In an interpreter of its own."""
    run(json.loads(sys.argv[1]))
