"""Values as short text, made where they are: bounded in length, and nothing of the user's runs for it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import math
import signal
import sys
import threading
import time
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covalent.runner.preview import preview, preview_call, preview_parts
from covalent.runner.rendering import DEPTH, LIMIT
from covalent.secrets import Secret


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
        self.size, self.password, self._hidden = 3, "hidden", "hidden"


class Empty:
    """Nothing is stored in it."""


class Raises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class Text(str):
    __slots__ = ()


class MaskedText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class Table(dict[str, int]):
    pass


class Rows(list[int]):
    pass


class Credentials(NamedTuple):
    user: str
    api_key: str


asked: list[str] = []


def asks(name: str) -> Any:
    def method(*_: Any, **__: Any) -> Any:
        asked.append(name)
        raise AssertionError(name)

    return method


#: Everything that a class may define to be asked by somebody who wants to show or compare its objects.
HOOKS = {
    name: asks(name)
    for name in (
        "__repr__", "__str__", "__len__", "__iter__", "__getattr__", "__getattribute__", "__eq__", "__ne__", "__hash__", "__bool__",
        "__getitem__", "__contains__", "__format__", "__int__", "__index__", "__float__", "__buffer__", "__array__", "__next__",
        "__reversed__", "__dir__", "__sizeof__", "__lt__", "__abs__", "__missing__", "__bytes__", "__reduce_ex__", "items", "keys",
        "values",
    )
}  # fmt: skip
PROPERTIES = {
    name: property(asks(name)) for name in ("__class__", "__dict__", "shape", "dtype", "args", "_fields", "name")
}


class Meta(type):
    """A class whose class must not be asked either."""

    __repr__ = __eq__ = __hash__ = __len__ = __iter__ = __getattribute__ = __getattr__ = asks("meta")  # type: ignore[assignment]
    __instancecheck__ = __subclasscheck__ = asks("meta check")  # type: ignore[assignment]
    __name__ = __mro__ = property(asks("meta name"))  # type: ignore[assignment]


def shy(*bases: type) -> type:
    """A class that counts whenever any of its methods or properties is used."""
    # An array's class is looked up by numpy itself when one is made.
    return type.__call__(
        type if np.ndarray in bases else Meta, "Shy", bases, {**HOOKS, **PROPERTIES, "__module__": __name__}
    )  # type: ignore[no-any-return]


def shy_one(base: type, *args: Any) -> Any:
    kind = shy(base)
    made = base.__new__(kind, *args)
    if base in (list, dict, set, deque, bytearray):
        base.__init__(made, *args)
    return made


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
        (Plain(), "Plain(size=3, password=***)"),
        (Empty(), "<Empty>"),
        (Text("a"), "'a'"),
        (MaskedText("abc"), "<MaskedText, 3 characters>"),
        (Table(a=1), "Table({'a': 1})"),
        (Rows([1]), "Rows([1])"),
        (Credentials("me", "hidden"), "Credentials(user='me', api_key=***)"),
        (Raises(OSError("x")), "Raises(error=OSError('x'))"),
        (Fraction(1, 3), "Fraction(1, 3)"),
        (uuid.UUID(int=5), "UUID('00000000-0000-0000-0000-000000000005')"),
        (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "datetime.datetime(2026, 1, 2, 0, 0, tzinfo=datetime.timezone.utc)"),
        (dt.timezone(dt.timedelta(hours=1)), "datetime.timezone(datetime.timedelta(seconds=3600))"),
        (functools.partial(len, 1, key=2), "functools.partial(<function len>, 1, key=2)"),
        (math.sin, "<function math.sin>"),
        (Plain().__init__, "<method Plain.__init__>"),
        (math, "<module math>"),
        (slice(1, 2), "slice(start=1, stop=2, step=None)"),
        (range(0, 9, 2), "range(0, 9, 2)"),
        (Secret("a text"), "Secret(***)"),
        (Plain, "<class Plain>"),
        (spaced, "<function spaced>"),
        (object(), "<object>"),
        (iter([]), "<list_iterator>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown_as_a_person_would_write_it(value: Any, text: str) -> None:
    assert spaced(preview(value)) == text


BUILT_IN: list[tuple[type, tuple[Any, ...], str]] = [
    (object, (), "<Shy>"),
    (dict, ({"a": 1},), "Shy({'a': 1})"),
    (list, ([1],), "Shy([1])"),
    (tuple, ([1],), "Shy((1,))"),
    (set, ([1],), "Shy({1})"),
    (frozenset, ([1],), "Shy({1})"),
    (deque, ([1],), "Shy([1])"),
    (str, ("abc",), "<Shy, 3 characters>"),
    (bytes, (b"abc",), "<Shy, 3 bytes>"),
    (bytearray, (b"abc",), "<Shy, 3 bytes>"),
    (int, (5,), "5"),
    (float, (0.5,), "0.5"),
    (complex, (1j,), "1j"),
    (ValueError, ("no",), "Shy('no')"),
    (dt.datetime, (2026, 1, 2), "<Shy>"),
    (Decimal, (1,), "<Shy>"),
    (np.ndarray, ((2,),), "<tests.Shy float64 (2,)>"),
    (np.float64, (0.5,), "0.5"),
]


@pytest.mark.parametrize(("base", "args", "text"), BUILT_IN, ids=lambda value: getattr(value, "__name__", None))
def test_nothing_of_a_class_is_asked(base: type, args: tuple[Any, ...], text: str) -> None:
    value = shy_one(base, *args)
    asked.clear()
    shown = preview(value), preview({"a": [value]}), preview(type(value))
    called = preview_call(value, (value, type(value)), {"key": value}), preview_call(type(value), (value,), {})
    assert asked == []
    assert spaced(shown[0]).replace("tests.unit.test_runner_preview", "tests") == text
    assert spaced(shown[2]) == "<class Shy>"
    assert all(called)


def test_what_an_object_stores_is_shown_without_asking_it() -> None:
    kind = shy(Empty)
    value = object.__new__(kind)
    vars(Empty)["__dict__"].__get__(value).update(alpha=1, beta=[value])
    asked.clear()
    assert preview(value) == "Shy(alpha=1, beta=[Shy(alpha=1, beta=[Shy(alpha=1, beta=[… 1 in all])])])"
    assert asked == []


def test_a_preview_does_not_change_what_a_task_goes_on_to_do() -> None:
    class Reader:
        """Its text reads on, slowly."""

        def __init__(self) -> None:
            self.rows = list(range(20))

        def __repr__(self) -> str:
            while len(self.rows) > 4:
                self.rows.pop()
                time.sleep(0.002)
            return "Reader()"

    class Locked:
        lock = threading.Lock()

        def __repr__(self) -> str:
            self.lock.acquire()
            time.sleep(30)
            self.lock.release()
            return "Locked()"

    reader, locked, before = Reader(), Locked(), signal.getsignal(signal.SIGALRM)
    text = preview_call(lambda reader, locked: None, (reader, locked), {})
    assert len(reader.rows) == 20
    assert not Locked.lock.locked()
    assert signal.getsignal(signal.SIGALRM) is before
    assert "Reader(rows=[0, 1, 2" in text


def test_a_time_zone_of_anybodys_is_not_asked() -> None:
    class Zone(dt.tzinfo):
        utcoffset = __repr__ = asks("zone")  # type: ignore[assignment]

    asked.clear()
    assert preview(dt.datetime(2026, 1, 2, tzinfo=Zone())).startswith("datetime.datetime(2026, 1, 2, 0, 0, tzinfo=<")
    assert asked == []


def test_what_a_data_class_does_not_show_stays_hidden_whatever_its_own_text() -> None:
    @dataclasses.dataclass
    class Own(Plan):
        def __repr__(self) -> str:
            raise AssertionError

    assert preview(Own("n", [1])).endswith("Own(name='n', steps=[1])")


def test_the_parameters_of_a_model_are_shown() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    assert preview(linear.Ridge(alpha=0.5)).startswith("Ridge(alpha=0.5, fit_intercept=True")


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
    assert "(1048576, 1048576): 1.0, 1.0" in preview(big)
    assert time.monotonic() - began < 0.5


class Tensor:
    """As much of a tensor as is looked at: torch is not installed for tests."""

    layout, device, dtype = "torch.strided", types.SimpleNamespace(type="cpu"), "torch.float32"

    def __init__(self, values: Any, *shape: int) -> None:
        self.values, self.shape = values, shape

    def __getitem__(self, wanted: Any) -> Tensor:
        return Tensor(self.values[wanted], *self.shape[1:])

    def detach(self) -> Tensor:
        return self

    def tolist(self) -> Any:
        return self.values


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("torch")
    vars(module)["Tensor"] = Tensor
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setattr(Tensor, "__module__", "torch")


@pytest.mark.usefixtures("torch")
def test_a_tensor_is_shown_by_its_first_row() -> None:
    tensor = Tensor([[1.0, 2.0] * 4] * 2, 2, 8)
    assert preview(tensor) == "<torch.Tensor torch.float32 (2, 8): 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, … 16 in all>"


@pytest.mark.usefixtures("torch")
def test_a_tensor_of_another_device_is_shown_by_type_and_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "device", types.SimpleNamespace(type="cuda"))
    assert preview(Tensor([1.0], 1)) == "<torch.Tensor torch.float32 (1,)>"


def test_a_class_that_only_says_that_it_is_a_package_s_is_not_asked() -> None:
    for package, name in (
        ("torch", "Tensor"),
        ("pandas", "DataFrame"),
        ("jaxlib", "ArrayImpl"),
        ("decimal", "Decimal"),
    ):
        value = type(name, (), {**HOOKS, **PROPERTIES, "__module__": package})()
        asked.clear()
        assert preview(value) == f"<{package}.{name}>"
        assert asked == []


def test_a_table_is_shown_by_its_columns() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({f"c{n}": [n, 1, 2, 3] for n in range(20)})
    first, *more = preview(table).splitlines()
    assert (first, more[1].strip()) == ("<pandas.DataFrame 4 x 20", "c1 int64 [1, 1, 2, … 4 in all]")
    assert more[-1].endswith("; …>")
    assert "\n" not in preview([table])
    assert preview(pandas.Series(range(40))) == "<pandas.Series int64: 0, 1, 2, 3, 4, 5, … 40 in all>"


def test_what_is_noted_beside_a_table_is_not_copied() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1]})
    table.attrs["noted"] = shy_one(object)
    asked.clear()
    assert preview(table) == "<pandas.DataFrame>"
    assert asked == []


def test_a_table_of_polars_is_shown_by_its_columns() -> None:
    polars = pytest.importorskip("polars")
    assert preview(polars.DataFrame({"a": [1, 2]})) == "<polars.DataFrame 2 x 1\n  a Int64 [1, 2]>"
    assert preview(polars.Series([1, 2])) == "<polars.Series Int64: 1, 2>"


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
@given(values)
def test_a_text_is_short_printable_and_never_empty(value: Any) -> None:
    for text in (preview(value), preview_call(function, (value,), {"key": value})):
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
    parts = preview_parts({"a": Empty(), "b": [Plan]}, lambda value: 7 if type(value) is Empty else None)
    assert [spaced(part) if isinstance(part, str) else part for part in parts] == [
        "{", "'a'", ": ", 7, ", ", "'b'", ": ", "[", "<class Plan>", "]", "}"
    ]  # fmt: skip
