"""Calling electrons in a lattice makes a graph that gives what the plain function gives."""

from __future__ import annotations

import asyncio
import functools
import operator
import pickle
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import covalent as ct
from covalent.errors import CycleError, HandleUseError, PickleError, WorkflowError
from covalent.serialize import digest, loads
from covalent.workflow import build
from tests.unit.interpreter import evaluate


@ct.electron
def identity(x: Any) -> Any:
    return x


@ct.electron
def add(a: Any, b: Any = 10) -> Any:
    """Adds."""
    return a + b


@ct.electron
def everything(a: Any, /, b: Any = 2, *rest: Any, c: Any, d: Any = 4, **more: Any) -> Any:
    return [a, b, list(rest), c, d, more]


MORE = {"c": 5}


def both_ways(workflow: Any, *args: Any, **kwargs: Any) -> Any:
    """The value of a lattice, once it is certain that it is the same built and called."""
    built = evaluate(workflow.build_graph(*args, **kwargs))
    assert built == workflow(*args, **kwargs)
    return built


def test_outside_a_lattice_an_electron_is_its_function() -> None:
    assert add(1) == 11
    assert add.__name__ == "add"
    assert add.__doc__ == "Adds."
    assert add.__wrapped__(1, 2) == 3
    assert repr(add) == "<electron add>"


def test_an_electron_keeps_what_was_set_on_its_function() -> None:
    def function() -> None: ...

    function.mark = "yes"  # type: ignore[attr-defined]
    assert ct.electron(function).mark == "yes"
    with pytest.raises(AttributeError, match="nothing"):
        _ = ct.electron(function).nothing


def test_each_call_is_a_task_and_edges_fall_out_of_the_arguments() -> None:
    @ct.lattice
    def flow(x: int) -> int:
        a = add(x)
        b = add(a, b=a)
        return add(a, [b, {"k": (a,)}])

    graph = flow.build_graph(1).graph
    assert [node.name for node in graph.nodes] == ["add"] * 3
    assert [node.inputs for node in graph.nodes] == [(), (0,), (0, 1)]
    assert graph.output_inputs == (2,)
    assert len(graph.functions) == 1


def test_handles_may_sit_anywhere_in_any_structure() -> None:
    class Box:
        def __init__(self, inside: Any) -> None:
            self.inside = inside

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Box) and self.inside == other.inside

        __hash__ = None  # type: ignore[assignment]

    @ct.lattice
    def flow(x: int) -> Any:
        a, b = identity(x), identity("key")
        return identity({"list": [a, (a, {b})], b: Box([a]), "set": frozenset({a})}), {b: [a]}, None

    both_ways(flow, 1)


def test_arguments_come_in_every_form() -> None:
    @ct.lattice
    def flow(x: int) -> Any:
        a = identity(x)
        return [everything(1, c=a), everything(a, a, 3, a, c=1, d=a, e=a), everything(*[1, 2], **MORE)]

    both_ways(flow, 7)


def test_a_call_that_does_not_fit_the_function_fails_where_it_is_written() -> None:
    @ct.lattice
    def flow() -> Any:
        return everything(1)

    with pytest.raises(TypeError, match="everything: missing a required"):
        flow.build_graph()
    with pytest.raises(TypeError):
        flow.build_graph(1)


def test_a_lattice_without_electrons_just_returns_its_value() -> None:
    submission = ct.lattice(lambda x: {"value": x}).build_graph(3)
    assert submission.graph.nodes == ()
    assert evaluate(submission) == {"value": 3}
    assert evaluate(ct.lattice(lambda: None).build_graph()) is None


def test_a_lattice_remembers_what_a_later_dispatch_needs() -> None:
    @ct.lattice
    def flow(x: int, *, y: int = 2) -> Any:
        return add(x, y)

    submission = flow.build_graph(1, y=5)
    graph, values = submission.graph, submission.values
    assert graph.name == "flow"
    assert "def flow(x: int, *, y: int = 2)" in graph.source
    assert "def add(a: Any, b: Any = 10)" in graph.functions[0].source
    assert graph.arguments is not None
    assert graph.lattice is not None
    args, kwargs = loads(values[graph.arguments])
    again = loads(values[graph.lattice]).build_graph(*args, **kwargs)
    assert again.graph.nodes == graph.nodes
    assert again.graph.functions == graph.functions
    assert evaluate(again) == 6
    assert loads(values[graph.lattice])(1, y=5) == 6


def test_like_calls_have_like_payloads_wherever_they_stand() -> None:
    @ct.lattice
    def flow() -> Any:
        a, b, c = identity(1), identity(1), identity(2)
        return [add(a, [b]), add(c, [a]), add(b, [c])]

    nodes = flow.build_graph().graph.nodes
    assert nodes[0].args == nodes[1].args != nodes[2].args
    assert len({node.args for node in nodes[3:]}) == 1
    assert [node.inputs for node in nodes[3:]] == [(0, 1), (2, 0), (1, 2)]


def test_every_value_lies_under_its_digest() -> None:
    submission = ct.lattice(lambda: add(identity(1))).build_graph()
    assert all(digest(data) == name for name, data in submission.values.items())


def test_equal_functions_are_listed_once() -> None:
    @ct.lattice
    def flow() -> Any:
        return [ct.electron(lambda x: x + 1)(i) for i in range(5)]

    submission = flow.build_graph()
    assert len(submission.graph.functions) == 1
    assert evaluate(submission) == [1, 2, 3, 4, 5]


def test_order_without_data_is_kept() -> None:
    @ct.lattice
    def flow() -> Any:
        a, b, c, d = identity(1), identity(2), identity(3), identity(4)
        assert ct.wait(a, b) is a
        d.wait_for([a, c[0] + b])
        ct.wait(d, a)
        e = add(a, b)
        e.wait_for(a)
        return [c, d, e]

    graph = flow.build_graph().graph
    assert [node.after for node in graph.nodes] == [(1,), (), (), (0, 2, 1), ()]
    assert evaluate(flow.build_graph()) == [3, 4, 3]


def test_wait_does_nothing_where_everything_has_run() -> None:
    assert ct.wait(3, [1, 2]) == 3


def test_tasks_that_wait_for_one_another_are_named() -> None:
    @ct.lattice
    def flow() -> Any:
        a = identity(1)
        b = add(a)
        ct.wait(a, b)
        return b

    with pytest.raises(CycleError, match=r"identity \(0\), which waits for add \(1\), which waits for identity \(0\)"):
        flow.build_graph()
    with pytest.raises(CycleError):
        ct.lattice(lambda: (lambda h: h.wait_for(h))(identity(1))).build_graph()


@pytest.mark.parametrize("parents", [3, [3], "x"])
def test_only_tasks_can_be_waited_for(parents: Any) -> None:
    with pytest.raises(HandleUseError, match="Only tasks of the same workflow"):
        ct.lattice(lambda: ct.wait(identity(1), parents)).build_graph()
    with pytest.raises(HandleUseError, match="3 is not that"):
        ct.lattice(lambda: ct.wait(3, identity(1))).build_graph()


class Adder:
    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, x: int) -> int:
        return x + self.n

    def method(self, x: int) -> int:
        return x * self.n


def generator(x: int) -> Iterator[int]:
    yield from range(x)


async def coroutine(x: int) -> int:
    await asyncio.sleep(0)
    return x


@pytest.mark.parametrize(
    ("function", "name", "expected"),
    [
        (lambda x: x + 1, "<lambda>", 6),
        (functools.partial(operator.add, 2), "add", 7),
        (functools.partial(lambda y, x: x * y, 3), "<lambda>", 15),
        (Adder(4), "Adder", 9),
        (Adder(4).method, "method", 20),
        (str, "str", "5"),
        (generator, "generator", [0, 1, 2, 3, 4]),
        (coroutine, "coroutine", 5),
        (functools.lru_cache(lambda x: x - 1), "<lambda>", 4),
        (staticmethod(abs), "abs", 5),
    ],
)
def test_anything_that_can_be_called_can_be_a_task(function: Callable[..., Any], name: str, expected: Any) -> None:
    task = ct.electron(function)
    submission = ct.lattice(lambda x: task(x)).build_graph(5)
    assert submission.graph.nodes[0].name == name
    assert evaluate(submission) == expected


def test_recursive_and_mutually_recursive_functions_travel() -> None:
    @ct.electron
    def even(n: int) -> bool:
        return n == 0 or odd(n - 1)

    def odd(n: int) -> bool:
        return n != 0 and even(n - 1)

    @functools.cache
    def fib(n: int) -> int:
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert evaluate(ct.lattice(lambda: [even(10), ct.electron(fib)(20)]).build_graph()) == [True, 6765]


def test_electrons_can_be_passed_to_electrons() -> None:
    @ct.electron
    def apply(function: Any, x: int) -> Any:
        return function(x)

    assert evaluate(ct.lattice(lambda: apply(add, 1)).build_graph()) == 11


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(WorkflowError, match="takes something that can be called, not 3"):
        ct.electron(3)  # type: ignore[call-overload]
    with pytest.raises(WorkflowError, match="below @classmethod"):
        ct.lattice(classmethod(lambda cls: 1))  # type: ignore[call-overload]


def test_decorating_twice_lets_the_later_settings_win() -> None:
    first = ct.electron(identity, executor="local", deps_bash="true")
    second = ct.electron(first, deps_bash="false")
    assert second.settings.bash is not None
    assert second.settings.bash.commands == ("false",)
    assert second.settings.executor == "local"
    assert ct.lattice(ct.lattice(lambda: 1), executor="local")() == 1


def test_an_argument_that_cannot_travel_is_named_with_its_place() -> None:
    lock = threading.Lock()
    with pytest.raises(
        PickleError, match=r"argument 'b' of add .*cannot pickle '_thread.lock' object \(at \['x'\]\[1\]\)"
    ):
        ct.lattice(lambda: add(1, {"x": [0, lock]})).build_graph()
    with pytest.raises(PickleError, match=r"argument 'rest\[1\]' of everything"):
        ct.lattice(lambda: everything(1, 2, 3, lock, c=1)).build_graph()
    with pytest.raises(PickleError, match=r"argument 'x' of the lattice <lambda>"):
        ct.lattice(lambda x: 1).build_graph(lock)
    with pytest.raises(PickleError, match=r"What the lattice <lambda> returns .*\(at \[0\]\)"):
        ct.lattice(lambda: [lock]).build_graph()


def test_a_function_that_cannot_travel_is_named_with_what_holds_it_back() -> None:
    lock = threading.Lock()

    @ct.electron
    def locked(x: int) -> bool:
        return lock.locked()

    with pytest.raises(PickleError, match=r"electron locked .*\(at closure variable 'lock'\)"):
        ct.lattice(lambda: locked(1)).build_graph()


def test_a_lattice_that_cannot_travel_itself_still_runs() -> None:
    lock = threading.Lock()
    submission = ct.lattice(lambda: identity(lock.locked())).build_graph()
    assert submission.graph.lattice is None
    assert evaluate(submission) is False


def test_an_exception_in_a_lattice_passes_and_leaves_no_trace_behind() -> None:
    @ct.lattice
    def flow() -> Any:
        identity(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        flow.build_graph()
    assert identity(2) == 2


async def async_lattice() -> None: ...


async def async_generator_lattice() -> AsyncIterator[int]:
    yield 1


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("function", [async_lattice, async_generator_lattice, lambda: (i for i in range(3))])
def test_a_lattice_must_be_a_plain_function(function: Callable[[], Any]) -> None:
    with pytest.raises(WorkflowError, match="must be a plain function"):
        ct.lattice(function).build_graph()


def test_electrons_called_by_plain_helpers_and_inlined_lattices_join_the_workflow() -> None:
    @ct.lattice(deps_bash="inner")
    def inner(x: Any) -> Any:
        return add(x)

    def helper(x: Any) -> Any:
        return identity(x)

    @ct.lattice(deps_bash="outer")
    def flow(x: int) -> Any:
        return helper(inner(helper(x)))

    graph = flow.build_graph(1).graph
    assert [node.name for node in graph.nodes] == ["identity", "add", "identity"]
    assert [graph.environments[node.environment].bash for node in graph.nodes] == [("outer",), ("inner",), ("outer",)]
    assert both_ways(flow, 1) == 11


def test_workflows_are_built_independently_in_threads() -> None:
    @ct.lattice
    def flow(n: int) -> Any:
        return [identity(i) for i in range(n)]

    counts: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda n=n: counts.update({n: len(flow.build_graph(n).graph.nodes)})) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {n: n for n in range(20)}


def test_replacements_take_the_place_of_electrons_of_the_same_name() -> None:
    @ct.lattice
    def flow(x: int) -> Any:
        return add(identity(x))

    submission = build(flow, (1,), {}, replacements={"add": ct.electron(lambda a: -a)})
    assert [node.name for node in submission.graph.nodes] == ["identity", "add"]
    assert evaluate(submission) == -1

    # What is stored for a later dispatch is what ran.
    assert submission.graph.lattice is not None
    stored = loads(submission.values[submission.graph.lattice])
    assert evaluate(stored.build_graph(1)) == -1
    assert evaluate(build(stored, (1,), {}, replacements={"identity": ct.electron(lambda x: 5)})) == -5
    with pytest.raises(WorkflowError, match=r"calls no electron named ad\."):
        build(flow, (1,), {}, replacements={"ad": add})
    with pytest.raises(WorkflowError, match="Only an electron can take the place of the electron add"):
        build(flow, (1,), {}, replacements={"add": abs})  # type: ignore[dict-item]


def test_an_electron_survives_an_ordinary_pickle() -> None:
    assert pickle.loads(pickle.dumps(loads_add())) is not None


def loads_add() -> Any:
    return ct.electron(functools.partial(operator.add, 1))


def test_a_thousand_calls_are_traced_at_once() -> None:
    @ct.lattice
    def flow(n: int) -> Any:
        return identity([identity(i) for i in range(n)])

    flow.build_graph(1)
    began = time.perf_counter()
    assert len(flow.build_graph(1000).graph.nodes) == 1001
    assert time.perf_counter() - began < 0.25  # ten times what it takes
