"""Executors and dependencies: in every form, from every place, with the right precedence."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import covalent as ct
from covalent.errors import UnknownExecutorError, WorkflowError
from covalent.model import Environment, ExecutorSpec, Graph
from covalent.serialize import loads
from tests.unit.interpreter import evaluate


class Machine:
    """An executor as plugins make them; its name is one that this installation knows."""

    short_name = "local"

    def __init__(self, **options: Any) -> None:
        self.options = options

    def to_dict(self) -> dict[str, Any]:
        return self.options


def task(x: Any = None) -> Any:
    return x


def graph_of(electron: dict[str, Any], lattice: dict[str, Any] | None = None) -> Graph:
    made = ct.electron(task, **electron)
    return ct.lattice(lambda: made(), **lattice or {}).build_graph().graph


def environment_of(electron: dict[str, Any], lattice: dict[str, Any] | None = None) -> Environment:
    (environment,) = graph_of(electron, lattice).environments
    return environment


def test_an_executor_comes_by_name_or_as_an_object_with_its_settings() -> None:
    assert graph_of({"executor": "local"}).executors == (ExecutorSpec(name="local"),)
    spec = ExecutorSpec(name="local", options={"vcpus": 2, "tags": ["a"]})
    assert graph_of({"executor": Machine(vcpus=2, tags=("a",))}).executors == (spec,)
    assert graph_of({"backend": "local"}).executors == (ExecutorSpec(name="local"),)


def test_an_electrons_executor_wins_over_its_lattices_which_wins_over_the_configuration(
    covalent_home: Path,
) -> None:
    one, two = Machine(n=1), Machine(n=2)
    assert graph_of({"executor": one}, {"executor": two}).executors[0].options == {"n": 1}
    assert graph_of({}, {"executor": two}).executors[0].options == {"n": 2}
    assert graph_of({}).executors == (ExecutorSpec(name="local"),)
    ct.set_config("sdk.executor", "elsewhere")
    with pytest.raises(UnknownExecutorError, match="elsewhere"):
        graph_of({})
    assert graph_of({"executor": "local"}).executors == (ExecutorSpec(name="local"),)


def test_equal_executors_and_environments_are_listed_once() -> None:
    a = ct.electron(task, executor=Machine(x=1, y=2), deps_pip="numpy")
    b = ct.electron(task, executor=Machine(y=2, x=1), deps_pip=["numpy"])
    c = ct.electron(task, executor=Machine(x=2))
    graph = ct.lattice(lambda: [a(), b(), c()]).build_graph().graph
    assert [node.executor for node in graph.nodes] == [0, 0, 1]
    assert [node.environment for node in graph.nodes] == [0, 0, 1]


@pytest.mark.parametrize("where", ["electron", "lattice", "workflow"])
def test_an_unknown_executor_fails_before_anything_is_sent(where: str) -> None:
    unknown = {"executor": "locla"}
    for say in (
        {"electron": (unknown, {}), "lattice": ({}, unknown), "workflow": ({}, {"workflow_executor": "locla"})}[where],
        {"electron": (unknown, {}), "lattice": ({"executor": "local"}, unknown), "workflow": ({}, unknown)}[where],
    ):
        with pytest.raises(UnknownExecutorError, match="Did you mean 'local'"):
            graph_of(*say)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"executor": 3}, "takes a short name"),
        ({"executor": Machine}, "takes a short name"),
        ({"executor": "local", "backend": "local"}, "old name of executor"),
        ({"files": ["x"]}, "File transfers are not available"),
        ({"deps_pip": 3}, "DepsPip takes strings, not 3"),
        ({"deps_bash": ["ls", 3]}, "DepsBash takes strings, not 3"),
        ({"deps_module": 3}, "DepsModule takes a module or its name"),
        ({"call_before": [3]}, "call_before takes DepsCall"),
        ({"call_after": ct.DepsCall(task, retval_keyword="x")}, "no meaning in call_after"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(WorkflowError, match=says):
        ct.electron(task, **settings)


def test_settings_that_are_not_known_are_refused() -> None:
    with pytest.raises(TypeError, match="exectuor"):
        ct.electron(exectuor="local")  # type: ignore[call-overload]
    with pytest.raises(WorkflowError, match="Triggers are not available"):
        ct.lattice(task, triggers=[1])
    with pytest.raises(WorkflowError, match="must be plain JSON"):
        graph_of({"executor": Machine(when=object())})
    with pytest.raises(WorkflowError, match="must be plain JSON"):
        graph_of({"executor": Machine(share=float("nan"))})


@pytest.mark.parametrize(
    "pip", [ct.DepsPip(["numpy==2", "scipy"]), ["numpy==2", " scipy "], ct.DepsPip(("numpy==2", "", "scipy"))]
)
def test_packages_come_in_every_form(pip: Any) -> None:
    assert environment_of({"deps_pip": pip}).pip == ("numpy==2", "scipy")


def test_one_package_and_one_command_may_be_bare_strings() -> None:
    environment = environment_of({"deps_pip": "numpy", "deps_bash": "echo a; echo b"})
    assert environment == Environment(pip=("numpy",), bash=("echo a; echo b",))
    assert environment_of({"deps_bash": ct.DepsBash(["a", "b"])}).bash == ("a", "b")
    assert environment_of({"deps_bash": ct.DepsBash("a")}).bash == ("a",)


def test_what_an_electron_needs_wins_over_what_its_lattice_says_kind_by_kind() -> None:
    lattice = {"deps_pip": "outer", "deps_bash": "outer"}
    assert environment_of({"deps_pip": "own"}, lattice) == Environment(pip=("own",), bash=("outer",))
    assert environment_of({"deps_pip": []}, lattice) == Environment(bash=("outer",))
    assert environment_of({}, lattice) == Environment(pip=("outer",), bash=("outer",))


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("./pear", "{here}/pear"),
        ("../pear[extra]", "{above}/pear[extra]"),
        (".", "{here}"),
        ("-e ./pear", "-e {here}/pear"),
        ("pear", "pear"),
        (".pear", ".pear"),
    ],
)
def test_a_package_in_the_working_directory_is_found_from_anywhere(
    asked: str, sent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ct.DepsPip(asked).requirements() == (sent.format(here=tmp_path, above=tmp_path.parent),)


def test_a_requirements_file_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "reqs.txt").write_text(
        "# comment\nnumpy>=1 # why\n\n--index-url https://example.org/simple\n-r sub/more.txt\nscipy \\\n  ==1.0\npkg @ file:///x#egg=y\n"
    )
    (tmp_path / "sub" / "more.txt").write_text("\ufeffrequests\n--requirement=last.txt\n", encoding="utf-8")
    (tmp_path / "sub" / "last.txt").write_text("six")
    assert environment_of({"deps_pip": ct.DepsPip("first", reqs_path=str(tmp_path / "reqs.txt"))}).pip == (
        "first",
        "numpy>=1",
        "--index-url https://example.org/simple",
        "requests",
        "six",
        "scipy    ==1.0",
        "pkg @ file:///x#egg=y",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("-r reqs.txt", "includes itself"),
        ("-c limits.txt", "names the constraints file 'limits.txt'"),
    ],
)
def test_a_requirements_file_that_cannot_serve_is_named(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "reqs.txt").write_text(text)
    with pytest.raises(WorkflowError, match=rf"requirements file .*reqs\.txt {says}"):
        graph_of({"deps_pip": ct.DepsPip(reqs_path=str(tmp_path / "reqs.txt"))})


def give(*args: Any, **kwargs: Any) -> Any:
    return [list(args), kwargs]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (give, [((), {})]),
        ([give, give], [((), {}), ((), {})]),
        ((give, give), [((), {}), ((), {})]),
        ((give, [1]), [((1,), {})]),
        ((give, [1], {"k": 2}), [((1,), {"k": 2})]),
        ([(give,), (give, (1, 2)), ct.DepsCall(give, [3], {"k": 4})], [((), {}), ((1, 2), {}), ((3,), {"k": 4})]),
        (ct.DepsCall(give), [((), {})]),
        ([], []),
    ],
)
def test_calls_around_a_task_come_in_every_form(calls: Any, expected: list[Any]) -> None:
    made = ct.electron(task, call_before=calls, call_after=calls)
    submission = ct.lattice(lambda: made()).build_graph()
    hooks = submission.graph.environments[0].hooks
    stored = loads(submission.values[hooks]) if hooks else {"before": [], "after": []}
    for where in ("before", "after"):
        found = [(function(*args, **kwargs), keyword) for function, args, kwargs, keyword in stored[where]]
        assert found == [([list(args), kwargs], "") for args, kwargs in expected]


def test_the_value_of_a_call_before_fills_an_argument() -> None:
    @ct.electron(call_before=ct.DepsCall(lambda n: n * 2, [21], retval_keyword="answer"))
    def ask(question: str, answer: int) -> str:
        return f"{question} {answer}"

    assert evaluate(ct.lattice(lambda: ask("?")).build_graph()) == "? 42"
    with pytest.raises(TypeError, match="missing a required argument: 'question'"):
        ct.lattice(lambda: ask()).build_graph()


def test_a_lattices_call_before_fills_arguments_of_its_electrons() -> None:
    made = ct.electron(lambda x, extra: [x, extra])
    flow = ct.lattice(lambda: made(1), call_before=ct.DepsCall(lambda: 2, retval_keyword="extra"))
    assert evaluate(flow.build_graph()) == [1, 2]


def test_electrons_can_be_called_before_a_task() -> None:
    done = ct.electron(lambda: 5)
    made = ct.electron(lambda x: x, call_before=ct.DepsCall(done, retval_keyword="x"))
    assert evaluate(ct.lattice(lambda: made()).build_graph()) == 5


def test_descriptions_read_well() -> None:
    assert repr(ct.DepsPip(["a"], reqs_path="b.txt")) == "DepsPip(['a'], reqs_path='b.txt')"
    assert repr(ct.DepsBash("ls")) == "DepsBash(['ls'])"
    assert (
        repr(ct.DepsCall(len, ["x"], retval_keyword="n"))
        == "DepsCall(<built-in function len>, ['x'], {}, retval_keyword='n')"
    )
    assert repr(ct.DepsModule(colorsys)) == "DepsModule('colorsys')"
    with pytest.raises(WorkflowError, match="takes a function first, not 3"):
        ct.DepsCall(3)  # type: ignore[arg-type]


def test_decorators_work_with_and_without_parentheses_and_as_calls() -> None:
    forms: list[Callable[[Any], Any]] = [ct.electron, ct.electron(), ct.electron(executor="local")]
    assert [form(task)(3) for form in forms] == [3, 3, 3]
    assert [form(task)(3) for form in (ct.lattice, ct.lattice(), ct.lattice(executor="local"))] == [3, 3, 3]
    assert ct.electron(_func=task)(3) == 3
