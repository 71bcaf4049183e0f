"""The sum by which a service checks the bytes that it got. Imports under Python 3.8."""

from __future__ import annotations

import base64
import hashlib
import sys
from typing import Any

_BLOCK_BYTES = 1024 * 1024


def content_md5(body: bytes | str) -> str:
    """The header ``Content-MD5`` for bytes, or for the file at a path."""
    # An image that has to do without MD5 for security's sake has it for this.
    options: dict[str, Any] = {"usedforsecurity": False} if sys.version_info >= (3, 9) else {}
    digest = hashlib.md5(**options)  # noqa: S324
    if isinstance(body, bytes):
        digest.update(body)
    else:
        with open(body, "rb") as file:  # noqa: PTH123
            for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
                digest.update(block)
    return base64.b64encode(digest.digest()).decode()
