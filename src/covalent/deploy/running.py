"""One command of the program, so that its end is never missed.

It writes into a file and not into a pipe, and in a session of its own: when this process dies, it goes on to its end and keeps what it
knows, where a broken pipe would kill it between making a resource and writing that down.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

_LOOK_S: Final = 0.1

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Variables that would take the program elsewhere than where its files are.
_DROPPED: Final = ("TF_DATA_DIR", "TF_WORKSPACE")


def environment() -> dict[str, str]:
    """That of this process, with its credentials and its home directory; nobody is asked anything."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return kept | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def follow(
    command: Sequence[str],
    directory: Path,
    log: Path,
    lock: int,
    heard: Callable[[str], None],
    stopping: Callable[[], None],
) -> int:
    """Run it to its end, and hand on each line that it writes.

    Ctrl-C and SIGTERM are handed on, once each time: the program then ends what it has begun, and writes down what there is.

    :param log: what it writes goes there as well
    :param lock: a descriptor that it keeps open, and with it a lock, even if this process dies
    :param stopping: called when a signal was handed on
    :returns: its exit code
    """
    with log.open("ab") as out, log.open("rb") as written:
        written.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
        )
        rest = b""
        with _handing_on(process, stopping):
            while (code := process.poll()) is None:
                rest = _lines(rest + written.read(), heard)
                time.sleep(_LOOK_S)
        _lines(rest + written.read() + b"\n", heard)
    return code


def _lines(data: bytes, heard: Callable[[str], None]) -> bytes:
    """Hand on those that are whole; the rest is for the next time."""
    *lines, rest = data.split(b"\n")
    for line in lines:
        if line.strip():
            heard(line.decode("utf-8", "replace"))
    return rest


@contextmanager
def _handing_on(process: subprocess.Popen[bytes], stopping: Callable[[], None]) -> Iterator[None]:
    """Have signals that would end this process end that one instead, which takes its time for it."""

    def hand_on(_number: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.SIGINT)
        stopping()

    # Handlers can be set in the main thread only.
    numbers = _SIGNALS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
