"""Values and submissions as bytes: there and back, and nothing malformed gets in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import covalent as ct
from covalent.errors import CovalentError, CycleError, IntegrityError, PickleError, SubmissionError
from covalent.model import Node, Submission
from covalent.serialize import decode_submission, digest, dumps, encode_submission, find_cycle, loads

LOCK = threading.Lock()
DIGEST = digest(b"")


@ct.electron
def task(x: Any = None) -> Any:
    return x


@ct.lattice
def flow(n: int) -> Any:
    return [task(task(i)) for i in range(n)]


SUBMISSION = flow.build_graph(2)
ENCODED = encode_submission(SUBMISSION)


def changed(**graph: Any) -> Submission:
    return replace(SUBMISSION, graph=replace(SUBMISSION.graph, **graph))


def with_node(index: int, **node: Any) -> Submission:
    nodes = list(SUBMISSION.graph.nodes)
    nodes[index] = replace(nodes[index], **node)
    return changed(nodes=tuple(nodes))


def test_a_submission_survives_its_encoding() -> None:
    assert decode_submission(ENCODED) == SUBMISSION


@pytest.mark.parametrize(
    ("submission", "says"),
    [
        (with_node(3, inputs=(9,)), r"nodes\[3\]\.inputs\[0\] = 9 but there are 4 nodes"),
        (with_node(3, inputs=(-1,)), r"nodes\[3\]\.inputs\[0\] = -1 but there are 4 nodes"),
        (with_node(1, inputs=(2,)), r"nodes\[1\]\.inputs\[0\] = 2, but a task takes values of earlier tasks only"),
        (with_node(1, inputs=(0, 0)), r"nodes\[1\]\.inputs names one of the nodes twice"),
        (with_node(1, after=(4,)), r"nodes\[1\]\.after\[0\] = 4 but"),
        (with_node(1, function=1), r"nodes\[1\]\.function = 1 but there are 1 functions"),
        (with_node(1, executor=-1), r"nodes\[1\]\.executor = -1 but there are 1 executors"),
        (with_node(1, environment=7), r"nodes\[1\]\.environment = 7 but there are 1 environments"),
        (with_node(1, args="x"), r"nodes\[1\]\.args holds 'x', which is no SHA-256"),
        (with_node(1, args=DIGEST.upper()), r"nodes\[1\]\.args"),
        (with_node(1, args=DIGEST + "\n"), r"nodes\[1\]\.args"),
        (with_node(1, constants=("../etc/passwd",)), r"nodes\[1\]\.constants holds '\.\./etc/passwd'"),
        (with_node(1, name="x" * 2000), r"nodes\[1\]\.name has 2000 characters"),
        (changed(output="y"), r"graph\.output holds 'y'"),
        (changed(output_inputs=(4,)), r"graph\.output_inputs\[0\] = 4"),
        (changed(output_constants=("z",)), r"graph\.output_constants"),
        (changed(arguments="z"), r"graph\.arguments"),
        (changed(arguments_constants=("z",)), r"graph\.arguments_constants"),
        (changed(lattice="z"), r"graph\.lattice"),
        (changed(name="x" * 2000), r"graph\.name has 2000"),
        (changed(source="x" * 2_000_000), r"graph\.source has 2000000"),
        (changed(functions=(replace(SUBMISSION.graph.functions[0], digest="q"),)), r"functions\[0\]\.digest"),
        (changed(environments=(replace(SUBMISSION.graph.environments[0], hooks="q"),)), r"environments\[0\]\.hooks"),
        (
            changed(executors=(replace(SUBMISSION.graph.executors[0], options={"a": [{"b": b"x"}]}),)),
            r"executors\[0\]\.options\.a\[0\]\.b is of type bytes",
        ),
        (changed(executors=(replace(SUBMISSION.graph.executors[0], options={"a": float("inf")}),)), "a is inf"),
        (replace(SUBMISSION, values={"nope": b""}), "values holds 'nope'"),
        (changed(version=2), "is in format 2; this program reads format 1"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place(submission: Submission, says: str) -> None:
    with pytest.raises(SubmissionError, match=says):
        decode_submission(encode_submission(submission))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no workflow"),
        (b"\xff", "no workflow"),
        (ENCODED[:-1], "no workflow"),
        (ENCODED + b"\x00", "no workflow"),
        (msgspec.msgpack.encode([1, 2]), "no workflow"),
        (b"\x91" * 100_000 + b"\x00", "no workflow"),
        (msgspec.msgpack.encode({"graph": {"version": 7}}), "is in format 7"),
        (encode_submission(with_node(1, inputs=("a",))), r"no workflow.*\$\.graph\.nodes\[1\]\.inputs\[0\]"),
    ],
)
def test_what_is_no_submission_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(SubmissionError, match=says):
        decode_submission(data)


def test_a_value_that_is_not_what_its_digest_says_is_refused() -> None:
    values = dict(SUBMISSION.values)
    values[next(iter(values))] = b"something else"
    with pytest.raises(IntegrityError, match="do not match its digest"):
        decode_submission(encode_submission(replace(SUBMISSION, values=values)))


def test_tasks_that_wait_for_one_another_are_refused_by_name() -> None:
    with pytest.raises(CycleError, match=r"task \(2\), which waits for task \(3\), which waits for task \(2\)"):
        decode_submission(encode_submission(with_node(2, after=(3,))))
    with pytest.raises(CycleError):
        decode_submission(encode_submission(with_node(2, after=(2,))))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_are_refused_or_read_but_never_break_anything(data: st.DataObject) -> None:
    damaged = bytearray(ENCODED)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CovalentError):
        decode_submission(bytes(damaged))


@given(
    st.integers(1, 12).flatmap(lambda n: st.lists(st.sets(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n))
)
@settings(deadline=None)
def test_a_cycle_is_found_exactly_if_there_is_one(after: list[set[int]]) -> None:
    nodes = [Node(name="t", function=0, args=DIGEST, after=tuple(before)) for before in after]
    cycle = find_cycle(nodes)
    done: set[int] = set()
    while ready := [i for i, before in enumerate(after) if i not in done and before <= done]:
        done.update(ready)
    assert (cycle is None) == (len(done) == len(nodes))
    if cycle is not None:
        assert all(second in after[first] for first, second in zip(cycle, [*cycle[1:], cycle[0]], strict=True))


def test_a_cycle_in_a_very_long_chain_is_found_without_recursion() -> None:
    count = 20_000
    nodes = [Node(name="t", function=0, args=DIGEST, after=((i + 1) % count,)) for i in range(count)]
    assert len(find_cycle(nodes) or ()) == count


def test_values_survive_and_references_are_filled_in() -> None:
    assert loads(dumps({"a": [1, None]})) == {"a": [1, None]}
    args = SUBMISSION.values[SUBMISSION.graph.nodes[1].args]
    assert loads(args, ["given"]) == (("given",), {})
    with pytest.raises(PickleError, match="refers to value 0, but 0 came with it"):
        loads(args)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (threading.Lock(), r"The value cannot be pickled: cannot pickle '_thread.lock' object\."),
        ([{"a": threading.Lock()}], r"\(at \[0\]\['a'\]\)"),
        ((lambda lock: lambda: lock)(threading.Lock()), r"\(at closure variable 'lock'\)"),
        (lambda x=LOCK: x, r"\(at default \[0\]\)"),
        (
            type("Box", (), {"__init__": lambda self: setattr(self, "inside", [threading.Lock()])})(),
            r"\(at \.inside\[0\]\)",
        ),
    ],
)
def test_what_cannot_be_pickled_is_named(value: Any, says: str) -> None:
    with pytest.raises(PickleError, match=says):
        dumps(value)


def test_whatever_a_values_own_methods_raise_is_told() -> None:
    class Odd:
        def __reduce__(self) -> Any:
            raise KeyboardInterrupt if self is None else RuntimeError("odd")

    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value, says in ((Odd(), "odd"), (deep, "recursion")):
        with pytest.raises(PickleError, match=says):
            dumps(value)


@pytest.mark.parametrize("make", [lambda: {"a": 1}, lambda: lambda x: x + 1, lambda: [1, "a", None, 2.5]])
def test_equal_values_have_equal_pickles(make: Callable[[], Any]) -> None:
    value = make()
    assert dumps(value) == dumps(value)
