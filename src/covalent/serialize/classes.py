"""Classes of the user's own modules: the same class stays the same, in every process that it passes through.

A class that travels by value carries an id, by which cloudpickle knows it again. Where it comes home, to a process that has the class
itself, it is that class, and nothing of it is overwritten with what travelled. In a worker all pickles of a class share one, and each
overwrites its attributes when it is opened; a function that is kept open puts back its own whenever it is called.
"""

from __future__ import annotations

import ast
import enum
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from cloudpickle import cloudpickle as by_value

from . import modules

#: Types of which two objects are equal if they are written alike, in every process.
_PLAIN: Final = (bool, bytes, float, int, str, type(None))


def give_lasting_id(cls: type) -> None:
    """Let a class have the same id in every process, for as long as its source and that of its bases stays the same.

    The rest of its module may change: whoever repairs a function of a script still means the same classes.
    """
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
    # Another script may have a class of the same name, so there the class must be written alike, too.
    known = module_name != "__main__" or class_id == _lasting_id(cls)
    return cls if known or by_value._DYNAMIC_CLASS_TRACKER_BY_ID.get(class_id) is cls else None


def with_slots(cls: type, reduction: Any) -> Any:
    """The reduction of a class, with its slots if it travels by value: its objects have other states with them than without."""
    slots = vars(cls).get("__slots__")
    # Without any there is nothing to keep, and NamedTuple refuses to be told so.
    if not slots or not isinstance(reduction, tuple) or reduction[0] is not by_value._make_skeleton_class:
        return reduction
    kind, name, bases, given, *rest = reduction[1]
    return (reduction[0], (kind, name, bases, {**given, "__slots__": slots}, *rest), *reduction[2:])


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
    sources = _sources_of(module)
    if sources is None:
        return None
    # Two scripts may have a class of the same name and text that calls functions of the same names and other texts.
    where = sources.file if cls.__module__ == "__main__" else cls.__module__
    parts = [where, cls.__qualname__, sources.classes.get(cls.__name__, sources.whole)]
    parts += (_name_of_base(base) or sources.whole for base in cls.__bases__)
    parts.append(_members_of(cls) or sources.whole)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _name_of_base(base: type) -> str | None:
    """What changes with a base that travels, too; None if nobody can say."""
    return _lasting_id(base) if modules.is_own(base.__module__) else f"{base.__module__}.{base.__qualname__}"


def _members_of(cls: type) -> str | None:
    """What nothing can set in an enum that was made before; None if nobody can say."""
    if not isinstance(cls, enum.EnumMeta):
        return "no enum"
    members: list[tuple[str, object]] = [(name, member._value_) for name, member in vars(cls)["_member_map_"].items()]
    return repr(members) if all(type(value) in _PLAIN for _, value in members) else None


@dataclass(frozen=True, slots=True)
class _Sources:
    """Digests of a file and, by name, of the text of each class in it."""

    file: str  #: Its name, without the folder.
    whole: str
    classes: dict[str, str]


def _sources_of(module: ModuleType) -> _Sources | None:
    file = vars(module).get("__file__")
    if not isinstance(file, str):
        return None
    try:
        key = (file, Path(file).stat().st_mtime_ns)
        if key not in _known_sources:
            _known_sources[key] = _read(Path(file))
    except OSError:
        return None
    return _known_sources[key]


def _read(file: Path) -> _Sources:
    data = file.read_bytes()
    texts: dict[str, str] = {}
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        tree = ast.Module([], [])
    lines = data.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
            text = b"\n".join(lines[start : node.end_lineno])
            # Where there are several of a name, nobody knows which of them it is.
            texts[node.name] = hashlib.sha256(texts.get(node.name, "").encode() + text).hexdigest()
    return _Sources(file.name, hashlib.sha256(data).hexdigest(), texts)


_known_sources: dict[tuple[str, int], _Sources] = {}
