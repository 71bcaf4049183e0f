"""Functions and arguments to bytes, with handles and large values replaced by references."""

from __future__ import annotations

import functools
import importlib
import operator
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import CovalentError, HandleUseError, PickleError, WorkflowError
from ..serialize import Reduction, ValuePickler, call_with_modules, digest, install_modules, locate, same
from .constants import LARGE_BYTES, Constants
from .decorated import Decorated
from .handle import Derived, Electron, handles_in

if TYPE_CHECKING:
    from .tasks import Task
    from .trace import Trace


#: Handles nested deeper than this, as ``sum`` over many tasks makes them, are not pickled from the outside in.
MAX_DEPTH: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """A pickled value; its references stand for the values of ``inputs`` first, then for ``constants``."""

    data: bytes
    inputs: tuple[int, ...]  #: Node ids.
    constants: tuple[str, ...]  #: Digests.


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedFunction:
    """A task's function, ready to travel. Electrons keep it wherever they are opened, so that its digest stays the same."""

    name: str
    source: str
    data: bytes
    digest: str


class WorkflowPickler(ValuePickler):
    """Knows electrons and lattices.

    In a task they are the functions they were made from, as they would be called there; with ``tracing`` they stay what they are, for
    whoever builds a graph with them.
    """

    def __init__(self, functions: Functions, *, tracing: bool = False, forced: frozenset[str] = frozenset()) -> None:
        super().__init__(forced)
        self._functions, self._tracing = functions, tracing
        self.met_electrons = False

    def fresh(self) -> WorkflowPickler:
        return WorkflowPickler(self._functions, tracing=self._tracing, forced=self._forced)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Decorated):
            self.met_electrons = True
            return obj.travel(self._functions) if self._tracing else same(obj.function)
        return super().reducer_override(obj)


class FunctionPickler(WorkflowPickler):
    """Pickles what a task calls. Workers keep it open from one task to the next."""

    def ship(self, value: object, shipped: dict[str, ModuleType]) -> object:
        return functools.partial(call_with_modules, install_modules, shipped, cast("Callable[..., object]", value))


class Functions:
    """Pickles the function of each electron once."""

    def __init__(self) -> None:
        self._packed: dict[Task[..., Any], PackedFunction] = {}

    def pack(self, task: Task[..., Any]) -> PackedFunction:
        """The function of a task that is not a sublattice.

        :raises PickleError: if it cannot be pickled
        """
        packed = task.packed or self._packed.get(task)
        if packed is None:
            packed = self._packed[task] = self.pack_as(task, task.function)
        return packed

    def pack_as(self, task: Task[..., Any], function: Callable[..., Any], *, tracing: bool = False) -> PackedFunction:
        """``function`` as what ``task`` calls, with the modules that the task asks for.

        :raises PickleError: if it cannot be pickled
        """
        for name in task.settings.modules:
            try:
                importlib.import_module(name)
            except ImportError as error:
                raise WorkflowError(f"DepsModule({name!r}): it cannot be imported here: {error}") from error
        pickler = FunctionPickler(self, tracing=tracing, forced=task.settings.modules)
        try:
            data = pickler.encode(function)
        except CovalentError:
            raise
        except Exception as error:
            raise cannot_travel(f"The function {task.__name__}", error, locate(function, pickler.encode)) from error
        return PackedFunction(name=task.__name__, source=task.source, data=data, digest=digest(data))


def cannot_travel(what: str, error: Exception, where: str = "") -> PickleError:
    """The error that says so."""
    return PickleError(
        f"{what} cannot travel to a worker: {error}{where}. Make such things inside the task, from plain values that travel."
    )


class ArgumentPickler(WorkflowPickler):
    """Pickles what tasks of one trace are given and what its lattice returns."""

    def __init__(self, trace: Trace, functions: Functions, constants: Constants, *, tracing: bool = False) -> None:
        super().__init__(functions, tracing=tracing)
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
