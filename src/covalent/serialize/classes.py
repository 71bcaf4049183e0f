"""Classes of the user's own modules: the same class stays the same, in every process that it passes through.

A class that travels by value carries an id, by which cloudpickle knows it again. Where it comes home, to a process that has the class
itself, it is that class, and nothing of it is overwritten with what travelled. In a worker all pickles of a class share one, and each
overwrites its attributes when it is opened; a function that is kept open puts back its own whenever it is called.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from cloudpickle import cloudpickle as by_value

from . import modules


def give_lasting_id(cls: type) -> None:
    """Let a class have the same id in every process, for as long as the source of its module stays the same."""
    found = _lasting_id(cls)
    if found is not None:
        with by_value._DYNAMIC_CLASS_TRACKER_LOCK:
            if cls not in by_value._DYNAMIC_CLASS_TRACKER_BY_CLASS:
                by_value._DYNAMIC_CLASS_TRACKER_BY_CLASS[cls] = found
                by_value._DYNAMIC_CLASS_TRACKER_BY_ID.setdefault(found, cls)


def class_here(module_name: object, name: str, class_id: str | None) -> type | None:
    """The class of that name in this process, if it is the one that travelled under ``class_id``; it may have been edited since."""
    if not isinstance(module_name, str):
        return None
    module = sys.modules.get(module_name) or modules.load_own(module_name)
    cls = vars(module).get(name) if module is not None else None
    if not isinstance(cls, type):
        return None
    # Another script may have a class of the same name, so there the source must be the same too.
    known = module_name != "__main__" or class_id == _lasting_id(cls)
    return cls if known or by_value._DYNAMIC_CLASS_TRACKER_BY_ID.get(class_id) is cls else None


def travelling_state(reduction: Any) -> dict[str, object] | None:
    """The attributes with which a class travels by value, from its reduction; None if that is none of such a class."""
    if not isinstance(reduction, tuple) or reduction[-1] is not by_value._class_setstate:
        return None
    return {name: value for name, value in reduction[2][0].items() if name != "_abc_impl"}


def call_with_classes(
    states: list[tuple[type, dict[str, object]]], function: Callable[..., object], /, *args: object, **kwargs: object
) -> object:
    """Call a function while classes have the attributes with which they came: other pickles, or tasks, may have set others since."""
    for cls, state in states:
        now = vars(cls)
        for name, value in state.items():
            if name not in now or now[name] is not value:
                type.__setattr__(cls, name, value)
    return function(*args, **kwargs)


def _lasting_id(cls: type) -> str | None:
    module = sys.modules.get(cls.__module__)
    if module is None or vars(module).get(cls.__qualname__) is not cls:
        return None
    source = _source_digest(module)
    return source and hashlib.sha256(f"{cls.__module__}:{cls.__qualname__}:{source}".encode()).hexdigest()[:32]


def _source_digest(module: ModuleType) -> str | None:
    file = vars(module).get("__file__")
    if not isinstance(file, str):
        return None
    try:
        key = (file, Path(file).stat().st_mtime_ns)
        if key not in _source_digests:
            _source_digests[key] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return None
    return _source_digests[key]


_source_digests: dict[tuple[str, int], str] = {}
