"""Commands that run before a task's function."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence

from .failure import TaskFailedError, clipped

_MESSAGE_BYTES = 4096


def run_commands(commands: Sequence[str], tail: Callable[[], str]) -> None:
    """Run shell commands in order, in the task's directory and with its output.

    :param tail: gives the end of what was written, for the message
    :raises TaskFailedError: at the first that fails
    """
    shell = shutil.which("bash") or "/bin/sh"
    for command in commands:
        code = subprocess.run([shell, "-c", command], stdin=subprocess.DEVNULL, check=False).returncode
        if code:
            how = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
            lines = "\n".join(tail().strip().splitlines()[-10:])
            said = f". Its last lines:\n{lines}" if lines else "; it wrote nothing."
            raise TaskFailedError("ENVIRONMENT", clipped(f"The command {command!r:.500} {how}{said}", _MESSAGE_BYTES))
