"""Runs a built workflow in this process, one task after the other: the simplest thing that is right."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from covalent.model import NodeKind, Submission
from covalent.serialize import decode_submission, encode_submission, loads


def evaluate(submission: Submission) -> Any:
    """The value of the workflow, after it went over the wire."""
    submission = decode_submission(encode_submission(submission))
    graph, values = submission.graph, submission.values
    done: dict[int, Any] = {}

    def opened(digest: str, inputs: tuple[int, ...], constants: tuple[str, ...]) -> Any:
        return loads(values[digest], [*(done[i] for i in inputs), *(loads(values[c]) for c in constants)])

    waiting = list(range(len(graph.nodes)))
    while waiting:
        node_id = next(i for i in waiting if done.keys() >= {*graph.nodes[i].inputs, *graph.nodes[i].after})
        waiting.remove(node_id)
        node = graph.nodes[node_id]
        args, kwargs = opened(node.args, node.inputs, node.constants)
        hooks = graph.environments[node.environment].hooks
        calls = loads(values[hooks]) if hooks else {"before": [], "after": []}
        for function, hook_args, hook_kwargs, keyword in calls["before"]:
            value = _call(function, hook_args, hook_kwargs)
            kwargs |= {keyword: value} if keyword else {}
        done[node_id] = _call(loads(values[graph.functions[node.function].digest]), args, kwargs)
        if node.kind is NodeKind.SUBLATTICE:
            done[node_id] = evaluate(decode_submission(done[node_id]))
        for function, hook_args, hook_kwargs, _ in calls["after"]:
            _call(function, hook_args, hook_kwargs)
    return opened(graph.output, graph.output_inputs, graph.output_constants)


def _call(function: Any, args: Any, kwargs: Any) -> Any:
    value = function(*args, **kwargs)
    if inspect.isgenerator(value):
        return list(value)
    return asyncio.run(value) if inspect.iscoroutine(value) else value
