"""Pickling what tasks return and raise."""

from __future__ import annotations

import functools
from typing import Any

import cloudpickle
from cloudpickle import cloudpickle as by_value


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Gives classes that travel by value their slots, as their objects have other states without them, and their cached properties."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is functools.cached_property:
            # Before Python 3.12 it has a lock.
            return functools.cached_property, (obj.func,), {"attrname": obj.attrname}
        reduction = super().reducer_override(obj)
        if type(reduction) is not tuple or reduction[0] is not by_value._make_skeleton_class:
            return reduction
        make, (kind, name, bases, given, *rest), *others = reduction
        # Without any there is nothing to keep, and NamedTuple refuses to be told so.
        if vars(obj).get("__slots__"):
            given = {**given, "__slots__": obj.__slots__}
        return (make, (kind, name, bases, given, *rest), *others)
