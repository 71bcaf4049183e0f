"""What is left of settings when others look at them: everything but what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..model import ExecutorSpec, Graph

MASK: Final = "•••"

_SECRET_NAME: Final = re.compile(
    r"secret|password|passwd|token|credential|private|(?:access|account|api|auth)_?key|^key$|(?:^|_)sas(?:_|$)", re.I
)
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def masked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an executor, with their names but without what may be a secret: values of such names, and what tables hold."""
    return {name: _masked(name, value) for name, value in options.items()}


def masked_graph(graph: Graph) -> Graph:
    """The graph with the settings of its executors masked."""
    executors = tuple(ExecutorSpec(name=spec.name, options=masked_options(spec.options)) for spec in graph.executors)
    return replace(graph, executors=executors)


def _masked(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        # Variables of an environment and the like: what they are called is of use, what they hold is nobody's business.
        return dict.fromkeys(value, MASK)
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, str):
        return _USER_IN_URL.sub(MASK, value)
    if isinstance(value, (list, tuple)):
        return [_masked(name, one) for one in value]
    return value
