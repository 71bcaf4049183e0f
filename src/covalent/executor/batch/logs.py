"""What tasks print, from the service's log: both streams come in one, with a mark on the lines of standard error."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from ...errors import ServiceUnreachableError, ThrottledError
from ...model import Blob, Outcome
from ...runner.cloud.names import STDERR_MARK
from .service import BatchService

#: How much of a task's log is kept at hand; what comes later shows once the task has ended.
LIVE_BYTES: Final = 4 * 1024 * 1024
CUT: Final = b"\n[The log goes on; the rest of it can be read once the task has ended.]\n"

#: Logs that are kept at hand.
LOGS: Final = 16

#: The end of a log that goes into an outcome.
TAIL_BYTES: Final = 2048

_MARK: Final = STDERR_MARK.encode()


def split(data: bytes) -> tuple[bytes, bytes]:
    """Standard output and standard error of lines that a container has printed."""
    if _MARK not in data:
        return data, b""
    # A carriage return is a part of its line.
    lines = io.BytesIO(data).readlines()
    return (
        b"".join(line for line in lines if not line.startswith(_MARK)),
        b"".join(line[len(_MARK) :] for line in lines if line.startswith(_MARK)),
    )


class _LiveLog:
    """The log of one task, as far as it was read."""

    def __init__(self) -> None:
        self.streams = {"stdout": bytearray(), "stderr": bytearray()}
        self.cursor = ""
        self.read_at = float("-inf")
        self.is_cut = False
        self.lock = asyncio.Lock()

    def add(self, data: bytes) -> None:
        for stream, part in zip(self.streams.values(), split(data), strict=True):
            stream += part
        if sum(map(len, self.streams.values())) > LIVE_BYTES:
            self.is_cut = True
            self.streams["stdout"] += CUT


class LogReader:
    """Reads logs of tasks that are under way, each at most once in ``interval_s``, for all who follow it."""

    def __init__(self, service: BatchService, interval_s: float) -> None:
        self._service, self._interval_s = service, interval_s
        self._next_at = float("-inf")
        self._logs: OrderedDict[tuple[str, int], _LiveLog] = OrderedDict()

    async def read(self, ref: str, task: int, stream: str, offset: int, limit: int) -> bytes:
        """Up to ``limit`` bytes of a stream, from ``offset`` on.

        :raises ExecutorError: if the service refuses it
        """
        found = self._logs.setdefault((ref, task), _LiveLog())
        self._logs.move_to_end((ref, task))
        while len(self._logs) > LOGS:
            self._logs.popitem(last=False)
        kept = found.streams[stream]
        async with found.lock:
            now = asyncio.get_running_loop().time()
            is_due = now >= max(self._next_at, found.read_at + self._interval_s)
            if len(kept) < offset + limit and not found.is_cut and is_due:
                found.read_at, self._next_at = now, now + self._service.limits.log_gap_s
                await self._advance(found, ref, task)
        return bytes(kept[offset : offset + limit])

    async def _advance(self, found: _LiveLog, ref: str, task: int) -> None:
        try:
            page = await self._service.logs(ref, task, found.cursor)
        except (ThrottledError, ServiceUnreachableError):
            return
        found.cursor = page.cursor
        found.add(page.data)


async def tail(service: BatchService, ref: str, task: int, outcome: Outcome) -> Outcome:
    """The outcome of a task that left none, with the end of what it printed as its standard error.

    :raises ExecutorError: if the log cannot be read
    """
    text = (await service.log_end(ref, task)).replace(_MARK, b"")[-TAIL_BYTES:]
    if not text:
        return outcome
    return replace(outcome, stderr=Blob(digest=hashlib.sha256(text).hexdigest(), size=len(text), data=text))
