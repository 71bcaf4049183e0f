"""Electrons and lattices to bytes, each once; opened again only where they are run or built."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ..errors import CovalentError, PickleError, WorkflowError
from ..serialize import (
    ValuePickler,
    call_with_classes,
    call_with_modules,
    digest,
    install_modules,
    locate,
    same,
    travelling_state,
)
from .decorated import Decorated
from .settings import Settings

if TYPE_CHECKING:
    from .lattices import Lattice
    from .tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """The function of an electron, or a lattice, ready to travel.

    Electrons and lattices that arrive somewhere keep it, so that its digest stays the same wherever it is sent on from.
    """

    name: str
    source: str
    data: bytes
    digest: str
    pip: tuple[str, ...] = ()  #: Requirements of the electrons that came with it.


class WorkflowPickler(ValuePickler):
    """Knows electrons and lattices.

    In a task they are the functions they were made from, as they would be called there; with ``tracing`` they stay what they are, for
    whoever builds a graph with them.
    """

    def __init__(self, packer: Packer, *, tracing: bool = False, forced: frozenset[str] = frozenset()) -> None:
        super().__init__(forced)
        self._packer, self._tracing = packer, tracing
        self.met_electrons = False
        self.met_pip: set[str] = set()  #: Requirements of the electrons and lattices that were pickled.

    def fresh(self) -> WorkflowPickler:
        return WorkflowPickler(self._packer, tracing=self._tracing, forced=self._forced)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Decorated):
            self.met_electrons = True
            return obj.travel(self._packer) if self._tracing else same(obj.function)
        if type(obj) is Settings and obj.pip:
            self.met_pip.update(obj.pip.requirements())
        elif type(obj) is Packed:
            # One that was dispatched by an earlier version has none.
            self.met_pip.update(getattr(obj, "pip", ()))
        return super().reducer_override(obj)


class FunctionPickler(WorkflowPickler):
    """Pickles what a task calls. Workers keep it open from one task to the next."""

    def __init__(self, packer: Packer, *, tracing: bool = False, forced: frozenset[str] = frozenset()) -> None:
        super().__init__(packer, tracing=tracing, forced=forced)
        self._met: dict[type, dict[str, object]] = {}
        self._kept: list[tuple[type, dict[str, object]]] = []

    def encode(self, value: object) -> bytes:
        self._kept = []
        data = super().encode(value)
        if not self._met:
            return data
        # Which classes there are is known only now.
        self._kept = list(self._met.items())
        return super().encode(value)

    def ship(self, value: object, shipped: dict[str, ModuleType]) -> object:
        call = cast("Callable[..., object]", value)
        if self._kept:
            call = functools.partial(call_with_classes, self._kept, call)
        if shipped:
            call = functools.partial(call_with_modules, install_modules, shipped, call)
        if call is not value:
            # By which others find what it calls.
            vars(call)["__wrapped__"] = value
        return call

    def reducer_override(self, obj: Any) -> Any:
        reduction = super().reducer_override(obj)
        state = travelling_state(reduction)
        if state is not None:
            self._met[obj] = state
        return reduction

    def _attempt(self, value: object) -> bytes:
        self._met.clear()
        return super()._attempt(value)


class Packer:
    """Packs each electron and each lattice once."""

    def __init__(self) -> None:
        self._packed: dict[Decorated[..., Any], Packed] = {}
        self._at_work: set[Decorated[..., Any]] = set()

    def pack(self, task: Task[..., Any]) -> Packed:
        """The function of a task that is not a sublattice.

        :raises PickleError: if it cannot be pickled
        """
        packed = task.packed or self._packed.get(task)
        if packed is None:
            packed = self._packed[task] = self.pack_as(task, task.function)
        return packed

    def pack_as(self, task: Task[..., Any], function: Callable[..., Any], *, tracing: bool = False) -> Packed:
        """``function`` as what ``task`` calls, with the modules that the task asks for.

        :raises PickleError: if it cannot be pickled
        """
        for name in task.settings.modules:
            try:
                importlib.import_module(name)
            except ImportError as error:
                raise WorkflowError(f"DepsModule({name!r}): it cannot be imported here: {error}") from error
        pickler = FunctionPickler(self, tracing=tracing, forced=task.settings.modules)
        return _packed(task, function, pickler)

    def pack_lattice(self, lattice: Lattice[..., Any]) -> Packed | None:
        """A lattice as it is; None while it is being packed, as it is met again in itself if it is recursive.

        :raises PickleError: if it cannot be pickled
        """
        packed = lattice.packed or self._packed.get(lattice)
        if packed is None and lattice not in self._at_work:
            self._at_work.add(lattice)
            try:
                packed = self._packed[lattice] = _packed(lattice, lattice, WorkflowPickler(self, tracing=True))
            finally:
                self._at_work.remove(lattice)
        return packed


def _packed(decorated: Decorated[..., Any], root: Callable[..., Any], pickler: WorkflowPickler) -> Packed:
    try:
        data = pickler.encode(root)
    except CovalentError:
        raise
    except Exception as error:
        where = locate(decorated.function, pickler.encode)
        raise cannot_travel(f"The {decorated.kind} {decorated.__name__}", error, where) from error
    return Packed(
        name=decorated.__name__,
        source=decorated.source,
        data=data,
        digest=digest(data),
        pip=tuple(sorted(pickler.met_pip)),
    )


def cannot_travel(what: str, error: Exception, where: str = "") -> PickleError:
    """The error that says so."""
    return PickleError(
        f"{what} cannot travel to a worker: {error}{where}. Make such things inside the task, from plain values that travel."
    )
