"""What a workflow is called with and what it returns, as text for people who look at it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from ..model import Mark
from ..runner.preview import preview_call, preview_parts
from ..runner.rendering import cut
from .handle import Derived, Electron, describe

_NAME: Final = 40

#: What has nothing of anybody's in it; how deep that is looked for, and among how many items, of which fewer are written.
_PLAIN: Final = (int, float, complex, bool, str, bytes, type(None), type(...))
_DEPTH: Final = 8
_ITEMS: Final = 30

#: Around what stands for a value that is not known yet: single angle quotation marks.
_OPEN: Final = "\u2039"
_CLOSE: Final = "\u203a"


def preview_arguments(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return preview_call(function, args, kwargs)


def preview_result(value: object, names: list[str]) -> tuple[str, tuple[Mark, ...]]:
    """The text of what a lattice returns, with marks where values of tasks are.

    :param names: of all tasks
    """
    text, marks = "", []
    for part in preview_parts(value, _substitute):
        if isinstance(part, int):
            shown = f"{_OPEN}{cut(names[part], _NAME)} {part}{_CLOSE}"
            marks.append(Mark(start=len(text), end=len(text) + len(shown), node_id=part))
            text += shown
        else:
            text += part
    return text, tuple(marks)


def _substitute(value: object) -> str | int | None:
    if type(value) is Electron:
        return value._ct_id
    if type(value) is Derived:
        return f"{_OPEN}{_described(value)}{_CLOSE}"
    return None


def _described(handle: Derived) -> str:
    """As it was written, unless objects are beside it, which would have to describe themselves."""
    return describe(handle) if _is_plain(handle, _DEPTH) else "…"


def _is_plain(value: object, depth: int) -> bool:
    kind = type(value)
    if kind is Electron or any(kind is one for one in _PLAIN):
        return True
    if not depth:
        return kind is Derived  # Of which no more is written than that there is one.
    parts: Iterable[object]
    if type(value) is Derived:
        parts = (*value._ct_args, *_keywords(value._ct_function))
    elif type(value) is slice:
        parts = (value.start, value.stop, value.step)
    elif type(value) is list or type(value) is tuple:
        parts = islice(value, _ITEMS)
    else:
        return False
    return all(_is_plain(part, depth - 1) for part in parts)


def _keywords(function: object) -> Iterable[object]:
    return function.keywords.values() if type(function) is functools.partial else ()
