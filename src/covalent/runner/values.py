"""Opening what a task is given. Every byte is checked against its digest before anything is unpickled."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections import OrderedDict
from typing import Any, BinaryIO

from .failure import DamagedError
from .wire import IN_FILE

#: How many functions a worker keeps open, and of how many bytes together; the latest one stays, however large.
FUNCTIONS = 128
FUNCTION_BYTES = 64 * 1024 * 1024

#: How many files are remembered to be what their digests say.
_VERIFIED = 4096

_CHUNK_BYTES = 1024 * 1024


class Payload:
    """A pickle that has not been opened, and those that its references stand for."""

    __slots__ = ("data", "digest", "inputs", "path", "size")

    def __init__(self, digest: str, size: int, data: Any, path: str, inputs: list[Payload]) -> None:
        self.digest, self.size, self.data, self.path, self.inputs = digest, size, data, path, inputs

    @classmethod
    def read(cls, header: list[Any], data: Any) -> Payload:
        """From a message: ``[digest, size, offset, path, inputs]``."""
        digest, size, at, path, inputs = header
        inline = None if at == IN_FILE else data[at : at + size]
        return cls(digest, size, inline, path, [cls.read(one, data) for one in inputs])


class Values:
    """Opens payloads, and keeps functions open between tasks.

    :param verified: digests of values, and the files in which they lie, that need no check as long as the files stay as they are
    """

    def __init__(self, verified: dict[str, str] | None = None) -> None:
        self._functions: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()
        self._function_bytes = 0
        self._verified = {digest: _mark(os.stat(path)) for digest, path in (verified or {}).items()}  # noqa: PTH116

    def function(self, payload: Payload, dispatch_id: str = "") -> Any:
        """The callable, opened once for all tasks of a dispatch that use it: what they change in its globals stays among them.

        :raises DamagedError: if its bytes are not what the digest says
        """
        key = (dispatch_id, payload.digest)
        found = self._functions.get(key)
        if found is not None:
            self._functions.move_to_end(key)
            return found[0]
        function = self.open(payload)
        self._functions[key] = (function, payload.size)
        self._function_bytes += payload.size
        while len(self._functions) > 1 and (len(self._functions) > FUNCTIONS or self._function_bytes > FUNCTION_BYTES):
            _, (_, size) = self._functions.popitem(last=False)
            self._function_bytes -= size
        return function

    def forget(self, payload: Payload, dispatch_id: str = "") -> None:
        """Open this function anew next time."""
        _, size = self._functions.pop((dispatch_id, payload.digest), (None, 0))
        self._function_bytes -= size

    def open(self, payload: Payload, inputs: list[Payload] | None = None) -> Any:
        """The value. Its reference ``i`` stands for ``inputs[i]``, by default the payload's own; each is opened once.

        :raises DamagedError: if its bytes, or those of an input, are not what the digest says
        """
        refers_to = payload.inputs if inputs is None else inputs
        with self._checked(payload) as stream:
            if not refers_to:
                return pickle.load(stream)
            return _Unpickler(stream, refers_to, self).load()

    def _checked(self, payload: Payload) -> BinaryIO:
        """The payload's bytes, once they are known to be right."""
        if payload.data is not None:
            if hashlib.sha256(payload.data).hexdigest() != payload.digest:
                raise DamagedError(payload.digest, "its bytes do not match its digest")
            return io.BytesIO(payload.data)
        try:
            stream = open(payload.path, "rb")  # noqa: PTH123, SIM115
        except OSError as error:
            raise DamagedError(payload.digest, f"{payload.path} cannot be read ({error.strerror})") from None
        try:
            self._verify(payload, stream)
        except BaseException:
            stream.close()
            raise
        return stream

    def _verify(self, payload: Payload, stream: BinaryIO) -> None:
        """Read the file once; not again for as long as it is the same file, unchanged."""
        mark = _mark(os.fstat(stream.fileno()))
        if self._verified.get(payload.digest) == mark:
            return
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_CHUNK_BYTES))
        while True:
            count = stream.readinto(buffer)  # type: ignore[attr-defined]
            if not count:
                break
            digest.update(buffer[:count])
        if digest.hexdigest() != payload.digest:
            raise DamagedError(payload.digest, f"the bytes of {payload.path} do not match its digest")
        stream.seek(0)
        if len(self._verified) >= _VERIFIED:
            self._verified.clear()
        self._verified[payload.digest] = mark


def _mark(found: os.stat_result) -> tuple[int, ...]:
    """Changes whenever the file does."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: BinaryIO, inputs: list[Payload], values: Values) -> None:
        super().__init__(stream)
        self._inputs, self._values = inputs, values
        self._opened: dict[int, Any] = {}

    def persistent_load(self, pid: Any) -> Any:
        if pid not in self._opened:
            if type(pid) is not int or not 0 <= pid < len(self._inputs):
                raise pickle.UnpicklingError(f"it refers to input {pid!r} of {len(self._inputs)}")
            self._opened[pid] = self._values.open(self._inputs[pid])
        return self._opened[pid]
