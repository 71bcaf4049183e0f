"""Messages between a dispatcher and a worker. The same bytes are the records of a worker's journal.

A message is a prefix (kind, number, length of the header), a header in JSON, and bytes that the header points into: a blob is written
as ``[digest, size, offset]``, and lies in a file if the offset is -1. There are no pickles outside the blobs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

PREFIX = struct.Struct("<BQI")

#: Dispatcher to worker. The number is how many of the worker's outcomes are stored for good.
TASK = 1
SPOOLED = 2  #: A task too large for one message: the header names the file that holds it.
ACK = 3  #: Nothing but that number.
STOP = 4

#: Worker to dispatcher, and journal. The number of an outcome counts this worker's outcomes from 1.
HELLO = 16
OUTCOME = 17

#: Journal only. The number of a start is how many outcomes were known to be stored then.
START = 18
WITHDRAWN = 19  #: The task that was just started has not been run.

#: The longest message: fits a socket buffer of Linux's default size.
MESSAGE_BYTES = 160 * 1024

#: Offset of a blob that lies in a file.
IN_FILE = -1


_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Message(NamedTuple):
    kind: int
    number: int
    header: Any  #: JSON, still encoded: whoever trusts the sender less decodes it with a schema.
    data: Any  #: What the blobs of the header point into.


def encode(kind: int, number: int, header: Any, blobs: tuple[bytes, ...] | list[bytes] = ()) -> bytes:
    """One message in one piece."""
    text = _to_json(header).encode()
    return b"".join((PREFIX.pack(kind, number, len(text)), text, *blobs))


def decode(message: Any) -> Message:
    """Take a message apart without copying it.

    :raises ValueError: if it is too short for what its prefix says
    """
    view = memoryview(message)
    if len(view) < PREFIX.size:
        raise ValueError("the message is shorter than its prefix")
    kind, number, length = PREFIX.unpack_from(view)
    end = PREFIX.size + length
    if len(view) < end:
        raise ValueError("the message is shorter than its header")
    return Message(kind, number, view[PREFIX.size : end], view[end:])


_LENGTH = struct.Struct("<I")


def record(message: bytes) -> bytes:
    """A message as a record of a file."""
    return _LENGTH.pack(len(message)) + message


def records(content: bytes) -> Iterator[Message]:
    """The messages of a file, up to the first that was not written to its end."""
    view = memoryview(content)
    at = 0
    while at + _LENGTH.size <= len(view):
        (length,) = _LENGTH.unpack_from(view, at)
        at += _LENGTH.size
        if length < PREFIX.size or at + length > len(view):
            return
        try:
            yield decode(view[at : at + length])
        except ValueError:
            return
        at += length
