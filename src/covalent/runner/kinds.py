"""What is known of which class: how its values are written."""

from __future__ import annotations

import re
import types
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bare import (
    attribute,
    attributes,
    dictionary,
    inherits,
    is_from,
    member,
    module_of,
    mro,
    name_of,
    name_of_class,
    name_of_function,
    namespace,
    qualname_of,
    shows_itself,
)
from .bare import text as plain
from .figures import figures_writer
from .standard import standard_writer

if TYPE_CHECKING:
    from .rendering import Writer

    Write = Callable[[Writer, Any, int], None]

#: What attributes of such names hold is not written, as a class of its own may well have hidden it.
_SECRET = re.compile(
    r"passw|passphrase|pwd$|secret|credential|(?:^|_)token$|(?:api|access|account|private|auth)_?key", re.I
)
_MASK = "***"


class _Masked:
    """Stands for what is not shown."""


def writer_of(kind: type) -> Write:
    """How to write values of this class; it is told by what it is, not by what it says of itself."""
    if module_of(kind) == "builtins":
        for known, write in _BUILT_IN:
            if kind is known:
                return write
    found = _special(kind) or standard_writer(kind) or figures_writer(kind)
    if found is not None:
        return found
    for base in mro(kind):
        for known, write in _BUILT_IN:
            if base is known:
                return write
    return _write_object


def _special(kind: type) -> Write | None:
    if kind is _Masked:
        return lambda writer, _value, _depth: writer.put(_MASK)
    if kind is deque or inherits(kind, deque):
        return _write_queue
    if module_of(kind) == "covalent.secrets" and is_from(kind, "covalent"):
        return lambda writer, _value, _depth: writer.put(f"{name_of(kind)}({_MASK})")
    enum = namespace("enum").get("Enum")
    return _write_member if enum is not None and inherits(kind, enum) else None


def _write_plain(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(repr(value))


def _write_float(writer: Writer, value: float, _depth: int) -> None:
    writer.put(float.__repr__(value))


def _write_complex(writer: Writer, value: complex, _depth: int) -> None:
    writer.put(complex.__repr__(value))


def _write_integer(writer: Writer, value: int, _depth: int) -> None:
    writer.integer(value)


def _write_string(writer: Writer, value: str, depth: int) -> None:
    if shows_itself(type(value), str):
        writer.put(f"<{name_of_class(type(value))}, {str.__len__(value):,} characters>")
    else:
        writer.string(value, depth)


def _write_bytes(writer: Writer, value: Any, _depth: int) -> None:
    base = bytes if inherits(type(value), bytes) else bytearray
    if shows_itself(type(value), base):
        writer.put(f"<{name_of_class(type(value))}, {base.__len__(value):,} bytes>")
    else:
        writer.binary(base, value)


def _write_tuple(writer: Writer, value: Any, depth: int) -> None:
    kind, count = type(value), tuple.__len__(value)
    names = None if kind is tuple else member(kind, "_fields")
    if type(names) is tuple and len(names) == count and all(type(name) is str for name in names):
        writer.named(qualname_of(kind), zip(names, _unmasked(names, tuple.__iter__(value))), count, depth)  # noqa: B905
        return
    brackets = ("(", ",)" if count == 1 else ")")
    writer.items(_called(kind, tuple, brackets), tuple.__iter__(value), count, depth)


def _write_list(writer: Writer, value: Any, depth: int) -> None:
    writer.items(_called(type(value), list, ("[", "]")), list.__iter__(value), list.__len__(value), depth)


def _write_set(writer: Writer, value: Any, depth: int) -> None:
    kind = type(value)
    base: Any = set if inherits(kind, set) else frozenset
    count = base.__len__(value)
    if not count:
        writer.put(f"{name_of(kind)}()")
    else:
        writer.items(_called(kind, set, ("{", "}")), base.__iter__(value), count, depth)


def _write_queue(writer: Writer, value: Any, depth: int) -> None:
    writer.items((f"{name_of(type(value))}([", "])"), deque.__iter__(value), deque.__len__(value), depth)


def _write_dictionary(writer: Writer, value: Any, depth: int) -> None:
    writer.pairs(_called(type(value), dict, ("{", "}")), dict.items(value), dict.__len__(value), depth)


def _called(kind: type, base: type, brackets: tuple[str, str]) -> tuple[str, str]:
    return brackets if kind is base else (f"{name_of(kind)}({brackets[0]}", f"{brackets[1]})")


def _write_range(writer: Writer, value: range, depth: int) -> None:
    is_simple = type(value.step) is int and value.step == 1
    ends = (value.start, value.stop) if is_simple else (value.start, value.stop, value.step)
    writer.items(("range(", ")"), ends, len(ends), depth)


def _write_class(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(f"<class {name_of_class(value)}>")


def _write_function(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(f"<function {name_of_function(value)}>")


def _write_built_in(writer: Writer, value: Any, _depth: int) -> None:
    owner = value.__self__
    module = plain(dictionary(owner).get("__name__")) if type(owner) is types.ModuleType else ""
    name = value.__name__
    writer.put(f"<function {name if module in ('', 'builtins') else f'{module}.{name}'}>")


def _write_method(writer: Writer, value: Any, _depth: int) -> None:
    function = value.__func__
    name = name_of_function(function) if type(function) is types.FunctionType else name_of_class(type(function))
    writer.put(f"<method {name}>")


def _write_module(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(f"<module {plain(dictionary(value).get('__name__'))}>")


def _write_error(writer: Writer, value: Any, depth: int) -> None:
    args = BaseException.__dict__["args"].__get__(value)
    writer.items((f"{name_of(type(value))}(", ")"), tuple.__iter__(args), tuple.__len__(args), depth)


def _write_member(writer: Writer, value: Any, depth: int) -> None:
    kind = type(value)
    writer.put(f"<{qualname_of(kind)}.{plain(attribute(value, '_name_')) or '?'}: ")
    writer.value(attribute(value, "_value_"), depth + 1)
    writer.put(">")


def _write_object(writer: Writer, value: Any, depth: int) -> None:
    kind = type(value)
    hidden = _hidden_fields(kind)
    stored = [(name, one) for name, one in attributes(value) if name not in hidden]
    if not stored:
        # Its address tells nobody anything.
        writer.put(f"<{name_of_class(kind)}>")
        return
    names = [name for name, _ in stored]
    values = _unmasked(names, (one for _, one in stored))
    writer.named(qualname_of(kind), zip(names, values), len(stored), depth)  # noqa: B905 - as long as each other


def _hidden_fields(kind: type) -> set[str]:
    """The fields that a data class does not show."""
    fields, known = member(kind, "__dataclass_fields__"), namespace("dataclasses").get("Field")
    if type(fields) is not dict:
        return set()
    found = {name: field for name, field in fields.items() if type(name) is str and type(field) is known}
    return {name for name, field in found.items() if attribute(field, "repr") is False}


def _unmasked(names: Any, values: Any) -> Any:
    return (_Masked() if _SECRET.search(name) else one for name, one in zip(names, values))  # noqa: B905


#: The classes of Python itself, and so the bases of others.
_BUILT_IN: tuple[tuple[type, Write], ...] = (
    *((kind, _write_plain) for kind in (bool, type(None), type(...), type(NotImplemented))),
    (str, _write_string),
    (int, _write_integer),
    (float, _write_float),
    (dict, _write_dictionary),
    (list, _write_list),
    (tuple, _write_tuple),
    (set, _write_set),
    (frozenset, _write_set),
    (bytes, _write_bytes),
    (bytearray, _write_bytes),
    (complex, _write_complex),
    (range, _write_range),
    (type, _write_class),
    (types.FunctionType, _write_function),
    (types.BuiltinFunctionType, _write_built_in),
    (types.MethodType, _write_method),
    (types.ModuleType, _write_module),
    (BaseException, _write_error),
)
