"""``page_size``, ``page_token`` and ``next_page_token``, which all of Google's lists have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from .. import pages
from .refusal import RefusalError

_T = TypeVar("_T")


def paginate(items: Sequence[_T], request: Any, *, default: int, most: int) -> tuple[Sequence[_T], str]:
    """The page that is asked for, and the token of the next; empty if there is none.

    :param most: entries that a page has at most, however many are asked for
    :raises RefusalError: if there cannot be such a page
    """
    size = page_size(request, default=default, most=most)
    try:
        shown, token = pages.page(items, size, request.page_token or None)
    except ValueError as error:
        raise unknown_token(request) from error
    return shown, token or ""


def page_size(request: Any, *, default: int, most: int) -> int:
    """How many entries a page has. Otherwise as :func:`paginate`."""
    if request.page_size < 0:
        raise RefusalError("INVALID_ARGUMENT", f"page_size must not be negative; it is {request.page_size}.")
    return int(min(request.page_size or default, most))


def unknown_token(request: Any) -> RefusalError:
    return RefusalError("INVALID_ARGUMENT", f"page_token is invalid: {request.page_token!r}.")
