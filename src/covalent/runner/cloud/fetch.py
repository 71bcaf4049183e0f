"""Brings what a task refers to from the bucket into files."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from typing import Any

from ..wire import IN_FILE
from . import bulk
from .objects import Objects

#: Objects that are fetched at a time.
PARALLEL = 8


class DamagedObjectError(Exception):
    """An object is not what its digest says."""

    def __init__(self, uri: str, digest: str, reason: str) -> None:
        super().__init__(
            f"The object {uri} is damaged: {reason}. It was not opened. Delete it, and run the workflow again."
        )
        self.digest = digest


class Fetched:
    """The files that were made."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}  #: By digest; all of them are what it says.
        self.used_bulk = False  #: Threads that are not ours have been started in this process.


def fetch_all(header: dict[str, Any], objects: Objects, directory: str) -> Fetched:
    """Fetch all objects that a task's header names, and name the files in their place.

    :raises ObjectError: if one cannot be read
    :raises DamagedObjectError: if one is not what its digest says
    :raises FileError: if a file cannot be written
    """
    blobs = [blob for blob in _blobs(header) if blob[2] == IN_FILE]
    wanted = {blob[0]: (blob[3], blob[1]) for blob in blobs}
    fetched = Fetched()

    def fetch(digest: str) -> None:
        uri, size = wanted[digest]
        path = os.path.join(directory, f"in-{digest}")  # noqa: PTH118
        client, key = objects.locate(uri)
        found, length = "", size
        if size >= bulk.BULK_BYTES and bulk.is_available():
            fetched.used_bulk = True
            with contextlib.suppress(bulk.BulkError):
                found = bulk.download(client, key, path, size)
        if not found:
            checked = hashlib.sha256()
            length = client.download(key, path, checked)
            found = checked.hexdigest()
        if length != size:
            raise DamagedObjectError(uri, digest, f"it has {length} bytes instead of {size}")
        if found != digest:
            raise DamagedObjectError(uri, digest, "its bytes do not match its digest")
        fetched.paths[digest] = path

    bulk.each(wanted, fetch, PARALLEL)
    for blob in blobs:
        blob[3] = fetched.paths[blob[0]]
    return fetched


def _blobs(header: dict[str, Any]) -> Iterator[list[Any]]:
    """All blobs of a task, at all depths: ``[digest, size, offset, path, inputs]``."""
    shared = header["shared"]
    pending = [shared["function"], shared["hooks"], header["args"], *header["inputs"]]
    while pending:
        blob = pending.pop()
        if blob:
            yield blob
            pending += blob[4]
