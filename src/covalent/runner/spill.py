"""Bytes on their way out: few stay in memory, many go straight into the object store."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO, Any

#: Up to this many bytes of a value travel inside messages.
INLINE_BYTES = 64 * 1024

#: Of a log, and of a pickled exception beside a traceback.
INLINE_LOG_BYTES = 32 * 1024
INLINE_EXCEPTION_BYTES = 8 * 1024

_BUFFER_BYTES = 1024 * 1024


class StorageError(Exception):
    """The object store could not be written."""

    def __init__(self, directory: str, reason: OSError) -> None:
        super().__init__(
            f"The worker cannot write to {directory}: {reason.strerror or reason}. Make room there, then run it again."
        )


class Stored:
    """Bytes that were written: with ``data`` if they are few, else as a file of the object store."""

    __slots__ = ("data", "digest", "size")

    def __init__(self, digest: str, size: int, data: bytes | None) -> None:
        self.digest, self.size, self.data = digest, size, data


class Spill:
    """A file to write to that keeps up to ``limit`` bytes and moves to the object store when there are more."""

    def __init__(self, objects: str, limit: int = INLINE_BYTES) -> None:
        self._objects, self._limit = objects, limit
        self._parts: list[bytes] = []
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: IO[bytes] | None = None
        self._temporary = Path()

    def write(self, data: Any) -> int:
        """Take any object with a buffer.

        :raises StorageError: if there is no room
        """
        with memoryview(data) as view:
            size = view.nbytes
            self._size += size
            self._hash.update(view)
            if self._file is None and self._size <= self._limit:
                self._parts.append(bytes(view))
                return size
            try:
                self._spilled().write(view)
            except OSError as error:
                raise StorageError(self._objects, error) from None
        return size

    def finish(self) -> Stored:
        """What was written.

        :raises StorageError: if there is no room
        """
        digest = self._hash.hexdigest()
        if self._file is None:
            return Stored(digest, self._size, b"".join(self._parts))
        try:
            self._file.close()
            self._publish(digest)
        except OSError as error:
            raise StorageError(self._objects, error) from None
        self._file = None
        return Stored(digest, self._size, None)

    def discard(self) -> None:
        """Leave nothing behind; does nothing after :meth:`finish`."""
        if self._file is not None:
            # Closing writes what is buffered, for which there may be no room.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
            self._temporary.unlink(missing_ok=True)

    def _spilled(self) -> IO[bytes]:
        if self._file is None:
            Path(self._objects).mkdir(parents=True, exist_ok=True)
            fd, name = tempfile.mkstemp(prefix=".writing-", dir=self._objects)
            self._temporary = Path(name)
            self._file = os.fdopen(fd, "wb", buffering=_BUFFER_BYTES)
            for part in self._parts:
                self._file.write(part)
            self._parts.clear()
        return self._file

    def _publish(self, digest: str) -> None:
        # One that is there already is replaced all the same: it may be damaged, and a purge spares what was just written.
        target = Path(self._objects, digest[:2], digest)
        target.parent.mkdir(exist_ok=True)
        self._temporary.replace(target)
