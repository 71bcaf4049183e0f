"""What a task prints, from the two files on its node: standard output, in which the runner marks lines of the task's standard error, and
standard error, where only the runner's own last words and the container's are.

Source: API reference of Azure Batch, "Get a task file", ``ocp-range``.
"""

from __future__ import annotations

import asyncio
import io
from typing import Final

import msgspec

from ...runner.cloud.names import STDERR_MARK
from ..batch.service import LogPage
from .border import RefusedError
from .session import Clients, part

#: Bytes of a file in one answer.
PAGE_BYTES: Final = 256 * 1024

#: Bytes of the end of a file.
END_BYTES: Final = 4096

#: Nothing is there yet, nothing new, or the node has gone and with it the file.
_NOTHING: Final = frozenset({404, 409, 416})

_MARK: Final = STDERR_MARK.encode()


async def read(clients: Clients, job: str, task: str, cursor: str) -> LogPage:
    """What a task has printed since. ``cursor`` is how much was read of either file."""
    out_at, err_at = map(int, cursor.split()) if cursor else (0, 0)
    path = f"/jobs/{part(job)}/tasks/{part(task)}/files"
    out, err = await asyncio.gather(
        _lines(clients, f"{path}/stdout.txt", task, out_at), _lines(clients, f"{path}/stderr.txt", task, err_at)
    )
    marked = b"".join(line if line.startswith(_MARK) else _MARK + line for line in io.BytesIO(err).readlines())
    return LogPage(data=out + marked, cursor=f"{out_at + len(out)} {err_at + len(err)}")


async def read_end(clients: Clients, job: str, task: str) -> bytes:
    """The ends of both files."""
    path, what = f"/jobs/{part(job)}/tasks/{part(task)}/files", f"looking for the log of {task}"
    try:
        files = await clients.items(path, what, _File, filter="startswith(name,'std')")
    except RefusedError as error:
        if error.status in _NOTHING:
            return b""
        raise
    lengths = {file.name: int(file.properties.content_length) for file in files if file.properties is not None}

    async def end(name: str) -> bytes:
        length = lengths.get(name, 0)
        return await _range(clients, f"{path}/{name}", task, max(0, length - END_BYTES), length) if length else b""

    return b"".join(await asyncio.gather(end("stdout.txt"), end("stderr.txt")))


class _Properties(msgspec.Struct, rename="camel"):
    content_length: str | int = 0  #: Azure writes such numbers as text.


class _File(msgspec.Struct):
    """One of what ``ListTaskFiles`` answers."""

    name: str = ""
    properties: _Properties | None = None


async def _lines(clients: Clients, path: str, task: str, start: int) -> bytes:
    """Whole lines; a line that fills an answer is as good as whole."""
    found = await _range(clients, path, task, start, start + PAGE_BYTES)
    return found[: found.rfind(b"\n") + 1] or (found if len(found) >= PAGE_BYTES else b"")


async def _range(clients: Clients, path: str, task: str, start: int, end: int) -> bytes:
    """What there is of these bytes of a file."""
    headers = {"ocp-range": f"bytes={start}-{end - 1}"}
    try:
        return await clients.call("GET", path, f"reading the log of {task}", headers=headers)
    except RefusedError as error:
        if error.status in _NOTHING:
            return b""
        raise
