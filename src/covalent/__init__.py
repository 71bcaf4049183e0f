"""Covalent: ordinary Python functions as durable workflows, on this machine and on the clouds' batch services.

::

    import covalent as ct

    @ct.electron
    def square(x):
        return x * x

    @ct.lattice
    def squares(n):
        return [square(i) for i in range(n)]

    dispatch_id = ct.dispatch(squares)(1000)
    print(ct.get_result(dispatch_id, wait=True).result)

Names are imported when they are first used, so that ``import covalent`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from . import executor
    from .client import (
        Result,
        cancel,
        covalent_start,
        covalent_stop,
        dispatch,
        dispatch_sync,
        get_result,
        is_covalent_running,
        redispatch,
    )
    from .config import get_config, reload_config, set_config
    from .runner.context import get_context
    from .states import Status as status  # noqa: N813 - the public name
    from .workflow import DepsBash, DepsCall, DepsModule, DepsPip, electron, lattice, wait

__version__ = "0.1.0"

__all__ = [
    "DepsBash",
    "DepsCall",
    "DepsModule",
    "DepsPip",
    "Result",
    "cancel",
    "covalent_start",
    "covalent_stop",
    "dispatch",
    "dispatch_sync",
    "electron",
    "executor",
    "get_config",
    "get_context",
    "get_result",
    "is_covalent_running",
    "lattice",
    "redispatch",
    "reload_config",
    "set_config",
    "status",
    "wait",
]

#: Where each public name lives; after a colon, what it is called there, or nothing for the module itself.
_HOMES: Final = {
    **dict.fromkeys(("DepsBash", "DepsCall", "DepsModule", "DepsPip", "electron", "lattice", "wait"), ".workflow"),
    **dict.fromkeys(("dispatch", "dispatch_sync", "get_result", "cancel", "redispatch", "Result"), ".client"),
    **dict.fromkeys(("covalent_start", "covalent_stop", "is_covalent_running"), ".client"),
    **dict.fromkeys(("get_config", "set_config", "reload_config"), ".config"),
    "get_context": ".runner.context",
    "status": ".states:Status",
    "executor": ".executor:",
}

#: Names of earlier generations of Covalent that this version does not have.
_LATER: Final = frozenset({"Lepton", "fs", "fs_strategies", "trigger", "triggers", "TransportableObject"})


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        reason = f"has no {name} in this version" if name in _LATER else f"has no attribute {name!r}"
        raise AttributeError(f"module {__name__!r} {reason}")
    module_name, renamed, attribute = home.partition(":")
    module = importlib.import_module(module_name, __name__)
    attribute = attribute if renamed else name
    value = getattr(module, attribute) if attribute else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
