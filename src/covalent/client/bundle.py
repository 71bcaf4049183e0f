"""Values with all that they refer to, as a server sends them: received, verified, and only then opened."""

from __future__ import annotations

import hashlib
import io
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from ..errors import ClientError, IntegrityError
from .transport import CHUNK, Stream

#: Blobs larger than this wait in a temporary file, not in memory.
SPILL_LIMIT = 64 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """A pickle by its digest, and what the references 0, 1, 2, … in it stand for."""

    digest: str
    inputs: tuple[Tree, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobSize:
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    root: Tree
    blobs: tuple[BlobSize, ...]


class Bundle:
    """A received value, not opened yet. What it keeps on disk is gone once it is closed."""

    def __init__(self, root: Tree, blobs: Mapping[str, IO[bytes]]) -> None:
        self._root, self._blobs = root, blobs

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._blobs.values():
            file.close()

    @property
    def is_plain(self) -> bool:
        """Whether its pickle stands on its own."""
        return not self._root.inputs

    def root_bytes(self) -> Iterator[bytes]:
        """The bytes of the pickle itself."""
        source = self._blobs[self._root.digest]
        source.seek(0)
        while chunk := source.read(CHUNK):
            yield chunk

    def load(self) -> Any:
        """The value. This runs what the pickle says."""
        return self._load(self._root)

    def _load(self, tree: Tree) -> Any:
        file = self._blobs[tree.digest]
        file.seek(0)
        if not tree.inputs:
            return pickle.load(file)
        # Two references to equal pickles are two values, as they were where they were made.
        values = [self._load(child) for child in tree.inputs]
        file.seek(0)
        return _Unpickler(file, values).load()


def opened(bundle: Bundle, name: str) -> Any:
    """The value, with ``name`` in what is raised if opening it fails; closes the bundle."""
    with bundle:
        try:
            return bundle.load()
        except Exception as error:
            error.add_note(f"Raised while opening {name}, which arrived undamaged.")
            raise


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], values: list[Any]) -> None:
        super().__init__(file)
        self._values = values

    def persistent_load(self, reference: Any) -> Any:
        return self._values[reference]


def receive(stream: Stream) -> Bundle:
    """Read a bundle to its end and check every digest.

    :raises IntegrityError: if bytes are not what their digest says
    """
    length = int.from_bytes(stream.read(4), "big")
    try:
        header = msgspec.json.decode(stream.read(length), type=Header)
    except msgspec.MsgspecError as error:
        raise ClientError(f"The server's answer could not be understood: {error}.") from error
    blobs: dict[str, IO[bytes]] = {}
    with ExitStack() as unfinished:
        for blob in header.blobs:
            blobs[blob.digest] = unfinished.enter_context(_place(blob.size))
            _receive(stream, blob, blobs[blob.digest])
        stream.finish()
        unfinished.pop_all()
    return Bundle(header.root, blobs)


def _place(size: int) -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="covalent-") if size > SPILL_LIMIT else io.BytesIO()


def _receive(stream: Stream, blob: BlobSize, file: IO[bytes]) -> None:
    digest = hashlib.sha256()
    left = blob.size
    while left:
        chunk = stream.read(min(left, CHUNK))
        digest.update(chunk)
        file.write(chunk)
        left -= len(chunk)
    if digest.hexdigest() != blob.digest:
        raise IntegrityError(blob.digest)
