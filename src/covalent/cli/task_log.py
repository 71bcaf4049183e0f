"""What one attempt of a task writes, read bit by bit."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from ..client.server import Server

STREAMS = ("stdout", "stderr")

#: Takes the name of a stream and what was written to it; all that is left is due when ``last``.
Write = Callable[[str, bytes, bool], None]


class TaskLog:
    """Reads on from where it was, both streams."""

    def __init__(self, server: Server, dispatch_id: str, node_id: int, attempt: int, write: Write) -> None:
        self.attempt = attempt
        self.wrote = False  #: Whether there was anything by now.
        self._server, self._dispatch_id, self._node_id, self._write = server, dispatch_id, node_id, write
        self._offsets = dict.fromkeys(STREAMS, 0)

    def pump(self) -> bool:
        """Pass on all that is there by now. True if the attempt has ended and this was the rest."""
        complete = [self._pump(stream) for stream in STREAMS]
        return all(complete)

    def finish(self) -> None:
        """Pass on what was held back because its line had not ended."""
        for stream in STREAMS:
            self._write(stream, b"", True)

    def _pump(self, stream: str) -> bool:
        while True:
            part = self._server.log(
                self._dispatch_id, self._node_id, stream, attempt=self.attempt, offset=self._offsets[stream]
            )
            self._offsets[stream] = part.next_offset
            if part.data:
                self.wrote = True
                self._write(stream, part.data, False)
            if part.complete or not part.data:
                return part.complete


def raw(stream: str, data: bytes, last: bool) -> None:  # noqa: ARG001
    """Write it as the task did."""
    out = (sys.stdout if stream == "stdout" else sys.stderr).buffer
    out.write(data)
    out.flush()


def prefixed(name: str) -> Write:
    """Write whole lines, each after a name."""
    rests = dict.fromkeys(STREAMS, b"")

    def write(stream: str, data: bytes, last: bool) -> None:
        *lines, rest = (rests[stream] + data).split(b"\n")
        if last and rest:
            lines, rest = [*lines, rest], b""
        rests[stream] = rest
        for line in lines:
            click.echo(f"{click.style(name, fg='cyan')}: {line.decode('utf-8', 'replace')}", err=stream == "stderr")

    return write
