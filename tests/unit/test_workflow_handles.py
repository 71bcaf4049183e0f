"""Handles: expressions about values that are not known yet, and misuse that is told."""

from __future__ import annotations

import copy
import operator
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import covalent as ct
from covalent.errors import HandleUseError
from tests.unit.interpreter import evaluate


@ct.electron
def identity(x: Any) -> Any:
    return x


@ct.electron
def pair() -> tuple[int, int]:
    return 3, 4


def value_of(expression: Callable[[Any], Any], value: Any) -> Any:
    """``expression`` of the handle on a task that gives ``value``; it must make no further task."""
    submission = ct.lattice(lambda: expression(identity(value))).build_graph()
    assert len(submission.graph.nodes) == 1
    return evaluate(submission)


class Thing:
    def __init__(self, n: int) -> None:
        self.n = n
        self._hidden = [n]

    def times(self, factor: int, *, plus: int = 0) -> int:
        return self.n * factor + plus

    def __call__(self) -> int:
        return self.n


@pytest.mark.parametrize(
    "expression",
    [
        lambda x: x + 2, lambda x: 2 + x, lambda x: x - 2, lambda x: 2 - x, lambda x: x * 3, lambda x: 3 * x,
        lambda x: x / 4, lambda x: 4 / x, lambda x: x // 4, lambda x: 100 // x, lambda x: x % 4, lambda x: 100 % x,
        lambda x: x**2, lambda x: 2**x, lambda x: x << 1, lambda x: 1 << x, lambda x: x >> 1, lambda x: 999 >> x,
        lambda x: x & 6, lambda x: 6 & x, lambda x: x | 8, lambda x: 8 | x, lambda x: x ^ 5, lambda x: 5 ^ x,
        lambda x: -x, lambda x: +x, lambda x: ~x, lambda x: abs(-x), lambda x: divmod(x, 3), lambda x: divmod(30, x),
        lambda x: round(x / 3, 2), lambda x: round(x / 3), lambda x: x.real, lambda x: x.bit_length(),
        lambda x: [x, (x + 1) * (x - 1), {"k": x}], lambda x: sum([x, x, 1]), lambda x: "ab" * x, lambda x: [0] * x,
    ],
)  # fmt: skip
def test_arithmetic_on_a_handle_is_done_by_whoever_uses_it(expression: Callable[[Any], Any]) -> None:
    assert value_of(expression, 7) == expression(7)


def test_items_attributes_and_calls_are_derived() -> None:
    assert value_of(
        lambda x: [x["a"][1:], x["a"][-1], x["b"].n, x["b"]._hidden[0]], {"a": [1, 2, 3], "b": Thing(5)}
    ) == [
        [2, 3],
        3,
        5,
        5,
    ]
    assert value_of(lambda x: [x.times(2, plus=x.n), x(), x.times(x.n)], Thing(5)) == [15, 5, 25]
    assert value_of(lambda x: x.upper().split("-"), "a-b") == ["A", "B"]


def test_arrays_leave_operators_to_the_handle() -> None:
    left = np.arange(3)
    assert (value_of(lambda x: left + x, 2) == left + 2).all()
    assert (value_of(lambda x: left @ x, left) == left @ left).all()
    assert value_of(lambda x: np.float64(1.5) * x, 2) == 3.0
    assert (value_of(lambda x: np.array([x, x + 1], dtype=object), 2) == np.array([2, 3], dtype=object)).all()


def test_sums_over_very_many_tasks_are_no_deeper_than_others() -> None:
    submission = ct.lattice(lambda: sum(identity(i) for i in range(3000))).build_graph()
    assert evaluate(submission) == sum(range(3000))


def test_in_place_operators_make_a_new_handle() -> None:
    def expression(x: Any) -> Any:
        y = x
        y += 1
        return [x, y]

    assert value_of(expression, 1) == [1, 2]


@pytest.mark.parametrize(
    "value", [(1, 2, 3), [1, 2, 3], "abc", {"x": 1, "y": 2, "z": 3}, {7, 8, 9}, range(3), np.arange(6).reshape(3, 2)]
)
def test_unpacking_takes_what_plain_unpacking_takes(value: Any) -> None:
    def expression(x: Any) -> Any:
        a, b, c = x
        return [c, b, a]

    assert str(value_of(expression, value)) == str(expression(value))


def test_unpacking_the_wrong_number_fails_as_it_does_elsewhere() -> None:
    def two(x: Any) -> Any:
        a, _ = x
        return a

    for value in ([1, 2, 3], [1]):
        with pytest.raises(ValueError, match="zip"):
            value_of(two, value)


def test_unpacking_works_in_every_form() -> None:
    def expression(x: Any) -> Any:
        (a, b), c = x
        [d] = a
        (e,) = (b,)
        pairs = [(p + q, r) for (p, q), r in [(identity_pair(c), 1)]]
        for f, g in [c]:
            pairs.append((f, g))
        return [d, e, pairs]

    def identity_pair(x: Any) -> Any:
        return x

    assert value_of(expression, (([1], 2), (3, 4))) == [1, 2, [(7, 1), (3, 4)]]


def test_unpacking_into_more_than_255_names_counts_them_all() -> None:
    names = ", ".join(f"v{i}" for i in range(300))
    scope: dict[str, Any] = {}
    exec(f"def expression(x):\n    {names} = x\n    return [{names}]", scope)
    assert value_of(scope["expression"], list(range(300))) == list(range(300))


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="sys.monitoring is of 3.12")
def test_unpacking_works_while_instructions_are_monitored() -> None:
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]

    def expression(x: Any) -> Any:
        a, b = x
        return [b, a]

    monitoring.use_tool_id(4, "test")
    try:
        monitoring.set_events(4, monitoring.events.INSTRUCTION | monitoring.events.LINE)
        assert value_of(expression, [1, 2]) == [2, 1]
    finally:
        monitoring.set_events(4, 0)
        monitoring.free_tool_id(4)


def test_unpacking_works_while_a_debugger_traces() -> None:
    def expression(x: Any) -> Any:
        a, b = x
        return [b, a]

    before = sys.gettrace()
    sys.settrace(lambda *_: sys.gettrace())
    try:
        assert value_of(expression, [1, 2]) == [2, 1]
    finally:
        sys.settrace(before)


def test_unpacking_works_once_the_interpreter_has_specialised_the_code() -> None:
    def expression(x: Any) -> Any:
        a, b = x
        return [b, a]

    for _ in range(1000):
        expression((1, 2))
    assert value_of(expression, (1, 2)) == [2, 1]


def unpack_star(x: Any) -> Any:
    a, *b = x
    return a, b


def set_item(x: Any) -> None:
    x[0] = 1


def set_attribute(x: Any) -> None:
    x.a = 1


def delete_item(x: Any) -> None:
    del x[0]


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (bool, "cannot decide"),
        (lambda x: 1 if x else 2, "cannot decide"),
        (lambda x: not x, "cannot decide"),
        (lambda x: x == 1, "cannot be compared"),
        (lambda x: x != 1, "cannot be compared"),
        (lambda x: operator.lt(1, x), "cannot be compared"),
        (lambda x: x >= 1, "cannot be compared"),
        (lambda x: sorted([x, x]), "cannot be compared"),
        (lambda x: max(x, 2), "cannot be compared"),
        (int, "number"),
        (float, "number"),
        (complex, "number"),
        (range, "number"),
        (lambda x: [1, 2][x], "number"),
        (len, "no length"),
        (lambda x: [y + 1 for y in x], "looped over"),
        (list, "looped over"),
        (lambda x: print(*x), "looped over"),
        (lambda x: dict(zip(x, x, strict=True)), "looped over"),
        (unpack_star, "slices"),
        (lambda x: 1 in x, "cannot look into it"),
        (lambda x: f"{x}", "part of a text"),
        (lambda x: f"{x:>3}", "part of a text"),
        (bytes, "bytes"),
        (set_item, "cannot be changed"),
        (set_attribute, "cannot be changed"),
        (delete_item, "cannot be changed"),
        (lambda x: x.__enter__(), "'with'"),
        (operator.index, "number"),
    ],
)
def test_using_a_handle_as_its_value_says_what_to_write_instead(use: Callable[[Any], Any], says: str) -> None:
    for make in (identity, lambda x: identity([x])[0]):
        with pytest.raises(HandleUseError, match=says):
            ct.lattice(lambda make=make: use(make(1))).build_graph()


def test_a_handle_describes_itself() -> None:
    texts: list[str] = []

    @ct.lattice
    def flow() -> Any:
        x = identity(1)
        a, _ = x
        for handle in (x, x[0].name + 2, -x, 3 - x, x.mean(1, axis=x), a):
            texts.append(repr(handle))
        return x.mean(0)

    with pytest.raises(HandleUseError):
        flow.build_graph()
    assert texts == [
        "<value of task 0: identity>",
        "<(identity (0)[0].name + 2)>",
        "<neg(identity (0))>",
        "<(3 - identity (0))>",
        "<identity (0).mean(1, axis=identity (0))>",
        "<identity (0)[0]>",
    ]


def test_a_handle_has_identity_and_survives_copies() -> None:
    @ct.lattice
    def flow() -> Any:
        x = identity(1)
        assert x in {x}
        assert copy.copy(x) is x
        assert copy.deepcopy([x])[0] is x
        assert str(x) == repr(x)
        assert not hasattr(x, "__array__")
        assert not hasattr(x, "_repr_html_")
        return x

    assert evaluate(flow.build_graph()) == 1


def test_a_call_on_a_handle_that_nothing_uses_is_not_lost_silently() -> None:
    @ct.lattice
    def flow() -> Any:
        items = identity([3, 1, 2])
        items.sort()
        return items

    with pytest.raises(HandleUseError, match=r"identity \(0\)\.sort\(\) is called .* never run"):
        flow.build_graph()


def test_a_handle_means_nothing_once_its_workflow_is_complete() -> None:
    kept: list[Any] = []
    ct.lattice(lambda: kept.append(identity(1))).build_graph()
    for use in (lambda x: x + 1, lambda x: x[0], lambda x: x.a, lambda x: x.wait_for(x), lambda x: x()):
        with pytest.raises(HandleUseError, match="is complete"):
            use(kept[0])
    with pytest.raises(HandleUseError, match="where no workflow is being built"):
        identity(kept[0])


def test_a_handle_means_nothing_in_another_workflow() -> None:
    kept: list[Any] = []
    ct.lattice(lambda: kept.append(identity(1))).build_graph()
    for other in (lambda: identity(kept), lambda: kept, lambda: ct.wait(identity(1), kept)):
        with pytest.raises(HandleUseError, match=r"another workflow|same workflow"):
            ct.lattice(other).build_graph()


def test_a_handle_cannot_be_captured_or_pickled_elsewhere() -> None:
    @ct.lattice
    def captures() -> Any:
        x = identity(1)
        return ct.electron(lambda y: y + x)(2)

    @ct.lattice
    def pickles() -> Any:
        return pickle.dumps(identity(1))

    for flow in (captures, pickles):
        with pytest.raises(HandleUseError, match="means nothing outside its workflow"):
            flow.build_graph()
