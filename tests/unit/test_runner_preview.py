"""Values as short text, made where they are: bounded in length and time, whatever they do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covalent.runner.preview import preview, preview_call, preview_parts
from covalent.runner.rendering import DEPTH, LARGE_BYTES, LIMIT


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: Any


@dataclasses.dataclass
class Plan:
    name: str
    steps: list[int]
    password: str = dataclasses.field(default="hidden", repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    value: int


class Plain:
    def __init__(self) -> None:
        self.password = "hidden"


class Masked:
    def __repr__(self) -> str:
        return "Masked('***')"


class MaskedTuple(NamedTuple):
    password: str

    def __repr__(self) -> str:
        return "MaskedTuple(***)"


@dataclasses.dataclass
class MaskedPlan(Plan):
    def __repr__(self) -> str:
        return "MaskedPlan(***)"


class MaskedDict(dict[str, str]):
    def __repr__(self) -> str:
        return "MaskedDict(***)"


class MaskedText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class Raises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class Sleeps:
    def __repr__(self) -> str:
        time.sleep(30)
        return "awake"


class Loops:
    def __repr__(self) -> str:
        while True:
            pass


class Recursive:
    def __repr__(self) -> str:
        return repr(self)


class Endless:
    def __repr__(self) -> str:
        return "x" * 10_000_000


class NoText:
    def __repr__(self) -> str:
        return 1  # type: ignore[return-value]


class Speaks:
    """Not even asked for its ``repr``."""

    asked = 0

    def __repr__(self) -> str:
        type(self).asked += 1
        return "Speaks()"


def spaced(text: str) -> str:
    return text.replace(f"{__name__}.", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (-3, "-3"),
        (2.5, "2.5"),
        (1 << 100, str(1 << 100)),
        (10**9999, "<int of 33,216 bits>"),
        ("it's", '"it\'s"'),
        ("a\n\x1b[31m", r"'a\n\x1b[31m'"),
        (b"ab", "b'ab'"),
        (bytearray(b"ab"), "bytearray(b'ab')"),
        (bytes(1000), "b'" + r"\x00" * 64 + "'… 1,000 bytes"),
        ([], "[]"),
        ([1, "a", None], "[1, 'a', None]"),
        ((1,), "(1,)"),
        ((), "()"),
        (set(), "set()"),
        ({1}, "{1}"),
        (frozenset({1}), "frozenset({1})"),
        ({"a": {"b": (1, 2)}}, "{'a': {'b': (1, 2)}}"),
        (list(range(1000)), "[" + ", ".join(map(str, range(30))) + ", … 1,000 in all]"),
        (range(3), "range(0, 3)"),
        (deque([1]), "deque([1])"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (defaultdict(int, a=1), "defaultdict({'a': 1})"),
        (Counter("aa"), "Counter({'a': 2})"),
        (Point(1, [2]), "Point(x=1, y=[2])"),
        (Plan("n", [1]), "Plan(name='n', steps=[1])"),
        (Slotted(3), "Slotted(value=3)"),
        (Colour.RED, "<Colour.RED: 1>"),
        (ValueError("no", 1), "ValueError('no', 1)"),
        (Decimal("1.5"), "Decimal('1.5')"),
        (PurePosixPath("/a"), "PurePosixPath('/a')"),
        (dt.date(2026, 1, 2), "datetime.date(2026, 1, 2)"),
        (Plain(), "<Plain>"),
        (Plain, "<class Plain>"),
        (spaced, "<function spaced>"),
        (object(), "<object>"),
        (iter([]), "<list_iterator>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown_as_a_person_would_write_it(value: Any, text: str) -> None:
    assert spaced(preview(value)) == text


@pytest.mark.parametrize(
    "kind", [Masked, lambda: MaskedTuple("x"), lambda: MaskedPlan("x", []), lambda: MaskedText("x")]
)
def test_what_a_class_hides_stays_hidden(kind: Any) -> None:
    assert "***" in preview(kind())
    assert "***" in preview([{"a": kind()}])
    assert "***" in preview_call(spaced, (kind(),), {})
    assert preview(MaskedDict(a="secret")) == "MaskedDict(***)"


def test_a_long_text_says_how_long_it_is() -> None:
    assert preview("x" * 100_000).endswith("x'… 100,000 characters")
    assert preview(["x" * 1000]) == f"['{'x' * 500}'… 1,000 characters]"
    assert preview([["x" * 1000]]) == f"[['{'x' * 200}'… 1,000 characters]]"


def test_depth_is_bounded_and_what_holds_itself_ends() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    assert preview(deep) == "[" * (DEPTH + 1) + "… 1 in all" + "]" * (DEPTH + 1)
    around: list[Any] = []
    around.append(around)
    assert len(preview(around)) < 40


def test_brackets_are_closed_where_there_is_no_more_room() -> None:
    text = preview([list(range(40)) for _ in range(40)])
    assert text.endswith("in all]")
    assert text.count("[") == text.count("]")
    assert len(text) <= LIMIT


@pytest.mark.parametrize(
    "value",
    [Raises(ValueError("x")), Raises(SystemExit(1)), Raises(KeyboardInterrupt()), Recursive(), NoText()],
    ids=["error", "exit", "interrupt", "recursion", "no-text"],
)
def test_an_object_that_cannot_show_itself_is_shown_by_its_class(value: Any) -> None:
    assert spaced(preview(value)) == f"<{type(value).__name__}>"
    assert spaced(preview([value, 1])) == f"[<{type(value).__name__}>, 1]"


@pytest.mark.parametrize("kind", [Sleeps, Loops])
def test_objects_that_take_long_to_show_themselves_share_a_moment(kind: Any) -> None:
    began = time.monotonic()
    text = preview([kind() for _ in range(10)])
    assert time.monotonic() - began < 1
    assert spaced(text) == "[" + ", ".join([f"<{kind.__name__}>"] * 10) + "]"


def test_an_object_that_says_too_much_is_cut() -> None:
    assert len(preview(Endless())) <= LIMIT
    assert preview([Endless(), 1]) == f"[{'x' * 299}…, 1]"


def test_the_methods_of_large_values_are_not_called() -> None:
    assert spaced(preview(Speaks(), 3 * LARGE_BYTES)) == "<Speaks, 3.0 MiB>"
    assert spaced(preview([Speaks()], 3 * LARGE_BYTES)) == "[<Speaks>]"
    assert spaced(preview_call(spaced, (Speaks(),), {}, 3 * LARGE_BYTES)) == "text=<Speaks>"
    assert Speaks.asked == 0
    assert preview(Speaks(), LARGE_BYTES) == "Speaks()"


def test_where_nothing_can_be_interrupted_no_method_is_called() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(preview([Masked(), 1])))
    thread.start()
    thread.join()
    assert spaced(found[0]) == "[<Masked>, 1]"


def test_control_characters_and_halves_of_pairs_are_written_out() -> None:
    class Loud:
        def __repr__(self) -> str:
            return "\x1b[31mred\x07\ud800\nline"

    assert preview(Loud()) == "\\x1b[31mred\\x07\\ud800\nline"
    assert preview([Loud()]) == "[\\x1b[31mred\\x07\\ud800 line]"


# Arrays and tables


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((3, 4)), "<numpy.ndarray float64 (3, 4): 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, … 12 in all>"),
        (np.arange(3), "<numpy.ndarray int64 (3,): 0, 1, 2>"),
        (np.zeros((0, 2)), "<numpy.ndarray float64 (0, 2): >"),
        (np.array(["a", "b"]), "<numpy.ndarray <U1 (2,): 'a', 'b'>"),
        (np.float64(1.5), repr(np.float64(1.5))),
        (np.array([None, {1: 2}], dtype=object), "<numpy.ndarray object (2,): None, {1: 2}>"),
    ],
    ids=["matrix", "vector", "empty", "text", "number", "objects"],
)
def test_an_array_is_shown_by_type_shape_and_a_few_values(value: Any, text: str) -> None:
    assert preview(value) == text


def test_a_large_array_costs_no_more_than_a_small_one() -> None:
    big = np.broadcast_to(np.float64(1), (1 << 20, 1 << 20))
    began = time.monotonic()
    assert "(1048576, 1048576): 1.0, 1.0" in preview(big, 1 << 43)
    assert time.monotonic() - began < 0.5


def made(package: str, name: str, **members: Any) -> Any:
    """An object of a class that says that it is a package's: none of these is installed for tests."""
    return type(name, (), {"__module__": package, "__repr__": lambda self: "long", **members})()


class Row:
    """A row of a tensor; slices of it know their values."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def __getitem__(self, wanted: slice) -> Row:
        return Row(self.values[wanted])

    def tolist(self) -> list[float]:
        return self.values


def test_a_tensor_is_shown_by_its_first_row() -> None:
    tensor = made(
        "torch", "Tensor", shape=(2, 8), dtype="torch.float32", __getitem__=lambda self, _: Row([1.0, 2.0] * 4)
    )
    assert preview(tensor) == "<torch.Tensor torch.float32 (2, 8): 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, … 16 in all>"


def test_an_array_without_values_at_hand_is_shown_by_type_and_shape() -> None:
    def refuse(*_: Any) -> Any:
        raise NotImplementedError

    assert (
        preview(made("jaxlib", "ArrayImpl", shape=(2,), dtype="f4", __getitem__=refuse)) == "<jaxlib.ArrayImpl f4 (2,)>"
    )


class Column(list[Any]):
    dtype = "int64"

    def to_list(self) -> list[Any]:
        return list(self)

    def head(self, count: int) -> Column:
        return Column(self[:count])


def test_a_table_is_shown_by_its_columns() -> None:
    class Head:
        def to_series(self, index: int) -> Column:
            return Column([index, 1, 2])

    table = made(
        "polars.dataframe.frame",
        "DataFrame",
        shape=(150, 20),
        columns=[f"c{n}" for n in range(20)],
        dtypes=["Int64"] * 20,
        head=lambda self, _: Head(),
    )
    first, *more = preview(table).splitlines()
    assert (first, more[1].strip()) == ("<polars.DataFrame 150 x 20", "c1 Int64 [1, 1, 2, … 150 in all]")
    assert more[-1].endswith("; …>")
    assert "\n" not in preview([table])


def test_a_column_is_shown_by_its_first_values() -> None:
    series = made(
        "pandas.core.series",
        "Series",
        dtype="int64",
        head=lambda self, count: Column(range(count)),
        __len__=lambda self: 40,
    )
    assert preview(series) == "<pandas.Series int64: 0, 1, 2, 3, 4, 5, … 40 in all>"


# Calls


def function(x: Any, y: Any = 1, *more: Any, key: Any = 2) -> None: ...


class Model:
    def fit(self, data: Any) -> None: ...

    def __call__(self, value: Any) -> None: ...


class Made:
    def __init__(self, size: int) -> None: ...


@functools.wraps(function)
def wrapped(*args: Any, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    ("called", "args", "kwargs", "text"),
    [
        (function, (1,), {}, "x=1"),
        (function, (1, 2, 3, 4), {"key": [5]}, "x=1, y=2, more[0]=3, more[1]=4, key=[5]"),
        (wrapped, (1,), {"y": "a"}, "x=1, y='a'"),
        (Model().fit, ([1],), {}, "data=[1]"),
        (Model(), (1,), {}, "value=1"),
        (Made, (1,), {}, "size=1"),
        (len, ([1],), {}, "[1]"),
        (functools.partial(function, 1), (2,), {"key": 3}, "2, key=3"),
        (function, (), {}, ""),
    ],
    ids=["one", "all", "wrapped", "method", "object", "class", "built-in", "partial", "none"],
)
def test_a_call_names_its_arguments(called: Any, args: Any, kwargs: Any, text: str) -> None:
    assert preview_call(called, args, kwargs) == text


def test_long_arguments_have_lines_of_their_own_and_leave_each_other_room() -> None:
    text = preview_call(function, ("x" * 10_000, list(range(10_000))), {"key": "last"})
    first, second, third = text.split(",\n")
    assert first.endswith("10,000 characters")
    assert second.startswith("y=[0, 1, 2")
    assert third == "key='last'"


def test_many_arguments_are_counted() -> None:
    text = preview_call(function, tuple(["a" * 500] * 1000), {})
    assert len(text) <= LIMIT
    assert text.endswith("… 1,000 in all")


# Whatever it is


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.builds(Raises, st.just(OSError())),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.builds(Point, st.integers(), inner)
        | st.builds(lambda value: (value,) * 50, inner)
    ),
    max_leaves=60,
)


@settings(max_examples=300)
@given(values, st.integers(0, 4 * LARGE_BYTES))
def test_a_text_is_short_printable_and_never_empty(value: Any, size: int) -> None:
    for text in (preview(value, size), preview_call(function, (value,), {"key": value}, size)):
        assert 0 < len(text) <= LIMIT
        assert text.replace("\n", "").isprintable()
        text.encode()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.binary(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3) | st.tuples(inner)
    ),
    max_leaves=6,
)


@given(plain)
def test_small_plain_values_are_shown_as_python_shows_them(value: Any) -> None:
    text = preview(value)
    if "in all" not in text:
        assert text == repr(value)


def test_parts_have_numbers_where_something_else_is_put() -> None:
    parts = preview_parts({"a": Masked(), "b": [Plain()]}, 0, lambda value: 7 if type(value) is Masked else None)
    assert [spaced(part) if isinstance(part, str) else part for part in parts] == [
        "{", "'a'", ": ", 7, ", ", "'b'", ": ", "[", "<Plain>", "]", "}"
    ]  # fmt: skip
