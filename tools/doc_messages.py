"""What executors say when something is wrong, as rows: from their tables, and from the errors that they raise."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final

from covalent.executor.batch.causes import RUNNER_REASONS

#: Modules of each executor in which a task is looked at before a job is submitted.
_LOOKING: Final = {
    "awsbatch": ("executor", "session", "checks", "fitting", "resources", "definitions"),
    "azurebatch": ("executor", "session", "checks"),
    "gcpbatch": ("executor", "session", "checks"),
}

_END_OF_SENTENCE: Final = re.compile(r"(?<=[.)])\s+(?=[A-Z])")


def refusals(executor: str) -> Iterator[tuple[str, ...]]:
    """What is found before a job is submitted."""
    yield "message", "what to do"
    said = dict.fromkeys(message for module in _LOOKING[executor] for message in _raised(_module(executor, module)))
    for message in said:
        # What only passes on another message has no beginning of its own.
        if not message.startswith("…"):
            yield _parted(message)


def failures(executor: str) -> Iterator[tuple[str, ...]]:
    """Why a task ended that could leave no outcome; ``batch`` stands for what all services have in common."""
    yield "message", "cause", "what to do"
    reasons = RUNNER_REASONS if executor == "batch" else _module(executor, "reasons").REASONS
    for row in dict.fromkeys((reason.message, reason.cause.name) for reason in reasons):
        happened, to_do = _parted(row[0])
        yield happened, f"`{row[1]}`", to_do


def waits(executor: str) -> Iterator[tuple[str, ...]]:
    """What ``covalent why`` says."""
    yield "message", "what to do"
    for message in dict.fromkeys(wait.message for wait in _module(executor, "reasons").WAITS):
        yield _parted(f"…{message}" if message[0].islower() else message)


def remedies(executor: str) -> Iterator[tuple[str, ...]]:
    """What follows the words of a service that has refused a call."""
    border = _module(executor, "border")
    if isinstance(border._REMEDIES, Mapping):
        yield "code", "what to do"
        for to_do in dict.fromkeys(border._REMEDIES.values()):
            codes = (code for code, remedy in border._REMEDIES.items() if remedy == to_do)
            yield ", ".join(f"`{code}`" for code in codes), to_do
    else:
        yield "trouble", "what to do"
        for trouble, to_do in dict.fromkeys((row.trouble, row.what_to_do) for row in border._REMEDIES):
            yield f"`{trouble}`" if trouble else "", to_do


def _module(executor: str, name: str) -> Any:
    return importlib.import_module(f"covalent.executor.{executor}.{name}")


def _parted(message: str) -> tuple[str, str]:
    """What happened, and what to do."""
    happened, *to_do = _END_OF_SENTENCE.split(message, maxsplit=1)
    return happened, "".join(to_do)


def _raised(module: ModuleType) -> Iterator[str]:
    """The messages of the errors that a module makes, with ``…`` for what is only known then."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ExecutorError":
            message = _text(node.args[0], vars(module))
            if message:
                yield message


def _text(node: ast.expr, names: Mapping[str, Any]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, names) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        known = names.get(node.value.id) if isinstance(node.value, ast.Name) else None
        return known if isinstance(known, str) else "…"
    return ""
