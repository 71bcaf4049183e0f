"""What is left of settings when others look at them: everything but what may be a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from ..executor.registry import secret_settings
from ..masked_text import is_secret_name, masked_text, masked_words
from ..model import Environment, ExecutorSpec, Graph
from ..secrets import MASK


def masked_settings(executor: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an executor: what its class says to be secret is masked, and then what looks like it."""
    return masked_options(options, secret_settings(executor))


def masked_options(options: Mapping[str, Any], secret: Collection[str] = ()) -> dict[str, Any]:
    """Settings with their names but without what may be a secret: values of such names, and what tables hold.

    :param secret: names that are known to be secret
    """
    return {name: _masked(name, value, is_secret=name in secret) for name, value in options.items()}


def masked_graph(graph: Graph) -> Graph:
    """The graph with the settings of its executors masked, and what its environments install and run."""
    executors = tuple(
        ExecutorSpec(name=spec.name, options=masked_settings(spec.name, spec.options)) for spec in graph.executors
    )
    return replace(graph, executors=executors, environments=tuple(map(_masked_environment, graph.environments)))


def _masked_environment(environment: Environment) -> Environment:
    pip, bash = (tuple(map(masked_text, texts)) for texts in (environment.pip, environment.bash))
    return replace(environment, pip=pip, bash=bash)


def _masked(name: str, value: Any, *, is_secret: bool) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        # Variables of an environment and the like: what they are called is of use, what they hold is nobody's business.
        return dict.fromkeys(value, MASK)
    if is_secret or is_secret_name(name):
        return MASK
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, (list, tuple)):
        return _masked_list(name, list(value))
    return value


def _masked_list(name: str, values: list[Any]) -> list[Any]:
    if all(isinstance(one, str) for one in values):
        return masked_words(values)
    return [_masked(name, one, is_secret=False) for one in values]
