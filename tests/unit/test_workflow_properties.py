"""Random workflows give built what they give called."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import covalent as ct
from tests.unit.interpreter import evaluate

Plan = dict[str, Any]

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("ab", max_size=3), st.binary(max_size=3))


@ct.electron
def collect(*args: Any, **kwargs: Any) -> Any:
    return [*args, *sorted(kwargs.items())]


@ct.electron
def count(value: Any) -> str:
    return str(len(str(value)))


@ct.electron
@ct.lattice
def nested(plan: Plan, *args: Any) -> Any:
    return [run(plan, [list(args)])]


def structures(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nested structures of values and of references to earlier tasks, ``("ref", k, expression)``."""
    references = st.tuples(
        st.just("ref"), st.integers(0, 9), st.sampled_from(["plain", "item", "sum", "call", "unpack"])
    )
    return st.recursive(
        values | references,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(inner, inner),
            st.dictionaries(st.text("xy", max_size=2), inner, max_size=3),
        ),
        max_leaves=6,
    )


STEPS = st.fixed_dictionaries(
    {
        "what": st.sampled_from(["collect", "count", "pair"]),
        "args": st.lists(structures(LEAVES), max_size=3),
        "kwargs": st.dictionaries(st.sampled_from(["p", "q"]), structures(LEAVES), max_size=2),
        "wait": st.lists(st.integers(0, 9), max_size=2),
    }
)


def plans(depth: int) -> st.SearchStrategy[Plan]:
    steps = STEPS
    if depth:
        inner = st.fixed_dictionaries(
            {"what": st.just("nested"), "plan": plans(depth - 1), "args": st.lists(structures(LEAVES), max_size=2)}
        )
        steps = STEPS | inner
    return st.fixed_dictionaries({"steps": st.lists(steps, max_size=6), "result": structures(LEAVES)})


def derive(value: Any, expression: str) -> Any:
    """An expression of what may be a handle; the value is always a list or a text."""
    if expression == "item":
        return value[:1]
    if expression == "sum":
        return [value + value, 2 * value]
    if expression == "call":
        return value.count("1")
    if expression == "unpack":
        first, second = pair(value)
        return {"first": first, "second": [second]}
    return value


@ct.electron
def pair(value: Any) -> tuple[Any, Any]:
    return value, [value]


def fill(template: Any, known: list[Any]) -> Any:
    if isinstance(template, tuple) and len(template) == 3 and template[0] == "ref":
        return derive(known[template[1] % len(known)], template[2]) if known else None
    if isinstance(template, list | tuple):
        return type(template)(fill(part, known) for part in template)
    if isinstance(template, dict):
        return {key: fill(part, known) for key, part in template.items()}
    return template


def run(plan: Plan, known: list[Any]) -> Any:
    """Do the steps, with handles where a workflow is being built and with values elsewhere."""
    made: list[Any] = []
    for step in plan["steps"]:
        args = fill(step["args"], made or known)
        if step["what"] == "nested":
            made.append(nested(step["plan"], *args))
            continue
        kwargs = fill(step["kwargs"], made or known)
        if step["what"] == "collect":
            task = collect(*args, **kwargs)
        else:
            task = count([args, kwargs]) if step["what"] == "count" else pair([args, kwargs])[1]
        made.append(ct.wait(task, [made[k % len(made)] for k in step["wait"]]) if made else task)
    return fill(plan["result"], made)


@ct.lattice
def workflow(plan: Plan) -> Any:
    return run(plan, [])


@given(plans(2))
@settings(max_examples=150, deadline=None)
def test_a_built_workflow_gives_what_calling_it_gives(plan: Plan) -> None:
    assert evaluate(workflow.build_graph(plan)) == workflow(plan)


@given(plans(1))
@settings(max_examples=30, deadline=None)
def test_building_twice_gives_the_same_tasks(plan: Plan) -> None:
    first, second = workflow.build_graph(plan).graph, workflow.build_graph(plan).graph
    assert first.nodes == second.nodes
    assert first.functions == second.functions
