"""Large values are kept once, however many tasks take them."""

from __future__ import annotations

import array
import threading
from typing import Any

import numpy as np
import pytest

import covalent as ct
from covalent.errors import WorkflowError
from covalent.model import Submission
from covalent.serialize import loads
from tests.unit.interpreter import evaluate

MIB = 1024 * 1024


@ct.electron
def identity(x: Any) -> Any:
    return x


@ct.electron
def add(x: Any, y: Any) -> Any:
    return x + y


def size_of(submission: Submission) -> int:
    return sum(map(len, submission.values.values()))


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"x" * 2 * MIB,
        lambda: bytearray(2 * MIB),
        lambda: "xé" * MIB,
        lambda: "\ud800" + "x" * 2 * MIB,
        lambda: np.arange(2 * MIB, dtype="u1"),
        lambda: np.asfortranarray(np.arange(2 * MIB, dtype="u1").reshape(1024, -1)),
        lambda: np.arange(4 * MIB, dtype="u1")[::2],
        lambda: {"a": [np.arange(2 * MIB, dtype="u1")]},
        lambda: array.array("b", bytes(2 * MIB)),
        lambda: memoryview(b"x" * 2 * MIB).toreadonly(),
        lambda: list(range(600_000)),
        lambda: {i: str(i) for i in range(200_000)},
    ],
)
def test_an_input_that_ten_tasks_take_is_kept_once(make: Any) -> None:
    @ct.lattice
    def flow(data: Any) -> Any:
        tasks = [identity([data, i]) for i in range(10)]
        return [tasks[0][0], tasks[9][1]]

    data = make()
    submission = flow.build_graph(data)
    assert size_of(submission) < 3.5 * MIB
    assert {len(node.constants) for node in submission.graph.nodes} == {1}
    value, last = evaluate(submission)
    assert last == 9
    expected = bytes(data) if isinstance(data, memoryview) else data
    assert type(value) is type(expected)
    assert (
        np.array_equal(value["a"][0], data["a"][0])
        if isinstance(data, dict) and "a" in data
        else np.all(value == expected)
    )
    assert graph_arguments(submission)


def graph_arguments(submission: Submission) -> Any:
    graph = submission.graph
    assert graph.arguments is not None
    constants = [loads(submission.values[digest]) for digest in graph.arguments_constants]
    return loads(submission.values[graph.arguments], constants)


def test_a_large_value_made_in_the_lattice_is_kept_once_too() -> None:
    @ct.lattice
    def flow() -> Any:
        data = np.ones(MIB)
        return identity([add(data, i)[0] for i in range(50)])

    submission = flow.build_graph()
    assert size_of(submission) < 9 * MIB
    assert evaluate(submission) == [1.0 + i for i in range(50)]


def test_references_to_tasks_come_before_those_to_large_values() -> None:
    @ct.lattice
    def flow(data: Any) -> Any:
        a, b = identity(1), identity(2)
        return identity([data, a, {"b": b, "again": data}, b"y" * MIB])

    submission = flow.build_graph(b"x" * MIB)
    node = submission.graph.nodes[2]
    assert node.inputs == (0, 1)
    assert len(node.constants) == 2
    data, a, rest, last = evaluate(submission)
    assert (len(data), a, rest["b"], rest["again"] is data, last[:1]) == (MIB, 1, 2, True, b"y")


def test_a_large_array_that_changes_between_tasks_reaches_each_as_it_was() -> None:
    @ct.lattice
    def flow(data: Any) -> Any:
        seen = []
        for i in range(3):
            data[0] = i
            seen.append(identity(data)[0])
        return identity(seen)

    assert evaluate(flow.build_graph(np.zeros(MIB))) == [0, 1, 2]


def test_two_equal_arrays_stay_two() -> None:
    @ct.electron
    def change(a: Any, b: Any, c: Any) -> Any:
        a[0] = 7
        return [float(a[0]), float(b[0]), float(c[0])]

    @ct.lattice
    def flow() -> Any:
        a, b = np.zeros(MIB), np.zeros(MIB)
        return change(a, b, a)

    submission = flow.build_graph()
    constants = submission.graph.nodes[0].constants
    assert len(constants) == 2
    assert constants[0] == constants[1]
    assert evaluate(submission) == [7, 0, 7]


def test_a_large_list_that_changes_before_the_first_task_takes_it_is_taken_as_it_is_then() -> None:
    @ct.lattice
    def flow(data: list[int]) -> Any:
        data.append(-1)
        return [identity(data)[-1], identity([data])[0][-1]]

    assert evaluate(flow.build_graph(list(range(600_000)))) == [-1, -1]


def test_a_large_list_that_changes_between_tasks_is_refused() -> None:
    @ct.lattice
    def flow(data: list[int]) -> Any:
        first = identity(data)
        data.append(-1)
        return first, identity(data)

    with pytest.raises(WorkflowError, match="changed one of its arguments, a large list"):
        flow.build_graph(list(range(600_000)))


def test_a_lattice_may_change_a_large_list_that_no_task_takes() -> None:
    @ct.lattice
    def flow(data: list[int]) -> Any:
        data.append(-1)
        return identity(data[-1])

    submission = flow.build_graph(list(range(600_000)))
    assert evaluate(submission) == -1
    assert graph_arguments(submission)[0][0][-1] == 599_999


def test_a_large_object_of_the_users_is_kept_once_and_taken_as_it_is() -> None:
    class Model:
        def __init__(self) -> None:
            self.weights = list(range(600_000))

    @ct.lattice
    def flow(model: Any) -> Any:
        before = [identity([model, i])[0].weights[0] for i in range(8)]
        model.weights[0] = -1
        return before, identity(model).weights[0]

    submission = flow.build_graph(Model())
    assert size_of(submission) < 10 * MIB
    assert evaluate(submission) == ([0] * 8, -1)


def test_electrons_in_a_large_input_stay_electrons_for_the_lattice() -> None:
    @ct.lattice
    def flow(data: Any) -> Any:
        return identity(data["task"](1))

    submission = flow.build_graph({"task": identity, "bulk": list(range(600_000))})
    args, _ = graph_arguments(submission)
    assert args[0]["task"].kind == "electron"


def test_an_argument_that_cannot_travel_is_named_beside_a_large_one() -> None:
    with pytest.raises(WorkflowError, match="argument 'y' of add"):
        ct.lattice(lambda x: add(x, threading.Lock())).build_graph(b"x" * MIB)
