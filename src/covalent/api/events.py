"""Live state as server-sent events.

What moved is read from the store after each wake-up, so a stream that starts late, falls behind or comes back loses nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from ..dispatcher import Dispatcher
from ..states import Status

KEEP_ALIVE_S: Final = 15.0
#: How often a dispatch is looked at that another dispatcher runs: nobody wakes us for it.
LOOK_EVERY_S: Final = 1.0
#: The least time between two summaries of a dispatch in one stream.
SUMMARY_EVERY_S: Final = 0.1
PAGE: Final = 1000


def _message(event: str, data: Any, seq: int | None = None) -> bytes:
    head = f"id: {seq}\n" if seq is not None else ""
    return f"{head}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


async def follow(
    dispatcher: Dispatcher, dispatch_id: str, *, after: int, tasks: bool, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """Summaries of a dispatch (``dispatch``) and, with ``tasks``, its events (``task``), until it has ended."""
    with dispatcher.watchers.watch(dispatch_id) as moved:
        while not stopping.is_set():
            moved.clear()
            info = await dispatcher.info(dispatch_id)
            while tasks:
                events = await dispatcher.threads.read(dispatcher.store.events, dispatch_id, after=after, limit=PAGE)
                for event in events:
                    after = event.seq
                    yield _message("task", event, event.seq)
                if len(events) < PAGE:
                    break
            yield _message("dispatch", info)
            if info.status.is_final:
                return
            shown_at = time.monotonic()
            if dispatcher.is_active(dispatch_id) or info.status is Status.NEW_OBJECT:
                async for comment in _until(moved):
                    yield comment
            else:
                await asyncio.sleep(LOOK_EVERY_S)
            await _pause(dispatcher, dispatch_id, moved, shown_at + SUMMARY_EVERY_S)


async def follow_all(dispatcher: Dispatcher, *, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """A ``moved`` message whenever any dispatch has moved, at most ten a second."""
    with dispatcher.watchers.watch(None) as moved:
        while not stopping.is_set():
            moved.clear()
            yield _message("moved", {"at": time.time()})
            await asyncio.sleep(SUMMARY_EVERY_S)
            async for comment in _until(moved):
                yield comment


async def _until(moved: asyncio.Event) -> AsyncIterator[bytes]:
    """Comments that keep the connection open, until something moves."""
    while True:
        try:
            async with asyncio.timeout(KEEP_ALIVE_S):
                await moved.wait()
                return
        except TimeoutError:
            yield b": still here\n\n"


async def _pause(dispatcher: Dispatcher, dispatch_id: str, moved: asyncio.Event, until: float) -> None:
    """Let news gather, but never hold back the end."""
    while (left_s := until - time.monotonic()) > 0 and dispatcher.is_active(dispatch_id):
        moved.clear()
        try:
            async with asyncio.timeout(left_s):
                await moved.wait()
        except TimeoutError:
            return
