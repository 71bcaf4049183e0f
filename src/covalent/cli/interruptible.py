"""Coroutines that Ctrl-C ends at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns.

    A signal that comes just before the event loop goes to sleep, or to another thread than the loop's, is noticed by
    :class:`asyncio.Runner` only when something else wakes the loop: for a request that nobody answers, that is when it gives up.

    :raises KeyboardInterrupt: on Ctrl-C, after ``work`` was cancelled
    """
    if threading.current_thread() is not threading.main_thread():
        return await work  # No signal is handled there.
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        loop.remove_signal_handler(signal.SIGINT)
