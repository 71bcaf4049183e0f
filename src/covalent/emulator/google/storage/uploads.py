"""Uploads in parts, as the XML API has them, and resumable ones, as the JSON API does.

Sources: https://cloud.google.com/storage/docs/multipart-uploads, https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..refusal import RefusalError
from .buckets import Buckets, StoredObject
from .conditions import Conditions

#: Of all parts but the last. Source: https://cloud.google.com/storage/quotas#requests
MIN_PART_BYTES: Final = 5 * 2**20

_CONTENT_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(kw_only=True, slots=True)
class Upload:
    bucket: str
    key: str
    headers: Mapping[str, str]
    conditions: Conditions
    parts: dict[int, bytes] = field(default_factory=dict)  #: By number.


class Uploads:
    """Those under way. Safe to use from several threads."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}

    def begin(self, bucket: str, key: str, headers: Mapping[str, str], conditions: Conditions) -> str:
        """Its id."""
        self._buckets.check(bucket)
        upload_id = secrets.token_urlsafe(24)
        with self._lock:
            self._uploads[upload_id] = Upload(bucket=bucket, key=key, headers=headers, conditions=conditions)
        return upload_id

    def add(self, upload_id: str, number: int, data: bytes) -> None:
        self._find(upload_id).parts[number] = data

    def parts(self, upload_id: str) -> dict[int, bytes]:
        return self._find(upload_id).parts

    def complete(self, upload_id: str, numbers: Sequence[int], conditions: Conditions) -> StoredObject:
        """Make the object of these parts."""
        upload = self._find(upload_id)
        parts = [upload.parts.get(number) for number in numbers]
        whole = [part for part in parts if part is not None]
        if not whole or len(whole) < len(parts):
            raise RefusalError("InvalidPart", "One or more of the specified parts could not be found.")
        if any(len(part) < MIN_PART_BYTES for part in whole[:-1]):
            raise RefusalError(
                "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."
            )
        stored = self._buckets.put(upload.bucket, upload.key, b"".join(whole), upload.headers, conditions)
        self.abort(upload_id)
        return stored

    def abort(self, upload_id: str) -> None:
        self._find(upload_id)
        with self._lock:
            self._uploads.pop(upload_id, None)

    def resume(self, upload_id: str, data: bytes, content_range: str | None) -> StoredObject | int:
        """More of a resumable upload: the object if it is complete, otherwise the bytes that have arrived."""
        upload = self._find(upload_id)
        there = upload.parts.get(0, b"")
        found = _CONTENT_RANGE.fullmatch(content_range) if content_range else None
        if content_range and found is None:
            raise RefusalError("INVALID_ARGUMENT", f"Invalid Content-Range: {content_range!r}.")
        if found and found[1] is not None:
            if int(found[1]) > len(there):
                raise RefusalError("INVALID_ARGUMENT", f"Bytes from {len(there)} on are missing.")
            data = data[len(there) - int(found[1]) :]
        upload.parts[0] = there + data
        if found and found[3] != str(len(upload.parts[0])):
            return len(upload.parts[0])
        stored = self._buckets.put(upload.bucket, upload.key, upload.parts[0], upload.headers, upload.conditions)
        self.abort(upload_id)
        return stored

    def _find(self, upload_id: str) -> Upload:
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise RefusalError("NoSuchUpload", "The requested upload was not found.")
        return upload
