"""Reading a stream of server-sent events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model import DispatchInfo, Event
from .decoding import decoded

Update = DispatchInfo | Event

_KINDS: dict[str, type[DispatchInfo | Event]] = {"dispatch": DispatchInfo, "task": Event}


def updates(chunks: Iterable[bytes]) -> Iterator[Update]:
    """What the stream tells, however it was cut into pieces. An event that was cut off at the end is left out."""
    kind, data = "", []
    for line in _lines(chunks):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data.append(value)
        elif not line:
            if data and kind in _KINDS:
                yield decoded("\n".join(data), _KINDS[kind])
            kind, data = "", []


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            yield line.decode("utf-8")
