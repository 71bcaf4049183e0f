"""Arrays, tensors, tables: told by their classes' names, as none of the packages that define them is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .rendering import Writer

#: Packages whose arrays and tables can be looked into without computing anything.
_ARRAYS = {"numpy", "cupy", "torch", "jax", "jaxlib", "tensorflow"}
_TABLES = {"pandas", "polars"}

#: How many values of an array, rows and columns of a table are shown.
VALUES = 6
ROWS = 3
COLUMNS = 12

_NAME = 60


def write_figures(writer: Writer, kind: type, value: Any, depth: int) -> bool:
    """Write an array or a table; False if the value is neither, or its class has a way of its own to write itself."""
    owner = next(base for base in kind.__mro__ if "__repr__" in base.__dict__)
    package = owner.__module__.partition(".")[0]
    if package in _ARRAYS and hasattr(kind, "shape") and hasattr(kind, "dtype"):
        return _write_array(writer, f"{package}.{kind.__name__}", value, depth)
    if package in _TABLES and owner.__name__ == "DataFrame":
        _write_table(writer, f"{package}.{kind.__name__}", value, depth)
        return True
    if package in _TABLES and owner.__name__ == "Series":
        head = value.head(VALUES).to_list()
        _write_values(writer, f"{package}.{kind.__name__} {_short(value.dtype)}", len(value), head, depth)
        return True
    return False


def _write_array(writer: Writer, name: str, value: Any, depth: int) -> bool:
    shape = tuple(value.shape)
    if not shape:
        # A number, which shows itself.
        return False
    size = 1
    for length in shape:
        size *= int(length)
    try:
        first = _first(value, len(shape)) if size else []
    except Exception:  # noqa: BLE001 - sparse, or without values yet
        first = None
    about = f"{name} {_short(value.dtype)} ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    if first is None:
        writer.put(f"<{about}>")
    else:
        _write_values(writer, about, size, first, depth)
    return True


def _first(value: Any, dimensions: int) -> Any:
    if hasattr(type(value), "flat"):
        return value.flat[:VALUES].tolist()
    for _ in range(dimensions - 1):
        value = value[0]
    return value[:VALUES].tolist()


def _write_values(writer: Writer, about: str, count: int, values: Any, depth: int) -> None:
    writer.items((f"<{about}: ", ">"), values, count, depth)


def _write_table(writer: Writer, name: str, value: Any, depth: int) -> None:
    rows, columns = value.shape
    head = value.head(ROWS)
    writer.put(f"<{name} {rows:,} x {columns:,}")
    names, types = list(value.columns[:COLUMNS]), list(value.dtypes[:COLUMNS])
    for index, (column, dtype) in enumerate(zip(names, types)):  # noqa: B905 - as long as each other
        cells = head.iloc[:, index] if hasattr(head, "iloc") else head.to_series(index)
        writer.put(("\n  " if not depth else "; " if index else ": ") + f"{_short(column)} {_short(dtype)} ")
        writer.items(("[", "]"), cells.to_list(), rows, depth + 1)
    if columns > len(names):
        writer.put("; …")
    writer.put(">")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"
