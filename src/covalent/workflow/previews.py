"""What a workflow is called with and what it returns, as text for people who look at it."""

from __future__ import annotations

from typing import Any, Final

from ..model import Mark
from ..runner.preview import preview_call, preview_parts
from ..runner.rendering import cut
from .handle import Derived, Electron, describe

_NAME: Final = 40

#: Around what stands for a value that is not known yet: single angle quotation marks.
_OPEN: Final = "\u2039"
_CLOSE: Final = "\u203a"


def preview_arguments(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], size: int) -> str:
    """:param size: bytes of their pickle"""
    return preview_call(function, args, kwargs, size)


def preview_result(value: object, size: int, names: list[str]) -> tuple[str, tuple[Mark, ...]]:
    """The text of what a lattice returns, with marks where values of tasks are.

    :param names: of all tasks
    """
    text, marks = "", []
    for part in preview_parts(value, size, _substitute):
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
    try:
        return describe(handle)
    except Exception:  # noqa: BLE001 - what is beside a handle describes itself
        return "…"
