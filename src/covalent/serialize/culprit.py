"""Finds which part of a value cannot be pickled, once it is known that some part cannot."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Final

MAX_DEPTH: Final = 12


def locate(value: object, encode: Callable[[object], object]) -> str:
    """Where in ``value`` the trouble lies, for the end of a sentence, as `` (at ['a'][3].lock)``; empty if at its top or not found."""
    path = "".join(_path(value, encode, MAX_DEPTH))
    return f" (at {path.strip()})" if path else ""


def _path(value: object, encode: Callable[[object], object], depth: int) -> Iterator[str]:
    for step, part in _parts(value) if depth else ():
        try:
            encode(part)
        except Exception:  # noqa: BLE001 - a value's own methods may raise anything
            yield step
            yield from _path(part, encode, depth - 1)
            return


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, FunctionType):
        yield from _function_parts(value)
    elif isinstance(vars(value) if hasattr(value, "__dict__") else None, dict):
        yield from ((f".{name}", part) for name, part in vars(value).items())


def _function_parts(function: FunctionType) -> Iterator[tuple[str, object]]:
    try:
        variables = inspect.getclosurevars(function)
    except ValueError:
        # A cell that is still empty.
        return
    yield from ((f" closure variable {name!r}", part) for name, part in variables.nonlocals.items())
    yield from ((f" global {name!r}", part) for name, part in variables.globals.items())
    yield from ((f" default [{index}]", part) for index, part in enumerate(function.__defaults__ or ()))
