"""From what a task's process left behind to an outcome in the bucket."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from .. import wire
from ..spill import INLINE_LOG_BYTES
from . import bulk
from .errors import ObjectError
from .job import Assignment
from .objects import ObjectClient
from .publish import publish
from .supervise import Files

_CHUNK_BYTES = 1024 * 1024


class Found:
    """Bytes that go into an outcome or beside it: in memory, or in a file."""

    def __init__(self, digest: str, size: int, content: bytes | str) -> None:
        self.digest, self.size, self.content = digest, size, content


class Outcome:
    """What will be published.

    :param fields: of the message's header, without blobs
    :param max_put_bytes: the most that one upload takes without obstore; by default, the service's own limit
    """

    def __init__(self, assignment: Assignment, fields: dict[str, Any], max_put_bytes: int | None = None) -> None:
        self._assignment, self.fields = assignment, fields
        self._limit = assignment.client.max_put_bytes if max_put_bytes is None else max_put_bytes
        self._blobs: list[bytes] = []
        self._at = 0

    @property
    def is_completed(self) -> bool:
        return bool(self.fields["status"] == "COMPLETED")

    def fail(self, cause: str, message: str) -> None:
        """It has not completed after all."""
        self.fields.pop("output", None)
        self.fields.update(status="FAILED", cause=cause, message=message)

    def inline(self, found: Found) -> list[Any]:
        """Put bytes into the message; what the header says of them."""
        content = found.content
        if isinstance(content, str):
            with open(content, "rb") as file:  # noqa: PTH123
                content = file.read()
        described = [found.digest, found.size, self._at]
        self._blobs.append(content)
        self._at += found.size
        return described

    def beside(self, found: Found, name: str) -> list[Any] | None:
        """Put bytes beside the message; what the header says of them, or None if something of that name is there already.

        :raises ObjectError: if the bucket cannot be written
        """
        client, key = self._assignment.client, self._assignment.job.key(name)
        described = [found.digest, found.size, wire.IN_FILE]
        if isinstance(found.content, str) and found.size >= min(bulk.BULK_BYTES, self._limit) and bulk.is_available():
            # It overwrites, and a service that counts no attempts may run the same one twice.
            if _is_there(client, key):
                return None
            try:
                bulk.upload(client, key, found.content)
                return described
            except bulk.BulkError as error:
                if found.size > self._limit:
                    raise ObjectError(f"{client.uri(key)} cannot be written: {error}") from None
        return described if client.put(key, found.content, found.digest) else None

    def named(self, found: Found) -> list[Any]:
        """The same under the bytes' own digest: if that is there already, it is what it should be.

        :raises ObjectError: if the bucket cannot be written
        """
        return self.beside(found, found.digest) or [found.digest, found.size, wire.IN_FILE]

    def is_too_large(self, size: int) -> bool:
        """Whether it cannot be put beside the message."""
        return size > self._limit and not bulk.is_available()

    def publish(self) -> None:
        """:raises ObjectError: if the bucket cannot be written"""
        publish(self._assignment, self.fields, self._blobs)


def read_outcome(assignment: Assignment, path: str, objects: str, max_put_bytes: int | None = None) -> Outcome | None:
    """What the task's process has written, its result being in the bucket; None if it wrote nothing.

    :raises ObjectError: if the bucket cannot be written
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            message = wire.decode(file.read())
    except FileNotFoundError:
        return None
    fields = json.loads(bytes(message.header))
    output, failure = fields.pop("output", None), fields.get("failure")
    outcome = Outcome(assignment, fields, max_put_bytes)
    if failure and failure.get("pickled"):
        found = _found(failure["pickled"], message.data, objects)
        is_small = isinstance(found.content, bytes)
        failure["pickled"] = outcome.inline(found) if is_small else outcome.named(found)
    if output and outcome.is_too_large(output[1]):
        outcome.fail("USER", _too_large(output[1], max_put_bytes or assignment.client.max_put_bytes))
    elif output:
        found = _found(output, message.data, objects)
        fields["output"] = outcome.named(found)
    return outcome


def add_streams(outcome: Outcome, files: Files) -> None:
    """Add what was printed: into the message if it is short, else beside it.

    :raises ObjectError: if the bucket cannot be written
    """
    for name, path in zip(files._fields, files, strict=True):
        size = os.stat(path).st_size  # noqa: PTH116
        described = None
        if size > INLINE_LOG_BYTES and not outcome.is_too_large(size):
            described = outcome.beside(_whole(path), name)
        if size and described is None:
            # Too much, or the same attempt has run before and left what is not ours.
            if size > INLINE_LOG_BYTES:
                _cut(path, size)
            described = outcome.inline(_whole(path))
        if described is not None:
            outcome.fields[name] = described


def _is_there(client: ObjectClient, key: str) -> bool:
    """Not if that cannot be known: some may write what they may not read."""
    try:
        client.read(key, 0, 1)
    except ObjectError:
        return False
    return True


def _found(blob: list[Any], data: Any, objects: str) -> Found:
    digest, size, at = blob
    if at == wire.IN_FILE:
        return Found(digest, size, os.path.join(objects, digest[:2], digest))  # noqa: PTH118
    return Found(digest, size, bytes(data[at : at + size]))


def _whole(path: str) -> Found:
    """All of a file."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:  # noqa: PTH123
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return Found(digest.hexdigest(), size, path)


def _cut(path: str, size: int) -> None:
    """Keep the end of what was printed."""
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek(size - INLINE_LOG_BYTES // 2)
        end = file.read()
        file.seek(0)
        file.truncate()
        file.write(f"… the first {size - len(end)} bytes are left out: they could not be kept …\n".encode() + end)


def _too_large(size: int, limit: int) -> str:
    return (
        f"The task's result has {size:,} bytes, but an image without obstore can upload {limit:,} bytes at most. "
        "Install obstore in the image (pip install obstore), or return something smaller."
    )
