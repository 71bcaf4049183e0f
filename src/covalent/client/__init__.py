"""The client: submit workflows, wait, look at results. Speaks HTTP to a server, and starts one on this machine if need be.

Its names are imported when they are first used, for the HTTP library takes longer to import than everything before it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .again import redispatch
    from .calls import (
        cancel,
        covalent_start,
        covalent_stop,
        dispatch,
        dispatch_sync,
        get_result,
        is_covalent_running,
    )
    from .result import Result

_HOMES = {
    "Result": "result",
    "cancel": "calls",
    "covalent_start": "calls",
    "covalent_stop": "calls",
    "dispatch": "calls",
    "dispatch_sync": "calls",
    "get_result": "calls",
    "is_covalent_running": "calls",
    "redispatch": "again",
}

__all__ = [
    "Result",
    "cancel",
    "covalent_start",
    "covalent_stop",
    "dispatch",
    "dispatch_sync",
    "get_result",
    "is_covalent_running",
    "redispatch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
