"""Arrays, tensors, tables: of the very classes of these packages, none of which is imported here. Subclasses may be anybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bare import dictionary, inherits, is_from, module_of, name_of, namespace

if TYPE_CHECKING:
    from .rendering import Writer

#: Packages of whose arrays only type and shape are shown: their values may lie in another device.
_ELSEWHERE = ("cupy", "jaxlib", "tensorflow")
_ARRAYS = ("ndarray", "ArrayImpl", "EagerTensor")

#: How many values of an array, rows and columns of a table are shown.
VALUES = 6
ROWS = 3
COLUMNS = 12

_NAME = 60


def figures_writer(kind: type) -> Callable[[Writer, Any, int], None] | None:
    """How to write values of this class; None if it is none of these."""
    package, name = module_of(kind).partition(".")[0], name_of(kind)
    known = namespace(package)
    if package == "torch":
        return _write_tensor if name == "Tensor" and known.get(name) is kind else None
    if package in _ELSEWHERE:
        return _write_shape if name in _ARRAYS and is_from(kind, package) else None
    if package in ("pandas", "polars"):
        tables = {"DataFrame": _write_table, "Series": _write_column}
        return tables.get(name) if known.get(name) is kind else None
    array = namespace("numpy").get("ndarray")
    if array is None or not (inherits(kind, array) or inherits(kind, namespace("numpy")["generic"])):
        return None
    if kind is array:
        return _write_array
    return _write_derived if inherits(kind, array) else _write_number if known.get(name) is kind else None


def _write_number(writer: Writer, value: Any, depth: int) -> None:
    numpy = namespace("numpy")
    if inherits(type(value), numpy["void"]) or inherits(type(value), numpy["character"]):
        writer.named(f"numpy.{name_of(type(value))}", [("", value.item())], 1, depth)
    else:
        writer.text(repr(value), depth)


def _write_array(writer: Writer, value: Any, depth: int) -> None:
    about = f"numpy.ndarray {_short(value.dtype)} {_shape(value.shape)}"
    writer.items((f"<{about}: ", ">"), value.flat[:VALUES].tolist(), value.size, depth)


def _write_derived(writer: Writer, value: Any, _depth: int) -> None:
    """A subclass is told of each array that is made of it, so none is."""
    base = namespace("numpy")["ndarray"].__dict__
    shape, dtype = base["shape"].__get__(value), base["dtype"].__get__(value)
    writer.put(f"<{module_of(type(value)).partition('.')[0]}.{name_of(type(value))} {_short(dtype)} {_shape(shape)}>")


def _write_tensor(writer: Writer, value: Any, depth: int) -> None:
    about = f"torch.Tensor {_short(value.dtype)} {_shape(value.shape)}"
    if value.device.type != "cpu" or str(value.layout) != "torch.strided" or not len(value.shape):
        writer.put(f"<{about}>")
        return
    row, size = value.detach(), 1
    for length in value.shape:
        size *= length
    for _ in value.shape[1:] if size else ():
        row = row[0]
    writer.items((f"<{about}: ", ">"), row[:VALUES].tolist() if size else [], size, depth)


def _write_shape(writer: Writer, value: Any, _depth: int) -> None:
    kind = type(value)
    writer.put(f"<{module_of(kind).partition('.')[0]}.{name_of(kind)} {_short(value.dtype)} {_shape(value.shape)}>")


def _write_column(writer: Writer, value: Any, depth: int) -> None:
    name = f"{module_of(type(value)).partition('.')[0]}.Series"
    if not _is_plain(value):
        writer.put(f"<{name}>")
        return
    head = value.head(VALUES).to_list()
    writer.items((f"<{name} {_short(value.dtype)}: ", ">"), head, len(value), depth)


def _write_table(writer: Writer, value: Any, depth: int) -> None:
    name = f"{module_of(type(value)).partition('.')[0]}.DataFrame"
    if not _is_plain(value):
        writer.put(f"<{name}>")
        return
    rows, columns = value.shape
    head = value.head(ROWS)
    writer.put(f"<{name} {rows:,} x {columns:,}")
    names, types = list(value.columns[:COLUMNS]), list(value.dtypes[:COLUMNS])
    for index, (column, dtype) in enumerate(zip(names, types)):  # noqa: B905 - as long as each other
        cells = head.iloc[:, index] if name.startswith("pandas.") else head.to_series(index)
        writer.put("\n  " if not depth else "; " if index else ": ")
        writer.put(column[:_NAME]) if type(column) is str else writer.value(column, max(depth, 2))
        writer.put(f" {_short(dtype)} ")
        writer.items(("[", "]"), cells.to_list(), rows, depth + 1)
    if columns > len(names):
        writer.put("; …")
    writer.put(">")


def _is_plain(value: Any) -> bool:
    """Whether a table consists of columns that pandas or numpy has made: others have a class of anybody's, and so may labels and notes."""
    if module_of(type(value)).partition(".")[0] == "polars":
        return True
    own = dictionary(value)
    manager = own["_mgr"]
    parts = [block.values for block in manager.blocks]
    return not own.get("_attrs") and all(_is_known(type(part)) for part in (*parts, *manager.axes))


def _is_known(kind: type) -> bool:
    return is_from(kind, "pandas") or kind is namespace("numpy").get("ndarray")


def _shape(shape: Any) -> str:
    lengths = tuple(shape)
    return f"({', '.join(map(str, lengths))}{',' if len(lengths) == 1 else ''})"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"
