"""Pages of everything that comes in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def page(items: Sequence[_T], size: int, token: str | None) -> tuple[Sequence[_T], str | None]:
    """One page, and the token of the next one if there is one.

    :raises ValueError: if the token is none of ours
    """
    try:
        start = int(base64.b64decode(token, validate=True)) if token else 0
    except binascii.Error as error:
        raise ValueError(f"not a page's token: {token!r}") from error
    end = start + size
    return items[start:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else None
