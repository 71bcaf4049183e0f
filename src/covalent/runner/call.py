"""Calling whatever a task's function is, up to a plain value."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any


def call(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """The function's value: awaited if it is awaitable, collected into a list if it is a generator of either kind."""
    value = function(*args, **kwargs)
    kind = type(value)
    if kind is types.GeneratorType:
        return list(value)
    if kind is types.AsyncGeneratorType:
        return _run(_collect(value))
    if hasattr(kind, "__await__") or kind is types.CoroutineType:
        return _run(_await(value))
    return value


def call_hooks(hooks: list[Any]) -> dict[str, Any]:
    """Call hooks in order; return the keywords that they fill.

    A hook is a function, its arguments, its keyword arguments, and the keyword that hands its value to the task, or nothing.
    A keyword that several hooks fill gets a list of their values.
    """
    values: dict[str, list[Any]] = {}
    for function, args, kwargs, keyword in hooks:
        value = call(function, args, kwargs)
        if keyword:
            values.setdefault(keyword, []).append(value)
    return {keyword: found[0] if len(found) == 1 else found for keyword, found in values.items()}


def _run(coroutine: Any) -> Any:
    import asyncio

    # Unlike asyncio.run, this leaves the thread without a mark that would make asyncio.get_event_loop() fail in later tasks.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(coroutine)


async def _await(value: Awaitable[Any]) -> Any:
    return await value


async def _collect(values: AsyncIterator[Any]) -> list[Any]:
    return [value async for value in values]
