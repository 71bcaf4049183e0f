"""What runs tasks. ``covalent.executor.LocalExecutor`` and its like are imported when they are first asked for."""

from __future__ import annotations

from typing import Any

from .registry import BUILT_IN, executor_class_named


def __getattr__(name: str) -> Any:
    if not name[:1].isupper():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = executor_class_named(name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *(one.class_name for one in BUILT_IN.values())})
