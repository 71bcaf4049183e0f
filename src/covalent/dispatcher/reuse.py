"""Which tasks of a new dispatch an earlier one has done already: same function, same inputs, same environment."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from dataclasses import replace
from typing import Final

import msgspec

from ..executor.local.sources import local_sources, state_of
from ..model import Environment, Graph

#: Files that are looked at while whoever dispatches waits; a folder of more counts as changed.
MOST_FILES: Final = 10_000


def task_keys(graph: Graph) -> list[str]:
    """A key for each node, equal for two tasks that must give the same value.

    It covers the function, the arguments, the environment and, through the keys of the inputs, all that came before; not the
    executor, for where a task runs does not change what it is.
    """
    keys: list[str] = []
    for node in graph.nodes:
        parts = (
            graph.functions[node.function].digest,
            node.args,
            node.constants,
            graph.environments[node.environment],
            node.kind,
            [keys[producer] for producer in node.inputs],
        )
        keys.append(hashlib.sha256(msgspec.json.encode(parts)).hexdigest())
    return keys


def with_local_state(graph: Graph) -> Graph:
    """The graph with the state of what its requirements name on this machine, so that tasks are done again after a change. Blocks."""
    found = tuple(map(_with_local_state, graph.environments))
    return graph if found == graph.environments else replace(graph, environments=found)


def _with_local_state(environment: Environment) -> Environment:
    sources = local_sources((*environment.pip, *environment.inner_pip))
    return replace(environment, local_state=state_of(sources, MOST_FILES) if sources else "")


def match_tasks(new: Graph, old: Graph) -> dict[int, int]:
    """Node of ``old`` by node of ``new``, where they are the same task.

    Where several are alike (``[roll() for _ in range(3)]``) the first goes with the first, and so on.
    """
    unmatched: dict[str, deque[int]] = defaultdict(deque)
    for node_id, key in enumerate(task_keys(old)):
        unmatched[key].append(node_id)
    matches = {}
    for node_id, key in enumerate(task_keys(new)):
        if unmatched[key]:
            matches[node_id] = unmatched[key].popleft()
    return matches
