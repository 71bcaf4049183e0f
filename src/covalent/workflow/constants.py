"""Large values that many payloads share: each is kept once and referred to."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import WorkflowError
from ..serialize import digest

if TYPE_CHECKING:
    from .packing import WorkflowPickler

#: Values from this size on are kept apart from the payloads that hold them.
LARGE_BYTES: Final = 1024 * 1024

_HEAD: Final = pickle.PROTO + b"\x05"

#: Inputs of these types are checked for changes at the end instead of being pickled at each use. Others may change their pickle by
#: merely being looked at.
_CONTAINERS: Final = (list, dict, tuple, set, frozenset)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    value: object  #: Kept, so that its id stays its own.
    digest: str


class Constants:
    """Collects large values into ``values``, by digest."""

    def __init__(self, values: dict[str, bytes], pickler: Callable[[], WorkflowPickler]) -> None:
        self._values, self._pickler = values, pickler
        self._buffers: dict[int, _Known] = {}
        self._inputs: dict[int, _Known] = {}
        self._used: set[int] = set()

    @property
    def inputs(self) -> bool:
        """Whether any input of the workflow is shared."""
        return bool(self._inputs)

    def buffer(self, owner: object, data: memoryview, opcode: bytes) -> str:
        """The digest of a pickle of ``data``, which belongs to ``owner`` and may have changed since it was last seen."""
        known = self._buffers.get(id(owner))
        if known and known.value is owner:
            stored, start = self._values[known.digest], len(_HEAD) + len(opcode) + 8
            if len(stored) == start + data.nbytes + len(pickle.STOP) and stored.startswith(data, start):
                return known.digest
        # Written by hand, as the bytes are known to need no more than a head and a tail; pickling would copy them twice.
        pickled = b"".join((_HEAD, opcode, data.nbytes.to_bytes(8, "little"), data, pickle.STOP))
        found = digest(pickled)
        if found not in self._values:
            self._values[found] = pickled
            self._buffers[id(owner)] = _Known(value=owner, digest=found)
        return found

    def share(self, value: object) -> None:
        """Keep an input of the workflow apart if it is large."""
        pickler = self._pickler()
        pickled = pickler.encode(value)
        # An electron in it would be one thing for a task and another for a lattice.
        if len(pickled) >= LARGE_BYTES and not pickler.met_electrons:
            self._inputs[id(value)] = _Known(value=value, digest=self._store(pickled))

    def input(self, value: object) -> str | None:
        """The digest of the pickle of a shared input; None if ``value`` is none."""
        known = self._inputs.get(id(value))
        if known is None:
            return None
        if type(value) in _CONTAINERS and id(value) in self._used:
            return known.digest
        found = self._store(self._pickler().encode(value))
        self._inputs[id(value)] = _Known(value=value, digest=found)
        self._used.add(id(value))
        return found

    def start(self) -> None:
        """From now on inputs are given to tasks."""
        self._used.clear()

    def check_unchanged(self) -> None:
        """:raises WorkflowError: if a shared input is no longer what tasks were given"""
        for known in (self._inputs[used] for used in self._used):
            if type(known.value) in _CONTAINERS and digest(self._pickler().encode(known.value)) != known.digest:
                raise WorkflowError(
                    f"The lattice changed one of its arguments, a large {type(known.value).__name__}, while tasks took it. "
                    "Let it change a copy."
                )

    def _store(self, pickled: bytes) -> str:
        found = digest(pickled)
        self._values.setdefault(found, pickled)
        return found
