"""What objects and classes hold, read without running any code that a user may have written.

No attribute is looked up the usual way: that would ask properties, ``__getattr__`` and metaclasses. ``isinstance`` asks for
``__class__``, and a class as a key of a dictionary is asked for its hash: classes are compared by identity alone.
"""

from __future__ import annotations

import sys
import types
from typing import Any

_TYPE = vars(type)
_MODULE: Any = vars(types.ModuleType)["__dict__"]

#: How many entries of an object's dictionary are looked at.
_ENTRIES = 1000

#: Characters of a class's or a function's name.
_NAME = 120


def mro(kind: type) -> tuple[type, ...]:
    found: tuple[type, ...] = _TYPE["__mro__"].__get__(kind)
    return found


def members(kind: type) -> dict[str, Any]:
    """What a class itself defines."""
    found: dict[str, Any] = _TYPE["__dict__"].__get__(kind)
    return found


def member(kind: type, name: str) -> Any:
    """What a class defines or inherits by this name, as it is written there; None if there is nothing."""
    for base in mro(kind):
        own = members(base)
        if name in own:
            return own[name]
    return None


def inherits(kind: type, base: type) -> bool:
    return any(one is base for one in mro(kind))


def name_of(kind: type) -> str:
    return text(_TYPE["__name__"].__get__(kind))


def qualname_of(kind: type) -> str:
    return text(_TYPE["__qualname__"].__get__(kind))


def module_of(kind: type) -> str:
    try:
        return text(_TYPE["__module__"].__get__(kind))
    except AttributeError:
        return ""  # Somebody has taken it away.


def name_of_class(kind: type) -> str:
    """Where a class is found."""
    return _found_at(module_of(kind), qualname_of(kind))


def name_of_function(function: types.FunctionType) -> str:
    """Where a function of Python code is found."""
    return _found_at(text(function.__module__), text(function.__qualname__))


def _found_at(module: str, name: str) -> str:
    name = name if module in ("builtins", "") else f"{module}.{name}"
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def text(value: Any) -> str:
    """A string as a plain one; empty if it is none."""
    return str.__getitem__(value, slice(None)) if inherits(type(value), str) else ""


def namespace(module: str) -> dict[str, Any]:
    """What a module holds; nothing if it is not imported. What is not imported has made no value either."""
    found = sys.modules.get(module)
    return _MODULE.__get__(found) if found is not None and inherits(type(found), types.ModuleType) else {}


def is_from(kind: type, package: str) -> bool:
    """Whether a class really is one of this package's, and does not only say so."""
    module = module_of(kind)
    if module.partition(".")[0] != package:
        return False
    name = name_of(kind)
    return namespace(module).get(name) is kind or namespace(package).get(name) is kind


def dictionary(value: Any) -> dict[Any, Any]:
    """The attributes of an object that are not in slots."""
    for base in mro(type(value)):
        found = members(base).get("__dict__")
        if type(found) is types.GetSetDescriptorType or found is _MODULE:
            own = found.__get__(value)
            return own if inherits(type(own), dict) else {}
    return {}


def attribute(value: Any, name: str) -> Any:
    """What is stored in an object by this name.

    :raises AttributeError: if nothing is
    """
    own = dictionary(value)
    if dict.__contains__(own, name):
        return dict.__getitem__(own, name)
    for base in mro(type(value)):
        found = members(base).get(name)
        if type(found) is types.MemberDescriptorType:
            return found.__get__(value)
    raise AttributeError(name)


def attributes(value: Any) -> list[tuple[str, Any]]:
    """Those that are nobody's secret: without an underscore before their names, those of slots first."""
    found: list[tuple[str, Any]] = []
    for base in reversed(mro(type(value))):
        for name, slot in members(base).items():
            if type(slot) is types.MemberDescriptorType and type(name) is str and not name.startswith("_"):
                try:
                    found.append((name, slot.__get__(value)))
                except AttributeError:
                    continue  # Nothing is stored there.
    for number, (key, one) in enumerate(dict.items(dictionary(value))):
        if number == _ENTRIES:
            break
        if type(key) is str and not key.startswith("_"):
            found.append((key, one))
    return found


def shows_itself(kind: type, base: type) -> bool:
    """Whether a subclass of ``base`` has a way of its own to show itself."""
    for one in mro(kind):
        if one is base:
            break
        if "__repr__" in members(one) or "__str__" in members(one):
            return True
    return False
