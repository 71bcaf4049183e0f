"""What a traced workflow says of its arguments and its result."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

import covalent as ct
from covalent.errors import HandleUseError
from covalent.model import Graph, Mark
from covalent.serialize import decode_submission, encode_submission


@ct.electron
def load(x: Any) -> Any:
    return x


@ct.electron
def score(x: Any) -> Any:
    return x


class Report:
    """Says what is in it, which is not known in a lattice."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Report({self.value.mean()})"


@ct.lattice
def mixed(n: Any, *more: Any, key: Any = None) -> Any:
    loaded = load(n)
    return {"loaded": loaded, "all": [score(loaded), loaded], "given": n}


def test_the_arguments_are_written_like_a_call() -> None:
    graph = mixed.build_graph([1, 2], 5, key="q").graph
    assert graph.arguments_preview == "n=[1, 2], more[0]=5, key='q'"


def test_arguments_are_shown_as_they_were_before_the_lattice_ran() -> None:
    @ct.lattice
    def changes(items: list[int]) -> Any:
        items.append(2)
        return load(items)

    assert changes.build_graph([1]).graph.arguments_preview == "items=[1]"


def test_a_result_has_marks_where_values_of_tasks_are() -> None:
    graph = mixed.build_graph(3).graph
    assert (
        graph.result_preview
        == "{'loaded': \u2039load 0\u203a, 'all': [\u2039score 1\u203a, \u2039load 0\u203a], 'given': 3}"
    )
    assert [(graph.result_preview[mark.start : mark.end], mark.node_id) for mark in graph.result_marks] == [
        ("\u2039load 0\u203a", 0),
        ("\u2039score 1\u203a", 1),
        ("\u2039load 0\u203a", 0),
    ]


def test_a_result_that_is_one_value_is_one_mark() -> None:
    @ct.lattice
    def one() -> Any:
        return load(1)

    graph = one.build_graph().graph
    assert graph.result_marks == (Mark(start=0, end=len(graph.result_preview), node_id=0),)


def test_what_is_written_about_a_value_is_shown_as_it_was_written() -> None:
    @ct.lattice
    def derived() -> Any:
        return [load(1)["a"], load(2) + 1]

    graph = derived.build_graph().graph
    assert graph.result_preview == "[\u2039load (0)['a']\u203a, \u2039(load (1) + 1)\u203a]"
    assert graph.result_marks == ()


def test_an_object_around_a_value_does_not_get_to_use_it() -> None:
    @ct.lattice
    def reported() -> Any:
        return Report(load(1))

    graph = reported.build_graph().graph
    assert graph.result_preview == "Report(value=\u2039load 0\u203a)"
    assert [mark.node_id for mark in graph.result_marks] == [0]
    assert len(graph.nodes) == 1


def test_an_object_beside_a_value_is_not_asked_what_it_is() -> None:
    class Key:
        def __repr__(self) -> str:
            raise AssertionError

    @ct.lattice
    def derived() -> Any:
        return [load(1)[Key()], load(1)[[Key()]], load(1)["a", 1:2]]

    assert derived.build_graph().graph.result_preview == (
        "[\u2039\u2026\u203a, \u2039\u2026\u203a, \u2039load (2)[('a', slice(1, 2, None))]\u203a]"
    )


def test_a_preview_does_not_make_a_call_used_that_nothing_uses() -> None:
    @ct.lattice
    def forgets() -> Any:
        value = load(1)
        value.mean()
        return value

    with pytest.raises(HandleUseError, match="nothing uses"):
        forgets.build_graph()


def test_a_large_argument_has_a_short_preview() -> None:
    graph = mixed.build_graph("x" * 3_000_000, key=[Report(1)]).graph
    assert graph.arguments_preview.startswith("n='xxx")
    assert len(graph.arguments_preview) < 2000
    assert "Report(value=1)" in graph.arguments_preview


def test_previews_travel_with_the_graph_and_may_be_absent() -> None:
    submission = mixed.build_graph(3)
    assert decode_submission(encode_submission(submission)).graph == submission.graph
    fields = msgspec.to_builtins(submission.graph)
    for name in ("arguments_preview", "result_preview", "result_marks"):
        del fields[name]
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=Graph)
    assert (old.arguments_preview, old.result_preview, old.result_marks) == ("", "", ())
