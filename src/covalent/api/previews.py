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

#: The largest one, unpacked.
LIMIT_BYTES: Final = 64 * 2**20

#: All of them together.
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
    return graph


@dataclass(frozen=True, slots=True)
class _Kept:
    graph: Graph
    size: int
    until: float


class Previews:
    """:param clock: gives seconds that never go back"""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, graph: Graph, size: int) -> str:
        """Keep it; the oldest ones go if there is no room.

        :param size: in bytes, about
        """
        now = self._clock()
        preview_id = secrets.token_hex(8)
        self._kept[preview_id] = _Kept(graph, size, now + KEPT_S)
        while (
            sum(kept.size for kept in self._kept.values()) > KEPT_BYTES or next(iter(self._kept.values())).until < now
        ):
            self._kept.popitem(last=False)
        return preview_id

    def graph(self, preview_id: str) -> Graph:
        """:raises NotFoundError: if there is none, or none any more"""
        kept = self._kept.get(preview_id)
        if kept is None or kept.until < self._clock():
            raise NotFoundError(f"There is no preview {preview_id} any more. Call draw() on the lattice again.")
        return kept.graph
