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
    start = start_of(token) if token else 0
    end = start + size
    return items[start:end], token_of(end) if end < len(items) else None


def token_of(start: int) -> str:
    """What names the page that begins there."""
    return base64.b64encode(str(start).encode()).decode()


def start_of(token: str) -> int:
    """Where the page of this token begins.

    :raises ValueError: if the token is none of ours
    """
    try:
        return int(base64.b64decode(token, validate=True))
    except binascii.Error as error:
        raise ValueError(f"not a page's token: {token!r}") from error
