"""A value with all that it refers to, as one stream: ``u32`` length, JSON header, then the bytes of each distinct blob.

The header is ``{"root": TREE, "blobs": [{"digest", "size"}, …]}`` with ``TREE = {"digest": …, "inputs": [TREE, …]}``. Nothing is opened
here, and a large blob is passed on in pieces, from a file or from where else it lies.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from ..errors import IntegrityError
from ..model import Blob
from ..objects import ObjectStore
from .downloads import Downloads

MEDIA_TYPE: Final = "application/x-covalent-bundle"
PIECE_BYTES: Final = 1024 * 1024

#: A blob with its data or its URI, or a file.
Source: TypeAlias = Blob | Path


def _tree(blob: Blob, found: dict[str, Blob]) -> dict[str, Any]:
    if blob.data is not None or blob.digest not in found:
        found[blob.digest] = blob
    return {"digest": blob.digest, "inputs": [_tree(part, found) for part in blob.inputs]}


def prepare(root: Blob, objects: ObjectStore) -> tuple[bytes, list[Source]]:
    """The header, and where the bytes that follow it come from.

    :raises IntegrityError: if a file of the object store is gone
    """
    found: dict[str, Blob] = {}
    tree = _tree(root, found)
    blobs, sources = [], list[Source]()
    for digest, blob in found.items():
        source, size = _source(blob, objects)
        sources.append(source)
        blobs.append({"digest": digest, "size": size})
    header = json.dumps({"root": tree, "blobs": blobs}).encode()
    return struct.pack(">I", len(header)) + header, sources


def _source(blob: Blob, objects: ObjectStore) -> tuple[Source, int]:
    if blob.data is not None:
        return blob, len(blob.data)
    path = objects.path(blob.digest)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        size = None
    if blob.uri is not None and size != blob.size:
        return blob, blob.size
    if size is None:
        raise IntegrityError(blob.digest, "stored value")
    return path, size


def elsewhere(sources: list[Source]) -> list[Blob]:
    """Those of the sources that have to be downloaded."""
    return [source for source in sources if isinstance(source, Blob) and source.data is None]


async def stream(header: bytes, sources: list[Source], downloads: Downloads) -> AsyncIterator[bytes]:
    """The bundle in pieces of about ``PIECE_BYTES``."""
    piece = bytearray(header)
    try:
        for source in sources:
            async for data in _pieces(source, downloads):
                piece += data
                if len(piece) >= PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
        yield bytes(piece)
    finally:
        await downloads.close()


async def _pieces(source: Source, downloads: Downloads) -> AsyncIterator[bytes]:
    if isinstance(source, Path):
        with await asyncio.to_thread(source.open, "rb") as file:
            while data := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield data
    elif source.data is not None:
        yield source.data
    else:
        async for data in downloads.take(source):
            yield data
