"""Buckets and objects."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ....errors import EmulatorError
from ..refusal import RefusalError
from .conditions import Conditions

#: Source: https://cloud.google.com/storage/docs/buckets#naming
_BUCKET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_MAX_KEY_BYTES: Final = 1024

#: Headers that are kept with an object.
_KEPT: Final = ("content-type", "content-encoding", "content-disposition", "content-language", "cache-control")
_META: Final = "x-goog-meta-"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    key: str
    data: bytes
    generation: int
    md5: bytes
    headers: Mapping[str, str]  #: In lower case; metadata under ``x-goog-meta-``.
    metageneration: int = 1
    written_at: float = field(default_factory=time.time)  #: Unix seconds.

    @property
    def etag(self) -> str:
        return f'"{self.md5.hex()}"'

    @property
    def md5_base64(self) -> str:
        return base64.b64encode(self.md5).decode()

    @property
    def metadata(self) -> dict[str, str]:
        return {name.removeprefix(_META): value for name, value in self.headers.items() if name.startswith(_META)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    objects: Sequence[StoredObject]
    prefixes: Sequence[str]
    next_after: str | None  #: What the next page comes after; None if there is none.


class Buckets:
    """Safe to use from several threads. Objects are kept in memory."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._generations = itertools.count(int(time.time() * 1e6))
        self._buckets: dict[str, dict[str, StoredObject]] = {}

    def names(self) -> list[str]:
        return sorted(self._buckets)

    def create(self, name: str) -> None:
        """:raises RefusalError: if it is there already, or its name cannot be"""
        if not _BUCKET_NAME.fullmatch(name):
            raise RefusalError("INVALID_ARGUMENT", f"Invalid bucket name: '{name}'")
        with self._lock:
            if name in self._buckets:
                raise RefusalError("ALREADY_EXISTS", "Your previous request to create the named bucket succeeded.")
            self._buckets[name] = {}

    def check(self, bucket: str) -> None:
        """:raises RefusalError: if there is no such bucket"""
        if bucket not in self._buckets:
            raise RefusalError("NoSuchBucket", f"The specified bucket does not exist: {bucket}.")

    def get(self, bucket: str, key: str, conditions: Conditions, generation: str | None = None) -> StoredObject:
        """:raises RefusalError: if it is not there, or not as demanded"""
        self.check(bucket)
        found = self._buckets[bucket].get(key)
        if found is None or generation not in (None, str(found.generation)):
            raise RefusalError("NoSuchKey", f"No such object: {bucket}/{key}")
        conditions.check(found)
        return found

    def put(
        self, bucket: str, key: str, data: bytes, headers: Mapping[str, str], conditions: Conditions
    ) -> StoredObject:
        """
        :raises RefusalError: if what is there is not as demanded, or what has arrived is not what was sent
        """
        self.check(bucket)
        if not 1 <= len(key.encode()) <= _MAX_KEY_BYTES:
            raise RefusalError("INVALID_ARGUMENT", f"The object's name must have 1 to {_MAX_KEY_BYTES} bytes.")
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        _check_digest(digest, headers)
        kept = {name: value for name, value in headers.items() if name in _KEPT or name.startswith(_META)}
        with self._lock:
            conditions.check(self._buckets[bucket].get(key))
            stored = StoredObject(key=key, data=data, generation=next(self._generations), md5=digest, headers=kept)
            self._buckets[bucket][key] = stored
        return stored

    def delete(self, bucket: str, key: str, conditions: Conditions, generation: str | None = None) -> None:
        """:raises RefusalError: if it is not there, or not as demanded"""
        with self._lock:
            self.get(bucket, key, conditions, generation)
            del self._buckets[bucket][key]

    def list(self, bucket: str, *, prefix: str = "", delimiter: str = "", after: str = "", most: int = 1000) -> Listing:
        """Objects in the order of their keys.

        :param after: keys up to this one are left out
        :raises RefusalError: if there is no such bucket
        """
        self.check(bucket)
        with self._lock:
            keys = sorted(key for key in self._buckets[bucket] if key.startswith(prefix) and key > after)
            objects: list[StoredObject] = []
            prefixes: list[str] = []
            last = after
            for key in keys:
                below = _common(key, prefix, delimiter)
                if below and (prefixes[-1:] == [below] or after.startswith(below)):
                    last = key
                    continue
                if len(objects) + len(prefixes) >= most:
                    return Listing(objects=objects, prefixes=prefixes, next_after=last)
                if below:
                    prefixes.append(below)
                else:
                    objects.append(self._buckets[bucket][key])
                last = key
        return Listing(objects=objects, prefixes=prefixes, next_after=None)


def make_buckets(names: Sequence[str]) -> Buckets:
    """:raises EmulatorError: if one cannot be"""
    buckets = Buckets()
    try:
        for name in dict.fromkeys(names):
            buckets.create(name)
    except RefusalError as error:
        raise EmulatorError(f"The emulated Cloud Storage cannot be set up: {error}") from error
    return buckets


def _common(key: str, prefix: str, delimiter: str) -> str:
    """The prefix under which a key is hidden; empty if it is not."""
    rest = key[len(prefix) :]
    return prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else ""


def _check_digest(md5: bytes, headers: Mapping[str, str]) -> None:
    given = [headers["content-md5"]] if "content-md5" in headers else []
    for each in headers.get("x-goog-hash", "").split(","):
        kind, _, value = each.strip().partition("=")
        given += [value] if kind == "md5" else []
    if any(value != base64.b64encode(md5).decode() for value in given):
        raise RefusalError("BadDigest", "The MD5 you specified did not match what we received.")
