"""Workflows that were traced only to be looked at: kept in memory, a few, for a while."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from ..errors import NotFoundError, RequestError
from ..model import Graph
from ..serialize import find_cycle
from .masking import masked_graph

#: The largest one, unpacked, and how many nodes and edges it may have.
LIMIT_BYTES: Final = 8 * 2**20
NODES: Final = 20_000
EDGES: Final = 200_000

#: All of them together, as they are kept.
KEPT_BYTES: Final = 128 * 2**20

#: Seconds that one is kept.
KEPT_S: Final = 24 * 3600

_decode: Final = msgspec.msgpack.Decoder(Graph).decode


def decode_graph(body: bytes) -> Graph:
    """A graph whose numbers name what is there.

    :raises RequestError: if it is none
    """
    try:
        graph = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(422, f"The body is no graph, packed with MessagePack: {error}.") from None
    _check_size(graph)
    count = len(graph.nodes)
    for node_id, node in enumerate(graph.nodes):
        known = (
            0 <= node.function < len(graph.functions)
            and 0 <= node.executor < len(graph.executors)
            and 0 <= node.environment < len(graph.environments)
            and all(0 <= other < count for other in (*node.inputs, *node.after))
        )
        if not known:
            raise RequestError(422, f"Node {node_id} of the graph refers to what is not there.")
    if not all(0 <= other < count for other in graph.output_inputs):
        raise RequestError(422, "The result of the graph refers to a node that is not there.")
    _check_order(graph)
    return graph


def _check_size(graph: Graph) -> None:
    edges = len(graph.output_inputs) + sum(len(node.inputs) + len(node.after) for node in graph.nodes)
    for what, count, limit in (("nodes", len(graph.nodes), NODES), ("edges", edges, EDGES)):
        if count > limit:
            raise RequestError(
                413,
                f"The graph has {count:,} {what}; a preview can have {limit:,}. Draw the lattice with smaller arguments, or "
                "dispatch it with disable_run=True and look at that.",
            )


def _check_order(graph: Graph) -> None:
    for node_id, node in enumerate(graph.nodes):
        if any(other >= node_id for other in node.inputs):
            raise RequestError(422, f"Node {node_id} of the graph takes the value of one that does not come before it.")
    cycle = find_cycle(graph.nodes)
    if cycle:
        raise RequestError(422, f"Nodes of the graph wait for one another: {', '.join(map(str, cycle[:20]))}.")


def make_preview(body: bytes) -> bytes:
    """The graph as people may look at it: masked, as JSON.

    :raises RequestError: if it is none, or too large
    """
    return msgspec.json.encode(masked_graph(decode_graph(body)))


@dataclass(frozen=True, slots=True)
class _Kept:
    body: bytes
    until: float


class Previews:
    """:param clock: gives seconds that never go back"""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def keep(self, body: bytes) -> str:
        """Keep it; the oldest ones go if there is no room.

        :param body: as :func:`make_preview` has made it
        :raises RequestError: if there would be no room for it alone
        """
        if len(body) > KEPT_BYTES:
            raise RequestError(413, f"The graph is larger than {KEPT_BYTES // 2**20} MiB as JSON.")
        now = self._clock()
        while self._kept and (self._bytes + len(body) > KEPT_BYTES or next(iter(self._kept.values())).until < now):
            self._bytes -= len(self._kept.popitem(last=False)[1].body)
        preview_id = secrets.token_hex(8)
        self._kept[preview_id] = _Kept(body, now + KEPT_S)
        self._bytes += len(body)
        return preview_id

    def body(self, preview_id: str) -> bytes:
        """:raises NotFoundError: if there is none, or none any more"""
        kept = self._kept.get(preview_id)
        if kept is None or kept.until < self._clock():
            raise NotFoundError(f"There is no preview {preview_id} any more. Call draw() on the lattice again.")
        return kept.body
