"""Arguments and return values to bytes, with handles and large values replaced by references."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import HandleUseError
from ..serialize import Reduction
from .constants import LARGE_BYTES, Constants
from .handle import Derived, Electron, handles_in
from .packing import Packer, WorkflowPickler

if TYPE_CHECKING:
    from .trace import Trace

#: Handles nested deeper than this, as ``sum`` over many tasks makes them, are not pickled from the outside in.
MAX_DEPTH: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """A pickled value; its references stand for the values of ``inputs`` first, then for ``constants``."""

    data: bytes
    inputs: tuple[int, ...]  #: Node ids.
    constants: tuple[str, ...]  #: Digests.


class ArgumentPickler(WorkflowPickler):
    """Pickles what tasks of one trace are given and what its lattice returns."""

    def __init__(self, trace: Trace, packer: Packer, constants: Constants, *, tracing: bool = False) -> None:
        super().__init__(packer, tracing=tracing)
        self._trace, self._large = trace, constants
        self._inputs: dict[int, int] = {}
        self._constants: list[str] = []
        self._places: dict[object, int] = {}
        self._kept: list[object] = []
        self._flattened: set[int] = set()
        self._base = 0

    def payload(self, value: object) -> Payload:
        """``value`` with its handles and large parts replaced."""
        self._base = 0
        data = self.encode(value)
        if self._constants and self._base != len(self._inputs):
            # Constants are numbered after the inputs, and how many those are is known only now.
            self._base = len(self._inputs)
            data = self.encode(value)
        return Payload(data=data, inputs=tuple(self._inputs), constants=tuple(self._constants))

    def persistent_id(self, obj: Any) -> int | None:
        refer = _REFERRED.get(type(obj))
        if refer is not None:
            return refer(self, obj)
        return self._refer_to_input(obj) if self._large.inputs else None

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is Derived:
            self._trace.forget_call(obj)
            if obj._ct_depth > MAX_DEPTH and id(obj) not in self._flattened:
                return self._flatten(obj)
            return obj._ct_function, obj._ct_args
        return super().reducer_override(obj)

    def _flatten(self, handle: Derived) -> Any:
        """Put what a deeply nested handle is made of before it, so that none is reached through all those around it."""
        inner = handles_in(handle)[:-1]
        self._flattened.update(map(id, inner))
        return operator.getitem, ((inner, Reduction(handle._ct_function, *handle._ct_args)), 1)

    def _attempt(self, value: object) -> bytes:
        self._flattened.clear()
        self._inputs.clear()
        self._constants.clear()
        self._places.clear()
        self._kept.clear()
        return super()._attempt(value)

    def _refer_to_task(self, handle: Electron) -> int:
        if handle._ct_trace is not self._trace:
            raise HandleUseError(
                f"{handle!r} belongs to another workflow, {handle._ct_trace.name}, and has no value in {self._trace.name}. "
                "A workflow that needs it can take it as an argument."
            )
        return self._inputs.setdefault(handle._ct_id, len(self._inputs))

    def _refer_to_bytes(self, value: bytes | bytearray) -> int | None:
        if len(value) < LARGE_BYTES:
            return None
        if type(value) is bytes:
            found = self._large.buffer(value, memoryview(value), pickle.BINBYTES8)
            return self._place(found, found)
        return self._place(id(value), self._large.buffer(value, memoryview(value), pickle.BYTEARRAY8))

    def _refer_to_text(self, value: str) -> int | None:
        if len(value) < LARGE_BYTES:
            return None
        data = memoryview(value.encode("utf-8", "surrogatepass"))
        found = self._large.buffer(value, data, pickle.BINUNICODE8)
        return self._place(found, found)

    def _refer_to_buffer(self, buffer: pickle.PickleBuffer) -> int | None:
        """What arrays and tables hold, given by themselves."""
        data = buffer.raw()
        if data.nbytes < LARGE_BYTES:
            return None
        if data.readonly:
            found = self._large.buffer(data.obj, data, pickle.BINBYTES8)
            return self._place(found, found)
        # Two arrays of equal content must not become one that both write to.
        return self._place(id(buffer), self._large.buffer(data.obj, data, pickle.BYTEARRAY8), buffer)

    def _refer_to_input(self, value: object) -> int | None:
        found = self._large.input(value)
        return None if found is None else self._place(id(value), found)

    def _place(self, key: object, found: str, kept: object = None) -> int:
        """The number by which this payload refers to a constant; ``kept`` must outlive the payload for its id to be its own."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._constants)
            self._constants.append(found)
            self._kept.append(kept)
        return self._base + place


#: How objects of exactly these types are referred to. Everything else costs one look into this table.
_REFERRED: Final[dict[type, Callable[[ArgumentPickler, Any], int | None]]] = {
    Electron: ArgumentPickler._refer_to_task,
    bytes: ArgumentPickler._refer_to_bytes,
    bytearray: ArgumentPickler._refer_to_bytes,
    str: ArgumentPickler._refer_to_text,
    pickle.PickleBuffer: ArgumentPickler._refer_to_buffer,
}
