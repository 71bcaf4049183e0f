"""Sublattices: tasks that build a workflow where they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import covalent as ct
from covalent.errors import HandleUseError, UnknownExecutorError, WorkflowError
from covalent.model import NodeKind, Submission
from covalent.serialize import decode_submission, digest, loads
from covalent.workflow import build
from tests.unit.interpreter import evaluate


@ct.electron
def identity(x: Any) -> Any:
    return x


@ct.electron
def multiply(a: Any, b: Any) -> Any:
    return a * b


@ct.electron
@ct.lattice
def squares(n: int) -> Any:
    return [multiply(i, i) for i in range(n)]


@ct.electron
@ct.lattice
def factorial(n: int) -> Any:
    return 1 if n == 0 else multiply(n, factorial(n - 1))


@ct.electron
@ct.lattice
def nested(n: int) -> Any:
    return squares(squares(n)[1] + 2)


def child_of(submission: Submission, node_id: int, *args: Any, **kwargs: Any) -> Submission:
    """What the task of a sublattice returns."""
    function = submission.graph.functions[submission.graph.nodes[node_id].function]
    return decode_submission(loads(submission.values[function.digest])(*args, **kwargs))


@pytest.mark.parametrize("sublattice", [squares, nested, factorial])
def test_a_sublattice_gives_what_its_function_gives(sublattice: Any) -> None:
    @ct.lattice
    def flow(n: int) -> Any:
        return [sublattice(identity(n)), sublattice(3)]

    submission = flow.build_graph(4)
    assert [node.kind for node in submission.graph.nodes] == [NodeKind.TASK, NodeKind.SUBLATTICE, NodeKind.SUBLATTICE]
    assert evaluate(submission) == flow(4)


def test_called_outside_a_lattice_a_sublattice_just_runs() -> None:
    assert nested(3) == [0, 1, 4]
    assert factorial(5) == 120


def test_a_sublattice_makes_as_many_tasks_as_its_real_input_says() -> None:
    submission = ct.lattice(lambda: squares(identity(3))).build_graph()
    child = child_of(submission, 1, 5)
    assert [node.name for node in child.graph.nodes] == ["multiply"] * 5
    assert child.graph.name == "squares"
    assert "def squares(n: int)" in child.graph.source
    assert child.graph.lattice is None


def test_tasks_of_a_sublattice_have_the_functions_of_the_electrons_outside() -> None:
    @ct.lattice
    def flow() -> Any:
        return [multiply(1, 2), squares(2)]

    submission = flow.build_graph()
    assert child_of(submission, 1, 2).graph.functions == submission.graph.functions[:1]


@pytest.mark.parametrize("sublattice", [squares, nested, factorial])
def test_a_sublattice_sent_on_from_elsewhere_is_still_the_same(sublattice: Any) -> None:
    @ct.lattice(executor=Elsewhere(n=1), deps_pip=["numpy"])
    def flow() -> Any:
        return sublattice(2)

    first = flow.build_graph()
    for _ in range(2):
        again = loads(first.values[first.graph.lattice]).build_graph()
        assert again.graph.functions == first.graph.functions
        first = again


def test_a_recursive_sublattice_is_the_same_function_at_every_depth() -> None:
    submission = ct.lattice(lambda: factorial(3)).build_graph()
    child = child_of(submission, 0, 3)
    names = [function.name for function in child.graph.functions]
    assert names == ["factorial", "multiply"]
    grandchild = child_of(child, 0, 2)
    assert grandchild.graph.functions == child.graph.functions


def test_a_sublattice_that_fails_while_it_is_built_fails_like_any_task() -> None:
    @ct.electron
    @ct.lattice
    def fails(x: Any) -> Any:
        raise ZeroDivisionError("mine")

    @ct.electron
    @ct.lattice
    def decides(x: Any) -> Any:
        return 1 if identity(x) else 2

    for sublattice, error in ((fails, ZeroDivisionError), (decides, HandleUseError)):
        submission = ct.lattice(lambda s=sublattice: s(1)).build_graph()
        with pytest.raises(error):
            child_of(submission, 0, 1)


def test_a_sublattice_that_cannot_be_called_like_that_fails_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="squares: missing a required argument: 'n'"):
        ct.lattice(lambda: squares()).build_graph()


def test_what_is_left_unsaid_in_a_sublattice_comes_from_around_it() -> None:
    @ct.electron(deps_pip="own", call_before=[lambda: None])
    def chatty(x: Any) -> Any:
        return x

    def inner(x: Any) -> Any:
        return [identity(x), chatty(x)]

    def environments(outer: dict[str, Any], around: dict[str, Any], lattice: dict[str, Any]) -> list[Any]:
        sublattice = ct.electron(ct.lattice(inner, **lattice), **around)
        child = child_of(ct.lattice(lambda: sublattice(1), **outer).build_graph(), 0, 1).graph
        tasks = [child.environments[node.environment] for node in child.nodes]
        return [(task.pip, task.bash, task.hooks is not None) for task in tasks]

    outer = {"deps_pip": "outer", "deps_bash": "outer"}
    assert environments(outer, {}, {}) == [(("outer",), ("outer",), False), (("own",), ("outer",), True)]
    assert environments(outer, {"deps_bash": "around"}, {}) == [
        (("outer",), ("around",), False),
        (("own",), ("around",), True),
    ]
    assert environments(outer, {"deps_bash": "around"}, {"deps_bash": []}) == [
        (("outer",), (), False),
        (("own",), (), True),
    ]


class Elsewhere:
    """An executor of a plugin; its name is one that this installation knows."""

    short_name = "local"

    def __init__(self, **options: Any) -> None:
        self.options = options

    def to_dict(self) -> dict[str, Any]:
        return self.options


def test_a_sublattice_is_built_on_the_workflow_executor_and_runs_on_its_own() -> None:
    here, there, other = Elsewhere(n=1), Elsewhere(n=2), Elsewhere(n=3)

    def options(outer: dict[str, Any], around: dict[str, Any], lattice: dict[str, Any]) -> tuple[Any, Any]:
        sublattice = ct.electron(ct.lattice(identity, **lattice), **around)
        submission = ct.lattice(lambda: sublattice(1), **outer).build_graph()
        graph, child = submission.graph, child_of(submission, 0, 1).graph
        return tuple(g.executors[g.nodes[0].executor].options.get("n") for g in (graph, child))

    assert options({}, {}, {}) == (None, None)
    assert options({"executor": here}, {}, {}) == (None, 1)
    assert options({"executor": here, "workflow_executor": other}, {}, {"executor": there}) == (3, 2)
    assert options({"workflow_executor": other}, {"executor": here}, {"workflow_executor": there}) == (2, 1)


def test_an_unknown_executor_inside_a_sublattice_fails_when_it_is_built() -> None:
    @ct.electron
    @ct.lattice(executor="nowhere")
    def inner() -> Any:
        return identity(1)

    with pytest.raises(UnknownExecutorError, match="nowhere"):
        ct.lattice(lambda: inner()).build_graph()


def test_electrons_given_to_a_sublattice_make_tasks_there() -> None:
    @ct.electron
    @ct.lattice
    def repeat(task: Any, n: int) -> Any:
        return [task(i, 10) for i in range(n)]

    submission = ct.lattice(lambda: repeat(multiply, 3)).build_graph()
    args, kwargs = loads(submission.values[submission.graph.nodes[0].args])
    assert [node.name for node in child_of(submission, 0, *args, **kwargs).graph.nodes] == ["multiply"] * 3
    assert evaluate(submission) == [0, 10, 20]


def test_replacements_reach_into_sublattices() -> None:
    @ct.electron
    def other(a: Any, b: Any) -> Any:
        return [a, b]

    flow = ct.lattice(lambda: squares(2))
    assert evaluate(build(flow, (), {}, replacements={"multiply": other})) == [[0, 0], [1, 1]]


def test_large_values_of_a_sublattice_are_left_in_the_object_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @ct.electron
    @ct.lattice
    def spread(data: Any) -> Any:
        return [identity([data, i]) for i in range(3)]

    data = np.arange(300_000.0)
    submission = ct.lattice(lambda: spread(identity(1))).build_graph()
    assert any(len(value) > 1_000_000 for value in child_of(submission, 1, data).values.values())

    monkeypatch.setenv("COVALENT_OBJECTS", str(tmp_path))
    for _ in range(2):
        child = child_of(submission, 1, data)
        assert all(len(value) < 1_000_000 for value in child.values.values())
    (constant,) = {digest for node in child.graph.nodes for digest in node.constants}
    stored = (tmp_path / constant[:2] / constant).read_bytes()
    assert digest(stored) == constant
    assert (np.frombuffer(loads(stored)) == data).all()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [constant]


def test_a_requirements_file_is_read_on_the_client(tmp_path: Path) -> None:
    (tmp_path / "reqs.txt").write_text("numpy\n")

    @ct.electron
    @ct.lattice(deps_pip=ct.DepsPip(reqs_path=str(tmp_path / "reqs.txt")))
    def inner() -> Any:
        return identity(1)

    submission = ct.lattice(lambda: inner()).build_graph()
    (tmp_path / "reqs.txt").unlink()
    assert child_of(submission, 0).graph.environments[0].pip == ("numpy",)
    with pytest.raises(WorkflowError, match=r"reqs\.txt cannot be read"):
        ct.lattice(lambda: inner()).build_graph()
