"""How values are written as text: within a budget of characters and time, and without harm to whoever owns them.

What Python itself makes is taken apart here. Other objects write themselves, if they can do so in a moment.
"""

from __future__ import annotations

import re
import sys
import time
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .deadline import OverdueError, within
from .figures import write_figures

if TYPE_CHECKING:
    #: What stands in a text for a value: a text, or a number for others to replace. None where the value stands for itself.
    Substitute = Callable[[Any], str | int | None]

#: Characters of a text, and how many of them are kept free for brackets and for what says that something is left out.
LIMIT = 2000
SPARE = 240

#: How deep containers are shown, and how many of their items.
DEPTH = 5
ITEMS = 30

#: Seconds that values' own methods may take for one text, and characters that are shown of what one of them returns inside another.
PATIENCE_S = 0.05
OWN_CHARACTERS = 300

#: Bytes of a pickle from which on a value's own methods are not called: they may look at all of it.
LARGE_BYTES = 1024 * 1024

#: Characters of strings, by how deep they lie, and bytes of bytes.
_STRINGS = (LIMIT - SPARE, 500, 200)
_BYTES = 64

#: Bits of integers that are written out.
_BITS = 2048

#: What is written as it is; integers below this.
_BRIEF = {int, float, bool, type(None)}
_INTEGERS = 1 << 64

_NAME = 120
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_BREAKS = re.compile(r"\s*\n\s*")


class Patience:
    """Calls values' own methods for as long as there is time.

    :param size: bytes of all pickles together that the values were, or become
    """

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self._left_s = 0.0 if size > LARGE_BYTES else PATIENCE_S

    def own_text(self, value: Any) -> str:
        """``repr(value)``.

        :raises OverdueError: if it cannot be had, or not in time
        """
        if self._left_s <= 0:
            raise OverdueError
        started = time.monotonic()
        try:
            text = within(self._left_s, lambda: repr(value))
            return str.__getitem__(text, slice(LIMIT))
        except BaseException:  # noqa: BLE001 - the class is the user's
            raise OverdueError from None
        finally:
            self._left_s -= time.monotonic() - started


class Writer:
    """Writes one value into ``parts``, and what is in it for as long as there is room."""

    def __init__(self, room: int, patience: Patience, substitute: Substitute | None = None) -> None:
        self.parts: list[str | int] = []
        self._room, self._patience, self._substitute = room, patience, substitute

    def put(self, text: str | int) -> None:
        self.parts.append(text)
        self._room -= len(text) if isinstance(text, str) else _NAME // 4

    def value(self, value: Any, depth: int) -> None:
        kind = type(value)
        try:
            other = self._substitute(value) if self._substitute else None
            if other is not None:
                self.put(other)
            elif kind.__repr__ in _KNOWN:
                _KNOWN[kind.__repr__](self, value, depth)
            elif not (_write_fields(self, kind, value, depth) or write_figures(self, kind, value, depth)):
                self.put(self._own(kind, value, depth))
        except Exception:  # noqa: BLE001 - a class may have made anything of itself
            self.put(f"<{name_of_class(kind)}>")

    def items(self, brackets: tuple[str, str], values: Iterable[Any], count: int, depth: int) -> None:
        """Values with commas between them."""
        self._some(brackets, values, count, depth, lambda value: self.value(value, depth + 1))

    def pairs(self, brackets: tuple[str, str], pairs: Iterable[tuple[Any, Any]], count: int, depth: int) -> None:
        """Keys and values."""

        def write(pair: tuple[Any, Any]) -> None:
            self.value(pair[0], max(depth + 1, 2))
            self.put(": ")
            self.value(pair[1], depth + 1)

        self._some(brackets, pairs, count, depth, write)

    def named(self, name: str, pairs: Iterable[tuple[str, Any]], count: int, depth: int) -> None:
        """A class with what it is made of."""

        def write(pair: tuple[str, Any]) -> None:
            self.put(f"{cut(pair[0], _NAME)}=")
            self.value(pair[1], depth + 1)

        self._some((f"{name}(", ")"), pairs, count, depth, write)

    def string(self, value: str, depth: int) -> None:
        shown = min(_STRINGS[min(depth, 2)], max(self._room, 20))
        text = repr(str.__getitem__(value, slice(shown)))
        # What is not printable is longer as it is written.
        text = f"{cut(text[:-1], shown + 1)}{text[-1]}"
        length = str.__len__(value)
        self.put(text if length <= shown else f"{text}… {length:,} characters")

    def _some(
        self,
        brackets: tuple[str, str],
        values: Iterable[Any],
        count: int,
        depth: int,
        write: Callable[[Any], None],
    ) -> None:
        self.put(brackets[0])
        shown = 0
        for value in islice(values, ITEMS if depth < DEPTH else 0):
            if self._room <= 0:
                break
            if shown:
                self.put(", ")
            write(value)
            shown += 1
        if shown < count:
            self.put(f"{', ' if shown else ''}… {count:,} in all")
        self.put(brackets[1])

    def _own(self, kind: type, value: Any, depth: int) -> str:
        """What the value says of itself; its class alone if that takes too long."""
        try:
            text = _ADDRESS.sub("", self._patience.own_text(value))
        except OverdueError:
            large = not depth and self._patience.size > LARGE_BYTES
            return f"<{name_of_class(kind)}{f', {self._patience.size / LARGE_BYTES:,.1f} MiB' if large else ''}>"
        room = max(self._room, _NAME // 2)
        return cut(_BREAKS.sub(" ", text), min(OWN_CHARACTERS, room)) if depth else cut(text, room)


def brief(value: Any) -> str | None:
    """The text of what most tasks take and return, without further ado; None for everything else."""
    if type(value) in _BRIEF and (type(value) is not int or abs(value) < _INTEGERS):
        return repr(value)
    return None


def name_of_class(kind: type) -> str:
    """Where a class is found."""
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return cut(name, _NAME)


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def clean(text: str) -> str:
    """The text with what no terminal should get written as Python writes it; line breaks stay."""
    if text.isprintable():
        return text
    return cut("".join(c if c == "\n" or c.isprintable() else repr(c)[1:-1] for c in text), LIMIT)


def _write_plain(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(repr(value))


def _write_integer(writer: Writer, value: int, _depth: int) -> None:
    bits = int.bit_length(value)
    writer.put(int.__repr__(value) if bits <= _BITS else f"<int of {bits:,} bits>")


def _write_bytes(writer: Writer, value: Any, _depth: int) -> None:
    length = len(memoryview(value))
    text = repr(bytes(memoryview(value)[:_BYTES]))
    text = text if isinstance(value, bytes) else f"bytearray({text})"
    writer.put(text if length <= _BYTES else f"{text}… {length:,} bytes")


def _write_tuple(writer: Writer, value: Any, depth: int) -> None:
    count = tuple.__len__(value)
    writer.items(("(", ",)" if count == 1 else ")"), tuple.__iter__(value), count, depth)


def _write_set(writer: Writer, value: Any, depth: int) -> None:
    count, name = len(value), type(value).__name__
    if not count:
        writer.put(f"{name}()")
        return
    is_plain = type(value) is set
    writer.items(("{", "}") if is_plain else (f"{name}({{", "})"), iter(value), count, depth)


def _write_list(writer: Writer, value: Any, depth: int) -> None:
    writer.items(("[", "]"), list.__iter__(value), list.__len__(value), depth)


def _write_queue(writer: Writer, value: Any, depth: int) -> None:
    writer.items((f"{type(value).__name__}([", "])"), deque.__iter__(value), deque.__len__(value), depth)


def _write_dictionary(writer: Writer, value: Any, depth: int) -> None:
    is_plain = type(value) is dict
    brackets = ("{", "}") if is_plain else (f"{type(value).__name__}({{", "})")
    writer.pairs(brackets, dict.items(value), dict.__len__(value), depth)


def _write_object(writer: Writer, value: Any, _depth: int) -> None:
    # Its address tells nobody anything, and its attributes it does not show by itself.
    writer.put(f"<{name_of_class(type(value))}>")


def _write_class(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(f"<class {name_of_class(value)}>")


def _write_function(writer: Writer, value: Any, _depth: int) -> None:
    writer.put(f"<function {cut(f'{value.__module__}.{value.__qualname__}', _NAME)}>")


def _write_error(writer: Writer, value: Any, depth: int) -> None:
    writer.items((f"{type(value).__name__}(", ")"), iter(value.args), len(value.args), depth)


#: How objects are written, by what their own ``repr`` would call: so a class that writes itself is left to do so.
_KNOWN: dict[Any, Callable[[Writer, Any, int], None]] = {
    **{
        kind.__repr__: _write_plain
        for kind in (bool, float, complex, range, type(None), type(...), type(NotImplemented))
    },
    int.__repr__: _write_integer,
    str.__repr__: Writer.string,
    bytes.__repr__: _write_bytes,
    bytearray.__repr__: _write_bytes,
    list.__repr__: _write_list,
    tuple.__repr__: _write_tuple,
    set.__repr__: _write_set,
    frozenset.__repr__: _write_set,
    deque.__repr__: _write_queue,
    **{kind.__repr__: _write_dictionary for kind in (dict, OrderedDict, defaultdict, Counter)},
    object.__repr__: _write_object,
    type.__repr__: _write_class,
    types.FunctionType.__repr__: _write_function,
    BaseException.__repr__: _write_error,
}


class _Named(NamedTuple):
    """A named tuple, of which all share the code of their ``repr``."""


_NAMED_CODE = _Named.__repr__.__code__


def _write_fields(writer: Writer, kind: type, value: Any, depth: int) -> bool:
    """Write a named tuple or a data class that has the ``repr`` it was made with; False if it is neither."""
    method: Any = kind.__repr__
    if getattr(method, "__code__", None) is _NAMED_CODE:
        names = value._fields
        writer.named(kind.__name__, zip(names, tuple.__iter__(value)), len(names), depth)  # noqa: B905
        return True
    made_as = getattr(getattr(method, "__wrapped__", None), "__qualname__", "")
    if "__create_fn__" not in made_as or "dataclasses" not in sys.modules:
        return False
    names = [field.name for field in sys.modules["dataclasses"].fields(kind) if field.repr]
    writer.named(kind.__qualname__, ((name, _attribute(kind, value, name)) for name in names), len(names), depth)
    return True


def _attribute(kind: type, value: Any, name: str) -> Any:
    """What is stored in an object, without running any code of its class."""
    own = getattr(value, "__dict__", None)
    if type(own) is dict and name in own:
        return own[name]
    for base in kind.__mro__:
        found = base.__dict__.get(name)
        if isinstance(found, types.MemberDescriptorType):
            return found.__get__(value, kind)
    raise AttributeError(name)
