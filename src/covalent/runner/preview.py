"""Values as short text for people, made where the values are: whoever shows the text later opens nothing.

Whatever a value is, its text has at most :data:`LIMIT` characters, and nothing of the user's runs for it: what a task or a
workflow goes on to do with the value is what it would have done.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from .bare import dictionary, inherits, member, text
from .rendering import ITEMS, LIMIT, SPARE, Writer, brief, clean, cut

if TYPE_CHECKING:
    from .rendering import Substitute

#: Characters up to which a call stays on one line.
_LINE = 100

#: Characters of an argument's name, those that its value has at least, and those that say how much of it is left out.
_NAME = 40
_LEAST = 20
_REMARK = 24

#: How many wrappers around a function are looked through.
_WRAPPERS = 16

_TAKES_MORE = 0x04  #: A code's flag for ``*args``.


def preview(value: Any) -> str:
    return brief(value) or cut("".join(map(str, preview_parts(value))), LIMIT)


def preview_parts(value: Any, substitute: Substitute | None = None) -> list[str | int]:
    """The same in parts: numbers stand where ``substitute`` has put them."""
    writer = Writer(LIMIT - SPARE, substitute)
    try:
        writer.value(value, 0)
        return [clean(part) if isinstance(part, str) else part for part in writer.parts]
    except Exception:  # noqa: BLE001 - all that is at stake is a preview
        return []


def preview_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What a function is called with, as ``name=value, …``."""
    try:
        names = [*_parameters(function, len(args)), *map(text, kwargs)]
        return clean(_call(names, [*args, *kwargs.values()]))
    except Exception:  # noqa: BLE001 - as above
        return ""


def _call(names: list[str], values: list[Any]) -> str:
    texts: list[str] = []
    shown = min(len(values), ITEMS)
    left = LIMIT - SPARE - ITEMS * 2
    for number in range(shown):
        name = f"{cut(names[number], _NAME)}=" if names[number] else ""
        written = brief(values[number])
        if written is None:
            room = left // (shown - number) - len(name) - _REMARK
            writer = Writer(max(_LEAST, room))
            writer.value(values[number], 1)
            written = "".join(map(str, writer.parts))
        texts.append(name + written)
        left -= len(texts[-1])
    if shown < len(values):
        texts.append(f"… {len(values):,} in all")
    line = ", ".join(texts)
    return cut(line if len(line) <= _LINE else ",\n".join(texts), LIMIT)


def _parameters(function: Any, count: int) -> list[str]:
    """Names of the parameters that positional arguments are for; empty where that cannot be known."""
    for _ in range(_WRAPPERS):
        own = dictionary(function)
        if not dict.__contains__(own, "__wrapped__"):
            break
        function = dict.__getitem__(own, "__wrapped__")
    code, skipped = _code(function)
    if code is None:
        return [""] * count
    names = list(code.co_varnames[skipped : code.co_argcount])
    if code.co_flags & _TAKES_MORE:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        names += [f"{rest}[{index}]" for index in range(count - len(names))]
    return (names + [""] * count)[:count]


def _code(function: Any) -> tuple[types.CodeType | None, int]:
    """What it runs, and how many parameters of that are not for whoever calls it."""
    kind, skipped = type(function), 1
    if kind is types.FunctionType:
        called, skipped = function, 0
    elif kind is types.MethodType:
        called = function.__func__
    elif inherits(kind, type):
        called = member(function, "__init__")
    else:
        called = member(kind, "__call__")
    return (called.__code__, skipped) if type(called) is types.FunctionType else (None, skipped)
