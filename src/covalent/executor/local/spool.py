"""Files through which what is too large for a message, or the same for many, reaches the workers."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ...errors import DiskFullError
from ...model import Blob

#: A function up to this long travels with each task that uses it.
FUNCTION_BYTES: Final = 4 * 1024

#: Functions that are kept though no group uses them, because the next one may.
UNUSED_FUNCTIONS: Final = 64

#: Seconds for which a worker of an earlier dispatcher may still be about to read a file.
GRACE_S: Final = 60.0


class Spool:
    """A directory. The methods that write belong in threads.

    :raises DiskFullError: from those, if there is no room
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._functions: dict[str, str] = {}
        self._users: Counter[str] = Counter()
        self._unused: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make the directory, and empty it of what an earlier dispatcher left."""
        self._directory.mkdir(parents=True, exist_ok=True)
        horizon = time.time() - GRACE_S
        for file in self._directory.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime < horizon:
                    file.unlink()

    def function(self, blob: Blob) -> str | None:
        """The file in which a function is kept; None if it is in none."""
        return self._functions.get(blob.digest)

    def wants(self, blob: Blob) -> bool:
        """Whether a function is so long that it should be kept in a file."""
        return blob.data is not None and len(blob.data) > FUNCTION_BYTES

    def keep(self, blob: Blob) -> None:
        """Put a function into a file that stays until as many have let go of it as have asked to keep it, and some time longer."""
        assert blob.data is not None
        with self._lock:
            if blob.digest not in self._functions:
                self._functions[blob.digest] = self._write(f"function-{blob.digest}", blob.data)
            self._users[blob.digest] += 1
            self._unused.pop(blob.digest, None)

    def let_go(self, digests: Iterable[str]) -> None:
        """One user less of each."""
        with self._lock:
            for digest in digests:
                self._users[digest] -= 1
                if not self._users[digest]:
                    del self._users[digest]
                    self._unused[digest] = None
            while len(self._unused) > UNUSED_FUNCTIONS:
                oldest, _ = self._unused.popitem(last=False)
                Path(self._functions.pop(oldest)).unlink(missing_ok=True)

    def put(self, message: bytes) -> str:
        """Put a message into a file, which its reader removes."""
        return self._write(f"task-{uuid.uuid4().hex}", message)

    def _write(self, name: str, data: bytes) -> str:
        temporary = self._directory / f".{name}"
        try:
            temporary.write_bytes(data)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(str(self._directory)) from None
            raise
        return str(temporary.rename(self._directory / name))
