"""Workflows that are kept to be looked at."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

import covalent as ct
from covalent.api.previews import EDGES, KEPT_BYTES, KEPT_S, NODES, Previews, decode_graph, make_preview
from covalent.errors import NotFoundError, RequestError
from covalent.model import ExecutorSpec


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
    kept = previews.keep(b"{}")
    assert previews.body(kept) == b"{}"
    now[0] = KEPT_S + 1
    with pytest.raises(NotFoundError, match=r"draw\(\)"):
        previews.body(kept)


def test_the_oldest_ones_make_room():
    previews = Previews()
    body = bytes(KEPT_BYTES // 2)
    first, second, third = (previews.keep(body) for _ in range(3))
    with pytest.raises(NotFoundError):
        previews.body(first)
    assert previews.body(second) is previews.body(third) is body


def test_one_that_is_larger_than_all_may_be_is_refused_and_costs_no_other():
    previews = Previews()
    kept = previews.keep(b"{}")
    with pytest.raises(RequestError, match="larger than 128 MiB"):
        previews.keep(bytes(KEPT_BYTES + 1))
    assert previews.body(kept) == b"{}"


def test_a_preview_is_the_masked_graph_as_json():
    graph = replace(GRAPH, executors=(ExecutorSpec(name="x", options={"password": "s3cr3t"}),))
    body = make_preview(msgspec.msgpack.encode(graph))
    assert b"s3cr3t" not in body
    assert msgspec.json.decode(body, type=type(GRAPH)).nodes == GRAPH.nodes


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


def packed(*nodes, **changes):
    return msgspec.msgpack.encode(replace(GRAPH, nodes=nodes or GRAPH.nodes, **changes))


@pytest.mark.parametrize(
    ("nodes", "complaint"),
    [
        ([replace(GRAPH.nodes[0], inputs=(0,))], "Node 0 .* come before"),
        ([replace(GRAPH.nodes[0], inputs=(1,)), GRAPH.nodes[0]], "Node 0 .* come before"),
        ([replace(GRAPH.nodes[0], after=(0,))], "wait for one another: 0"),
        ([replace(GRAPH.nodes[0], after=(1,)), replace(GRAPH.nodes[0], inputs=(0,))], "wait for one another: 0, 1"),
    ],
)
def test_nodes_that_wait_for_themselves_are_refused(nodes, complaint):
    with pytest.raises(RequestError, match=complaint):
        decode_graph(packed(*nodes, output_inputs=()))


def test_graphs_with_too_many_nodes_or_edges_are_refused():
    node = replace(GRAPH.nodes[0], inputs=(), after=())
    assert len(decode_graph(packed(*[node] * NODES, output_inputs=())).nodes) == NODES
    with pytest.raises(RequestError, match="20,001 nodes; a preview can have 20,000") as refused:
        decode_graph(packed(*[node] * (NODES + 1), output_inputs=()))
    assert refused.value.status == 413
    edges = replace(node, inputs=(0,) * EDGES)
    assert decode_graph(packed(node, edges, output_inputs=()))
    with pytest.raises(RequestError, match="200,001 edges"):
        decode_graph(packed(node, edges, output_inputs=(0,)))
