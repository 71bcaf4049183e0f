"""A directory of files, each named by the SHA-256 of its bytes: ``<root>/<first two digits>/<digest>``.

A file appears under its name complete or not at all, so whoever sees it may use it, and to write what exists is to do nothing. Files are
not forced to the disk: one that a power cut has damaged is found out by its digest when it is opened.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import DiskFullError, IntegrityError

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES: Final = 1024 * 1024

#: What is being written; workers use the same prefix.
_TEMPORARY: Final = ".writing-"

#: Seconds after which something that nobody writes to any more was left by a process that died.
ABANDONED_S: Final = 24 * 3600.0


class ObjectStore:
    """The files below ``root``, which is made when it is first needed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the bytes with this digest lie, or would lie.

        :raises ValueError: if it is no SHA-256 in lower-case hex
        """
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a SHA-256 in hex: {digest[:80]!r}")
        return self.root / digest[:2] / digest

    def exists(self, digest: str) -> bool:
        """:raises ValueError: as :meth:`path`"""
        return self.path(digest).is_file()

    def put(self, digest: str, data: bytes) -> None:
        """Store bytes.

        :raises IntegrityError: if the digest is not theirs
        :raises DiskFullError: if there is no room
        """
        with self.writer() as writer:
            writer.write(data)
            writer.commit(digest)

    def writer(self) -> ObjectWriter:
        """Something to write bytes to whose digest shows at the end. Without :meth:`ObjectWriter.commit` nothing stays.

        :raises DiskFullError: if there is no room
        """
        return ObjectWriter(self)

    def holds(self, digest: str) -> bool:
        """Whether the file is there and undamaged; reads all of it, and makes a purge spare it for a while."""
        try:
            with self.path(digest).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                    return False
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def delete(self, digest: str, *, untouched_s: float = 0.0) -> bool:
        """Remove a file, unless it was written, or written again, less than ``untouched_s`` ago; whether it is gone."""
        path = self.path(digest)
        try:
            if untouched_s and path.stat().st_mtime > time.time() - untouched_s:
                return False
            path.unlink()
        except FileNotFoundError:
            pass
        return True

    def sweep(self, now: float | None = None) -> int:
        """Remove what processes that died have left half written; return how many files.

        :param now: Unix seconds
        """
        horizon = (time.time() if now is None else now) - ABANDONED_S
        count = 0
        for file in self.root.glob(f"{_TEMPORARY}*"):
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime < horizon:
                    file.unlink()
                    count += 1
        return count


class ObjectWriter:
    """Bytes on their way into a store, a part at a time."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self.size = 0
        with _room_in(store.root):
            store.root.mkdir(parents=True, exist_ok=True)
            fd, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=store.root)
        self._temporary = Path(name)
        self._file = os.fdopen(fd, "wb", buffering=_CHUNK_BYTES)

    def __enter__(self) -> ObjectWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.abort()

    def abort(self) -> None:
        """Leave nothing behind; does nothing after :meth:`commit`."""
        # Closing writes what is buffered, for which there may be no room.
        with contextlib.suppress(OSError):
            self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """:raises DiskFullError: if there is no room"""
        self._hash.update(data)
        self.size += len(data)
        with _room_in(self._store.root):
            self._file.write(data)

    def commit(self, expected: str | None = None) -> tuple[str, int]:
        """Store what was written; return its digest and size.

        :raises IntegrityError: if the digest is not the expected one; nothing is stored then
        :raises DiskFullError: if there is no room
        """
        digest = self._hash.hexdigest()
        if expected is not None and expected != digest:
            raise IntegrityError(expected, "object")
        with _room_in(self._store.root):
            self._file.close()
            _publish(self._temporary, self._store.path(digest))
        return digest, self.size


def _publish(file: Path, target: Path) -> None:
    """Move a complete file to its name. One that is there already is replaced: it may be damaged, and a purge spares what is new."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)


@contextmanager
def _room_in(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(str(root)) from None
        raise
