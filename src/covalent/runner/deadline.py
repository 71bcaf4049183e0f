"""Calling a task's own code for a moment: it is interrupted if it takes longer, and an alarm that the task has set stays set."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class OverdueError(Exception):
    """It took too long, or nothing here could have interrupted it."""


class _Interrupt(BaseException):
    """Not an ``Exception``, so that little of what is called can hold it up."""


def within(limit_s: float, function: Callable[[], T]) -> T:
    """What ``function()`` returns.

    :raises OverdueError: if it takes longer, or there is no way to interrupt it
    """
    handler = signal.getsignal(signal.SIGALRM)
    due_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
    # A handler of C code cannot be put back, and an alarm that is about to go off must not come late.
    if threading.current_thread() is not threading.main_thread() or handler is None or 0 < due_s <= limit_s:
        raise OverdueError
    is_armed = True

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_armed
        # Once only, as it may come while everything is being put back.
        if is_armed:
            is_armed = False
            raise _Interrupt

    started = time.monotonic()
    signal.signal(signal.SIGALRM, interrupt)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, limit_s)
            return function()
        finally:
            is_armed = False
    except _Interrupt:
        raise OverdueError from None
    finally:
        left_s = max(due_s - (time.monotonic() - started), 1e-6) if due_s else 0
        signal.setitimer(signal.ITIMER_REAL, left_s, interval_s)
        signal.signal(signal.SIGALRM, handler)
