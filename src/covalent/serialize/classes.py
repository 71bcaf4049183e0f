"""Classes of the user's own modules: the same class stays the same, in every process that it passes through.

A class that travels by value carries an id, by which cloudpickle knows it again. Where it comes home, to a process that has the class
itself, it is that class, and nothing of it is overwritten with what travelled.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType

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
