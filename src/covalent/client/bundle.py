"""Values with all that they refer to, as a server sends them: received, verified, and only then opened."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

from ..errors import IntegrityError
from ..serialize import load
from .decoding import decoded
from .transport import CHUNK, Stream

#: A bundle larger than this waits in a temporary file, not in memory.
MEMORY_LIMIT = 64 << 20


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

    def __init__(self, root: Tree, file: IO[bytes], places: Mapping[str, range]) -> None:
        self._root, self._file, self._places = root, file, places

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def is_plain(self) -> bool:
        """Whether its pickle stands on its own."""
        return not self._root.inputs

    def root_bytes(self) -> Iterator[bytes]:
        """The bytes of the pickle itself."""
        place = self._places[self._root.digest]
        self._file.seek(place.start)
        for begin in range(place.start, place.stop, CHUNK):
            yield self._file.read(min(CHUNK, place.stop - begin))

    def load(self) -> Any:
        """The value. This runs what the pickle says."""
        return self._load(self._root)

    def _load(self, tree: Tree) -> Any:
        # Two references to equal pickles are two values, as they were where they were made.
        values = [self._load(child) for child in tree.inputs]
        self._file.seek(self._places[tree.digest].start)
        return load(self._file, values)


def opened(bundle: Bundle, name: str) -> Any:
    """The value, with ``name`` in what is raised if opening it fails; closes the bundle."""
    with bundle:
        try:
            return bundle.load()
        except Exception as error:
            error.add_note(f"Raised while opening {name}, which arrived undamaged.")
            raise


def receive(stream: Stream) -> Bundle:
    """Read a bundle to its end and check every digest.

    :raises IntegrityError: if bytes are not what their digest says
    """
    length = int.from_bytes(stream.read(4), "big")
    header = decoded(stream.read(length), Header)
    places: dict[str, range] = {}
    with ExitStack() as unfinished:
        file = unfinished.enter_context(tempfile.SpooledTemporaryFile(MEMORY_LIMIT, prefix="covalent-"))
        for blob in header.blobs:
            begin = file.tell()
            _receive(stream, blob, file)
            places[blob.digest] = range(begin, file.tell())
        stream.finish()
        unfinished.pop_all()
    return Bundle(header.root, file, places)


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
