"""Workflows that are kept to be looked at."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

import covalent as ct
from covalent.api.previews import KEPT_BYTES, KEPT_S, Previews, decode_graph
from covalent.errors import NotFoundError, RequestError


@ct.electron
def add(x, y):
    return x + y


@ct.lattice
def sums():
    return add(add(1, 2), 3)


GRAPH = sums.build_graph().graph


def test_a_preview_is_there_for_a_day():
    now = [0.0]
    previews = Previews(clock=lambda: now[0])
    kept = previews.keep(GRAPH, 100)
    assert previews.graph(kept) == GRAPH
    now[0] = KEPT_S + 1
    with pytest.raises(NotFoundError, match=r"draw\(\)"):
        previews.graph(kept)


def test_the_oldest_ones_make_room():
    previews = Previews()
    first, second, third = (previews.keep(GRAPH, KEPT_BYTES // 2) for _ in range(3))
    with pytest.raises(NotFoundError):
        previews.graph(first)
    assert previews.graph(second) == previews.graph(third) == GRAPH


def test_a_graph_arrives_as_it_was_sent():
    assert decode_graph(msgspec.msgpack.encode(GRAPH)) == GRAPH


@pytest.mark.parametrize(
    "nodes",
    [
        [replace(GRAPH.nodes[0], function=9)],
        [replace(GRAPH.nodes[0], executor=-1)],
        [replace(GRAPH.nodes[0], environment=9)],
        [replace(GRAPH.nodes[0], inputs=(1,))],
        [replace(GRAPH.nodes[0], after=(-1,))],
        [],
    ],
)
def test_a_graph_that_refers_to_what_is_not_there_is_refused(nodes):
    with pytest.raises(RequestError, match="not there"):
        decode_graph(msgspec.msgpack.encode(replace(GRAPH, nodes=tuple(nodes))))


@pytest.mark.parametrize("body", [b"", b"\x81", b"{}", b"\xff" * 10, msgspec.msgpack.encode({"name": "x"})])
def test_what_is_no_graph_is_refused(body):
    with pytest.raises(RequestError, match="no graph"):
        decode_graph(body)
