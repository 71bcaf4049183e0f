"""The manifest of a group: a table, and one record for each task, so that a task reads its own with one or two ranged requests.

::

    b"CTM1"  u32 count  (count + 1) x u64 offset  record 0  record 1  …

Record ``i`` reaches from offset ``i`` to offset ``i + 1``, counted from the beginning of the object. It is a message of :mod:`..wire` of
kind TASK, as :class:`covalent.runner.task.TaskRunner` takes it, except that the path of a blob which is not in the message is a URI in the
bucket, and that ``shared`` also holds ``pip`` (requirements) and ``time_limit_s`` (seconds, or null).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

MAGIC = b"CTM1"
_HEAD = struct.Struct("<4sI")
_OFFSET = struct.Struct("<Q")

#: Bytes that are fetched at first: all of a small group's manifest.
FIRST_BYTES = 64 * 1024


class ManifestError(Exception):
    """The manifest is not one."""


def write_manifest(records: Sequence[bytes]) -> bytes:
    """The whole object."""
    at = _HEAD.size + _OFFSET.size * (len(records) + 1)
    offsets = [at]
    for one in records:
        at += len(one)
        offsets.append(at)
    return b"".join((_HEAD.pack(MAGIC, len(records)), *map(_OFFSET.pack, offsets), *records))


def read_record(read: Callable[[int, int], bytes], index: int) -> bytes:
    """Record ``index``; ``read(start, end)`` gives that range of the object, or less where the object ends.

    :raises ManifestError: if the object is no manifest, or has no such record
    """
    first = read(0, FIRST_BYTES)
    if len(first) < _HEAD.size or not first.startswith(MAGIC):
        raise ManifestError("the manifest is not one that this version can read")
    count = _HEAD.unpack_from(first)[1]
    if not 0 <= index < count:
        raise ManifestError(f"the manifest has {count} tasks and none with index {index}")
    at = _HEAD.size + _OFFSET.size * index
    entry = first[at : at + 2 * _OFFSET.size]
    if len(entry) < 2 * _OFFSET.size:
        entry = read(at, at + 2 * _OFFSET.size)
    start, end = _OFFSET.unpack_from(entry)[0], _OFFSET.unpack_from(entry, _OFFSET.size)[0]
    found = first[start:end] if end <= len(first) else read(start, end)
    if len(found) != end - start:
        raise ManifestError(f"the manifest ends before its record {index}")
    return found
