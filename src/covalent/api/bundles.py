"""A value with all that it refers to, as one stream: ``u32`` length, JSON header, then the bytes of each distinct blob.

The header is ``{"root": TREE, "blobs": [{"digest", "size"}, …]}`` with ``TREE = {"digest": …, "inputs": [TREE, …]}``. Nothing is opened
here, and a large blob is passed on in pieces.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from ..errors import IntegrityError
from ..model import Blob
from ..objects import ObjectStore

MEDIA_TYPE: Final = "application/x-covalent-bundle"
PIECE_BYTES: Final = 1024 * 1024


def _tree(blob: Blob, found: dict[str, Blob]) -> dict[str, Any]:
    found.setdefault(blob.digest, blob)
    return {"digest": blob.digest, "inputs": [_tree(part, found) for part in blob.inputs]}


def prepare(root: Blob, objects: ObjectStore) -> tuple[bytes, list[Blob | Path]]:
    """The header, and where the bytes that follow it come from.

    :raises IntegrityError: if a file of the object store is gone
    """
    found: dict[str, Blob] = {}
    tree = _tree(root, found)
    blobs, sources = [], list[Blob | Path]()
    for digest, blob in found.items():
        if blob.data is not None:
            sources.append(blob)
            size = len(blob.data)
        else:
            path = objects.path(digest)
            if not path.exists():
                raise IntegrityError(digest, "stored value")
            sources.append(path)
            size = path.stat().st_size
        blobs.append({"digest": digest, "size": size})
    header = json.dumps({"root": tree, "blobs": blobs}).encode()
    return struct.pack(">I", len(header)) + header, sources


async def stream(header: bytes, sources: list[Blob | Path]) -> AsyncIterator[bytes]:
    """The bundle in pieces of about ``PIECE_BYTES``."""
    piece = bytearray(header)
    for source in sources:
        if isinstance(source, Blob):
            piece += source.data or b""
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
            continue
        yield bytes(piece)
        piece.clear()
        with await asyncio.to_thread(source.open, "rb") as file:
            while data := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield data
    yield bytes(piece)
