"""Values of Python's own library, told by their real classes; a module that is not imported has made none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bare import attribute, inherits, name_of, namespace

if TYPE_CHECKING:
    from .rendering import Writer

_DATETIME = "datetime"


def standard_writer(kind: type) -> Callable[[Writer, Any, int], None] | None:
    """How to write values of this class; None if it is none of these."""
    name = name_of(kind)
    for module, names, write in _KNOWN:
        if name in names and namespace(module).get(name) is kind:
            return write
    return None


def _write_own(writer: Writer, value: Any, depth: int) -> None:
    """Written by its class, which consists of C and of plain numbers."""
    writer.text(repr(value), depth)


def _write_path(writer: Writer, value: Any, depth: int) -> None:
    writer.put(f"{name_of(type(value))}(")
    writer.string(str(value), depth + 1)
    writer.put(")")


def _write_moment(writer: Writer, value: Any, depth: int) -> None:
    """A time zone may be a class of anybody's."""
    zone = value.tzinfo
    written = repr(value.replace(tzinfo=None))
    if zone is None:
        writer.text(written, depth)
        return
    writer.put(f"{written[:-1]}, tzinfo=")
    writer.value(zone, depth + 1)
    writer.put(")")


def _write_zone(writer: Writer, value: Any, _depth: int) -> None:
    known = namespace(_DATETIME)
    if value is known["timezone"].utc:
        writer.put("datetime.timezone.utc")
    else:
        offset = value.utcoffset(None)
        writer.put(f"datetime.timezone({known['timedelta'].__repr__(offset)})")


def _write_region(writer: Writer, value: Any, depth: int) -> None:
    writer.named("zoneinfo.ZoneInfo", [("key", value.key)], 1, depth)


def _write_fraction(writer: Writer, value: Any, depth: int) -> None:
    parts = (attribute(value, "_numerator"), attribute(value, "_denominator"))
    writer.items(("Fraction(", ")"), parts, 2, depth)


def _write_uuid(writer: Writer, value: Any, _depth: int) -> None:
    number = attribute(value, "int")
    digits = f"{int.__index__(number):032x}" if inherits(type(number), int) else "?"
    writer.put(f"UUID('{'-'.join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))}')")


def _write_partial(writer: Writer, value: Any, depth: int) -> None:
    given = [("", one) for one in (value.func, *tuple.__iter__(value.args))]
    given += [(name, one) for name, one in dict.items(value.keywords) if type(name) is str]
    writer.named("functools.partial", given, len(given), depth)


_KNOWN: tuple[tuple[str, tuple[str, ...], Callable[[Writer, Any, int], None]], ...] = (
    (_DATETIME, ("datetime", "time"), _write_moment),
    (_DATETIME, ("date", "timedelta"), _write_own),
    (_DATETIME, ("timezone",), _write_zone),
    ("zoneinfo", ("ZoneInfo",), _write_region),
    ("decimal", ("Decimal",), _write_own),
    ("fractions", ("Fraction",), _write_fraction),
    ("uuid", ("UUID",), _write_uuid),
    ("functools", ("partial",), _write_partial),
    (
        "pathlib",
        ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path", "PurePath"),
        _write_path,
    ),
)
