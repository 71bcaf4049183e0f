"""Which tasks count as the same."""

from __future__ import annotations

from dataclasses import replace

from covalent.dispatcher.reuse import match_tasks
from covalent.model import Environment

from .scheduling import graph, node


def test_the_same_graph_matches_task_by_task():
    old = graph(node(), node(0), node(0, 1))
    assert match_tasks(old, old) == {0: 0, 1: 1, 2: 2}


def test_another_function_matches_nothing_that_depends_on_it():
    old = graph(node(), node(0), node(function=1), functions=2)
    first, second = old.functions
    new = replace(old, functions=(replace(first, digest="f" * 64), second))
    assert match_tasks(new, old) == {2: 2}


def test_other_arguments_match_nothing_that_depends_on_them():
    old = graph(node(), node(), node(1))
    new = replace(old, nodes=(old.nodes[0], replace(old.nodes[1], args="a" * 64), old.nodes[2]))
    assert match_tasks(new, old) == {0: 0}


def test_another_environment_is_another_task():
    old = graph(node())
    assert match_tasks(replace(old, environments=(Environment(pip=("numpy",)),)), old) == {}


def test_another_executor_is_the_same_task():
    old = graph(node(), executors=2)
    assert match_tasks(replace(old, nodes=(replace(old.nodes[0], executor=1),)), old) == {0: 0}


def test_a_task_put_in_front_does_not_disturb_the_others():
    old = graph(node(), node(0), functions=2)
    new = graph(node(function=1), node(), node(1), functions=2)
    assert match_tasks(new, old) == {1: 0, 2: 1}


def test_tasks_that_are_alike_match_one_to_one():
    assert match_tasks(graph(node(), node(), node()), graph(node(), node())) == {0: 0, 1: 1}
