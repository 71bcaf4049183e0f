"""One command of the program, so that its end is never missed.

It writes into a file and not into a pipe, and in a session of its own: when this process dies, it goes on to its end and keeps what it
knows, where a broken pipe would kill it between making a resource and writing that down.
"""

from __future__ import annotations

import os
import re
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

#: Variables that would take the program elsewhere than where its files are, or give it options and values that somebody has for modules of
#: their own: what was deployed with them would be another thing as soon as they are gone. TF_CLI_ARGS_init says where providers come from.
_DROPPED: Final = re.compile(r"TF_DATA_DIR|TF_WORKSPACE|TF_CLI_ARGS(?!_init$).*|TF_VAR_(?!access_token$).*")


def environment() -> dict[str, str]:
    """That of this process, with its credentials and its home directory; nobody is asked anything."""
    kept = {name: value for name, value in os.environ.items() if not _DROPPED.fullmatch(name)}
    return kept | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def follow(
    command: Sequence[str],
    directory: Path,
    log: Path,
    lock: int,
    heard: Callable[[str], None],
    stopping: Callable[[bool], None],
    *,
    is_making: bool,
) -> int:
    """Run it to its end, and hand on each line that it writes.

    Ctrl-C and SIGTERM are handed on. Where something is being made or removed, the first one is not: the program would have its
    providers cancel the requests that are under way, and what a cloud makes of such a request is written down nowhere
    (https://github.com/hashicorp/terraform-provider-aws/issues/18051).

    :param log: what it writes goes there as well
    :param lock: a descriptor that it keeps open, and with it a lock, even if this process dies
    :param stopping: called for each signal, with whether it was handed on
    :param is_making: whether it makes or removes something
    :returns: its exit code
    """
    spared = 1 if is_making else 0
    # Caught before there is a process: one that comes while it is started would otherwise end this one alone.
    with log.open("ab") as out, log.open("rb") as written, _caught() as signals:
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
        while (code := process.poll()) is None:
            rest = _lines(rest + written.read(), heard)
            spared = _hand_on(signals, process, stopping, spared)
            time.sleep(_LOOK_S)
        _hand_on(signals, process, stopping, spared)
        _lines(rest + written.read() + b"\n", heard)
    return code


def _lines(data: bytes, heard: Callable[[str], None]) -> bytes:
    """Hand on those that are whole; the rest is for the next time."""
    *lines, rest = data.split(b"\n")
    for line in lines:
        if line.strip():
            heard(line.decode("utf-8", "replace"))
    return rest


def _hand_on(
    signals: list[int], process: subprocess.Popen[bytes], stopping: Callable[[bool], None], spared: int
) -> int:
    """Have signals that would have ended this process end that one instead, which takes its time for it.

    :param spared: how many of them it does not get
    :returns: how many of the next ones it does not get
    """
    while signals:
        signals.pop()
        if not spared:
            process.send_signal(signal.SIGINT)
        stopping(not spared)
        spared = max(0, spared - 1)
    return spared


@contextmanager
def _caught() -> Iterator[list[int]]:
    """Signals that would end this process, as they come."""
    found: list[int] = []

    def catch(number: int, _frame: FrameType | None) -> None:
        found.append(number)

    # Handlers can be set in the main thread only.
    numbers = _SIGNALS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, catch) for number in numbers}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
