"""What comes by value, classes and modules: each dispatch has its own, however many a worker runs."""

from __future__ import annotations

import sys
import weakref
from collections import OrderedDict
from typing import Any

import cloudpickle
from cloudpickle import cloudpickle as by_value

from .values import FUNCTIONS

#: No fewer than there are functions kept open, for each of those may be of another dispatch.
_DISPATCHES = FUNCTIONS


class Arrivals:
    """Lets pickles of one dispatch share classes with each other only, and takes modules away that came with a task."""

    def __init__(self) -> None:
        self._classes: OrderedDict[str, Any] = OrderedDict()
        self._modules: dict[str, Any] = {}

    def enter(self, dispatch_id: str) -> None:
        """A task begins."""
        classes = self._classes.setdefault(dispatch_id, weakref.WeakValueDictionary())
        self._classes.move_to_end(dispatch_id)
        if len(self._classes) > _DISPATCHES:
            self._classes.popitem(last=False)
        # Here cloudpickle looks for a class that it has made before under the same id.
        by_value._DYNAMIC_CLASS_TRACKER_BY_ID = classes
        if len(sys.modules) != len(self._modules):
            self._modules = dict(sys.modules)

    def leave(self) -> None:
        """A task has ended: what is imported next is what was there before, or what is installed."""
        for name in cloudpickle.list_registry_pickle_by_value():
            by_value._PICKLE_BY_VALUE_MODULES.discard(name)
            if name in self._modules:
                sys.modules[name] = self._modules[name]
            else:
                sys.modules.pop(name, None)
