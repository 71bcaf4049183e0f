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
from ..errors import NotFoundError
from ..model import DispatchInfo

KEEP_ALIVE_S: Final = 15.0
#: How often a dispatch is looked at that is not under way here: who begins it elsewhere does not wake us.
LOOK_EVERY_S: Final = 1.0
#: How often the list is looked at, for what other dispatchers do, and how many of it.
LOOK_AT_LIST_EVERY_S: Final = 3.0
LOOKED_AT: Final = 50
#: The least time between two summaries of a dispatch in one stream.
SUMMARY_EVERY_S: Final = 0.1
PAGE: Final = 1000

_STILL_HERE: Final = b": still here\n\n"


def _message(event: str, data: Any, seq: int | None = None) -> bytes:
    head = f"id: {seq}\n" if seq is not None else ""
    return f"{head}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


async def follow(
    dispatcher: Dispatcher, dispatch_id: str, *, after: int, tasks: bool, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """Summaries of a dispatch (``dispatch``) and, with ``tasks``, its events (``task``), until it has ended or is gone."""
    shown: DispatchInfo | None = None
    said_at = time.monotonic()
    with dispatcher.watchers.watch(dispatch_id) as watch:
        while not stopping.is_set():
            watch.forget()
            try:
                info = await dispatcher.info(dispatch_id)
            except NotFoundError:
                return
            while tasks:
                events = await dispatcher.threads.read(dispatcher.store.events, dispatch_id, after=after, limit=PAGE)
                for event in events:
                    after, shown = event.seq, None
                    yield _message("task", event, event.seq)
                if len(events) < PAGE:
                    break
            if info != shown:
                yield _message("dispatch", info)
                shown, said_at = info, time.monotonic()
            elif time.monotonic() - said_at > KEEP_ALIVE_S - LOOK_EVERY_S:
                yield _STILL_HERE
                said_at = time.monotonic()
            if info.status.is_final:
                return
            await watch.moves(KEEP_ALIVE_S if dispatcher.is_active(dispatch_id) else LOOK_EVERY_S)
            if (gathering_s := said_at + SUMMARY_EVERY_S - time.monotonic()) > 0:
                await watch.ends(gathering_s)


async def follow_all(dispatcher: Dispatcher, *, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """A ``moved`` message whenever any dispatch has moved, at most ten a second; of those elsewhere, the latest."""
    seen: list[DispatchInfo] = []
    said_at = time.monotonic()
    has_moved = True
    with dispatcher.watchers.watch(None) as watch:
        while not stopping.is_set():
            watch.forget()
            if not has_moved:
                latest = await dispatcher.threads.read(dispatcher.store.dispatches, limit=LOOKED_AT)
                has_moved, seen = latest != seen, latest
            if has_moved:
                yield _message("moved", {"at": time.time()})
                said_at = time.monotonic()
                await asyncio.sleep(SUMMARY_EVERY_S)
            elif time.monotonic() - said_at > KEEP_ALIVE_S - LOOK_AT_LIST_EVERY_S:
                yield _STILL_HERE
                said_at = time.monotonic()
            has_moved = await watch.moves(LOOK_AT_LIST_EVERY_S)
