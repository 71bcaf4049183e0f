"""Looks, while a task runs, whether somebody has given it up, where the service cannot end one task of several."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

from . import names
from .errors import ObjectError


@contextlib.contextmanager
def recalled(has_outcome: Callable[[], bool]) -> Iterator[None]:
    """While the block lasts, end this process as its service would, by SIGTERM, once the task has an outcome that is not its own.

    :param has_outcome: asked in a thread of its own
    :raises ValueError: if the variable is no number
    """
    interval_s = float(os.environ.get(names.RECALL_VARIABLE) or 0)
    if not interval_s:
        yield
        return
    is_over = threading.Event()
    threading.Thread(target=_look, args=(has_outcome, interval_s, is_over), name="recall", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def _look(has_outcome: Callable[[], bool], interval_s: float, is_over: threading.Event) -> None:
    while not is_over.wait(interval_s):
        with contextlib.suppress(ObjectError):
            if has_outcome() and not is_over.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
                return
