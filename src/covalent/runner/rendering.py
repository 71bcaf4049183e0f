"""How values are written as text: within a budget of characters, and without running any code of whoever made their classes.

What Python itself and a few libraries make is taken apart here, each class by rules of its own; of everything else the class and
the attributes are written that it stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from .bare import name_of_class
from .kinds import writer_of

if TYPE_CHECKING:
    #: What stands in a text for a value: a text, or a number for others to replace. None where the value stands for itself.
    Substitute = Callable[[Any], str | int | None]

#: Characters of a text, and how many of them are kept free for brackets and for what says that something is left out.
LIMIT = 2000
SPARE = 240

#: How deep containers are shown, and how many of their items.
DEPTH = 5
ITEMS = 30

#: Characters of strings, by how deep they lie, and bytes of bytes.
_STRINGS = (LIMIT - SPARE, 500, 200)
_BYTES = 64

#: Bits of integers that are written out.
_BITS = 2048

#: What is written without further ado, of integers those below this.
_INTEGERS = 1 << 64

_NAME = 120


class Writer:
    """Writes one value into ``parts``, and what is in it for as long as there is room."""

    def __init__(self, room: int, substitute: Substitute | None = None) -> None:
        self.parts: list[str | int] = []
        self._room, self._substitute = room, substitute

    def put(self, part: str | int) -> None:
        self.parts.append(part)
        self._room -= len(part) if isinstance(part, str) else _NAME // 4

    def value(self, value: Any, depth: int) -> None:
        try:
            other = self._substitute(value) if self._substitute else None
            if other is None:
                writer_of(type(value))(self, value, depth)
            else:
                self.put(other)
        except Exception:  # noqa: BLE001 - a class may have made anything of itself, and another thread may change the value
            self.put(f"<{name_of_class(type(value))}>")

    def text(self, written: str, depth: int) -> None:
        """What a library of ours writes of a value."""
        self.put(cut(written, max(self._room, _NAME // 2) if not depth else _NAME))

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
            self.put(f"{cut(pair[0], _NAME)}=" if pair[0] else "")
            self.value(pair[1], depth + 1)

        self._some((f"{cut(name, _NAME)}(", ")"), pairs, count, depth, write)

    def string(self, value: str, depth: int) -> None:
        shown = min(_STRINGS[min(depth, 2)], max(self._room, 20))
        written = repr(str.__getitem__(value, slice(shown)))
        # What is not printable is longer as it is written.
        written = f"{cut(written[:-1], shown + 1)}{written[-1]}"
        length = str.__len__(value)
        self.put(written if length <= shown else f"{written}… {length:,} characters")

    def integer(self, value: int) -> None:
        bits = int.bit_length(value)
        self.put(int.__repr__(value) if bits <= _BITS else f"<int of {bits:,} bits>")

    def binary(self, kind: type[bytes | bytearray], value: Any) -> None:
        length = kind.__len__(value)
        written = repr(kind.__getitem__(value, slice(_BYTES)))
        self.put(written if length <= _BYTES else f"{written}… {length:,} bytes")

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


def brief(value: Any) -> str | None:
    """The text of what most tasks take and return, without further ado; None for everything else."""
    kind = type(value)
    if value is None or kind is bool or kind is float or (kind is int and abs(value) < _INTEGERS):
        return repr(value)
    return None


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def clean(text: str) -> str:
    """The text with what no terminal should get written as Python writes it; line breaks stay."""
    if text.isprintable():
        return text
    return cut("".join(c if c == "\n" or c.isprintable() else repr(c)[1:-1] for c in text), LIMIT)
