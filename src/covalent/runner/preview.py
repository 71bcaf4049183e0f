"""Values as short text for people, made where the values are: whoever shows the text later opens nothing.

Whatever a value is, its text has at most :data:`LIMIT` characters, is made in a moment, and nothing that the value does fails it.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from .rendering import ITEMS, LIMIT, SPARE, Patience, Writer, brief, clean, cut

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


def preview(value: Any, size: int = 0) -> str:
    """:param size: bytes of the value's pickle, as far as that is known"""
    return brief(value) or cut("".join(map(str, preview_parts(value, size))), LIMIT)


def preview_parts(value: Any, size: int = 0, substitute: Substitute | None = None) -> list[str | int]:
    """The same in parts: numbers stand where ``substitute`` has put them."""
    writer = Writer(LIMIT - SPARE, Patience(size), substitute)
    try:
        writer.value(value, 0)
        return [part if type(part) is int else clean(str(part)) for part in writer.parts]
    except Exception:  # noqa: BLE001 - a class may have made anything of itself, and all that is at stake is a preview
        return []


def preview_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], size: int = 0) -> str:
    """What a function is called with, as ``name=value, …``.

    :param size: bytes of the arguments' pickles, all together
    """
    try:
        names = [*_parameters(function, len(args)), *kwargs]
        return clean(_call(names, [*args, *kwargs.values()], Patience(size)))
    except Exception:  # noqa: BLE001 - as above
        return ""


def _call(names: list[Any], values: list[Any], patience: Patience) -> str:
    texts: list[str] = []
    shown = min(len(values), ITEMS)
    left = LIMIT - SPARE - ITEMS * 2
    for number in range(shown):
        name = f"{cut(str(names[number]), _NAME)}=" if names[number] else ""
        text = brief(values[number])
        if text is None:
            room = left // (shown - number) - len(name) - _REMARK
            writer = Writer(max(_LEAST, room), patience)
            writer.value(values[number], 1)
            text = "".join(map(str, writer.parts))
        texts.append(name + text)
        left -= len(texts[-1])
    if shown < len(values):
        texts.append(f"… {len(values):,} in all")
    line = ", ".join(texts)
    return cut(line if len(line) <= _LINE else ",\n".join(texts), LIMIT)


def _parameters(function: Any, count: int) -> list[str]:
    """Names of the parameters that positional arguments are for; empty where that cannot be known."""
    for _ in range(_WRAPPERS):
        if not hasattr(function, "__wrapped__"):
            break
        function = function.__wrapped__
    code, skipped = _code(function)
    if code is None:
        return [""] * count
    names = list(code.co_varnames[skipped : code.co_argcount])
    if code.co_flags & _TAKES_MORE:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        names += [f"{rest}[{index}]" for index in range(count - len(names))]
    return (names + [""] * count)[:count]


def _code(function: Any) -> tuple[Any, int]:
    """What it runs, and how many parameters of that are not for whoever calls it."""
    if type(function) is types.FunctionType:
        return function.__code__, 0
    if type(function) is types.MethodType:
        return getattr(function.__func__, "__code__", None), 1
    called: Any = function if isinstance(function, type) else type(function)
    return getattr(called.__init__ if called is function else called.__call__, "__code__", None), 1
