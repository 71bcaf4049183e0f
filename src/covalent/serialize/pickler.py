"""Pickles that need nothing of the user's files where they are opened.

Functions, classes and modules of the user's own files (:func:`.modules.is_own`) are pickled by value, without touching cloudpickle's
global registry. What is pickled needs the standard library and cloudpickle to be opened, and nothing of ours.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import operator
import pickle
import sys
import typing
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import IO, Any, Final

import cloudpickle
from cloudpickle import cloudpickle as by_value

from ..errors import CovalentError, PickleError
from . import modules
from .classes import call_with_classes, class_here, give_lasting_id, with_slots
from .culprit import locate
from .parts import ModuleParts, explain_missing, names_in

PROTOCOL: Final = 5


class Reduction:
    """Stands in a pickle for what a call gives where the pickle is opened."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


def same(value: object) -> tuple[Callable[..., object], tuple[object, ...]]:
    """A reduction of one object to another: what stands in for it in the pickle."""
    return operator.getitem, ((value,), 0)


def _cache_like(cached: Any) -> Reduction:
    settings = cached.cache_parameters()
    return Reduction(functools.lru_cache, settings["maxsize"], settings["typed"])


#: Objects that pickle refers to by name, made again instead where the name would lead nowhere.
_REMAKE: Final[dict[type, Callable[[Any], object]]] = {
    functools._lru_cache_wrapper: lambda cached: (operator.call, (_cache_like(cached), cached.__wrapped__)),
    typing.TypeVar: lambda variable: (by_value._make_typevar, by_value._decompose_typevar(variable)),
    typing.ParamSpec: lambda variable: (typing.ParamSpec, (variable.__name__,)),
    typing.TypeVarTuple: lambda variable: (typing.TypeVarTuple, (variable.__name__,)),
    typing.NewType: lambda new: (typing.NewType, (new.__name__, new.__supertype__)),
}


class ValuePickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles one value after the other; ``forced`` names further modules that travel by value, whether or not they are referred to."""

    def __init__(self, forced: frozenset[str] = frozenset()) -> None:
        self._file = io.BytesIO()
        super().__init__(self._file, PROTOCOL)
        self._forced = forced
        self._imported: dict[str, ModuleType] = {}
        self._parts = ModuleParts(self.travels)
        self._probing = False

    def encode(self, value: object) -> bytes:
        """The pickle of ``value``. Raises whatever the value's own methods raise."""
        self._imported = {module.__name__: module for name in sorted(self._forced) for module in modules.family(name)}
        self._parts.clear()
        for module in self._imported.values():
            self._parts.want_all(module)
        while True:
            shipped, known = dict(self._imported), len(self._parts)
            data = self._whole(self.ship(value, shipped))
            if len(self._imported) == len(shipped) and len(self._parts) == known:
                return data

    def ship(self, value: object, shipped: dict[str, ModuleType]) -> object:
        """``value``, with modules that must be importable before it is used."""
        return Reduction(operator.getitem, (Reduction(install_modules, shipped), value), 1) if shipped else value

    def fresh(self) -> ValuePickler:
        """Another one with the same settings, for use while this one is at work."""
        return ValuePickler(self._forced)

    def travels(self, name: object) -> bool:
        """Whether what belongs to the module of that name is pickled by value."""
        if not isinstance(name, str):
            return False
        return modules.is_own(name) or any(name == root or name.startswith(f"{root}.") for root in self._forced)

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is FunctionType:
            return self._reduce_function(obj)
        if kind is ModuleType:
            # One that is not loaded under its name came here by value.
            return self._reduce_module(obj) if self._is_homeless(obj.__name__) else NotImplemented
        if kind in _REMAKE:
            named = obj.__module__
            return _REMAKE[kind](obj) if named == "__main__" or self._is_homeless(named) else NotImplemented
        if kind is functools.cached_property:
            # Before Python 3.12 it has a lock.
            return functools.cached_property, (obj.func,), {"attrname": obj.attrname}
        if issubclass(kind, type):
            return self._reduce_class(obj)
        return super().reducer_override(obj)

    def _is_homeless(self, name: object) -> bool:
        return name not in sys.modules or self.travels(name)

    def _whole(self, value: object) -> bytes:
        """The pickle of ``value``, if need be without what cannot travel of the modules that it refers to."""
        while True:
            try:
                return self._attempt(value)
            except CovalentError:
                raise
            except Exception:
                if not self._parts.leave_out(self._complaint):
                    raise

    def _attempt(self, value: object) -> bytes:
        self._file.seek(0)
        self._file.truncate()
        self.clear_memo()
        self.globals_ref.clear()
        self.dump(value)
        return self._file.getvalue()

    def _reduce_function(self, function: FunctionType) -> Any:
        if function in _OURS:
            return self._dynamic_function_reduce(function)
        reduction = self._dynamic_function_reduce(function) if self.travels(function.__module__) else NotImplemented
        if reduction is NotImplemented:
            reduction = super().reducer_override(function)
        if reduction is not NotImplemented and not self._probing:
            imported = modules.own_imports(function)
            self._imported |= {module.__name__: module for module in imported}
            self._parts.want_for(function, [*imported, *self._modules_of(function)])
        return reduction

    def _reduce_class(self, cls: type) -> Any:
        if not self.travels(cls.__module__):
            return with_slots(cls, super().reducer_override(cls))
        give_lasting_id(cls)
        return with_slots(cls, by_value._dynamic_class_reduce(cls))

    def _modules_of(self, function: FunctionType) -> list[ModuleType]:
        """The modules that a function refers to and that travel by value."""
        values = [function.__globals__.get(name) for name in names_in(function.__code__)]
        for cell in function.__closure__ or ():
            with contextlib.suppress(ValueError):  # a cell that is still empty
                values.append(cell.cell_contents)
        return [value for value in values if isinstance(value, ModuleType) and self._is_homeless(value.__name__)]

    def _reduce_module(self, module: ModuleType) -> Any:
        if self._probing:
            return ModuleType, (module.__name__,)
        return ModuleType, (module.__name__,), self._parts.state(module)

    def _complaint(self, value: object) -> Exception | None:
        probe = self.fresh()
        probe._probing = True
        try:
            probe._attempt(value)
        except Exception as error:  # noqa: BLE001 - a value's own methods may raise anything
            return error
        return None


def install_modules(shipped: dict[str, ModuleType]) -> None:
    """Make modules importable where a pickle is opened; what is made of them travels on from there by value."""
    import sys

    import cloudpickle

    sys.modules.update(shipped)
    for module in shipped.values():
        cloudpickle.register_pickle_by_value(module)


def call_with_modules(
    install: Callable[[dict[str, ModuleType]], None],
    shipped: dict[str, ModuleType],
    function: Callable[..., object],
    /,
    *args: object,
    **kwargs: object,
) -> object:
    """Call a function that imports ``shipped``. Whoever keeps the function may have opened others since, with modules of the same names."""
    install(shipped)
    return function(*args, **kwargs)


#: What of this module is used where pickles are opened. These travel by value, as Covalent need not be there.
_OURS: Final = (install_modules, explain_missing, call_with_modules, call_with_classes)


class _Unpickler(pickle.Unpickler):
    """Fills references in, and lets the user's own classes be those of this process where it has them."""

    def __init__(self, file: IO[bytes], inputs: Sequence[object]) -> None:
        super().__init__(file)
        self._inputs = inputs
        self._home: set[type] = set()

    def find_class(self, module_name: str, global_name: str) -> Any:
        found = super().find_class(module_name, global_name)
        if found is by_value._make_skeleton_class or found is by_value._make_skeleton_enum:
            return functools.partial(self._make_class, found)
        return self._set_state if found is by_value._class_setstate else found

    def _make_class(self, make: Callable[..., type], *args: Any) -> type:
        if make is by_value._make_skeleton_enum:
            _, name, _, _, module_name, class_id, _ = args
        else:
            _, name, _, attributes, class_id, _ = args
            module_name = attributes.get("__module__")
        cls = class_here(module_name, name, class_id)
        if cls is None:
            return make(*args)
        self._home.add(cls)
        return cls

    def _set_state(self, cls: type, state: object) -> type:
        return cls if cls in self._home else by_value._class_setstate(cls, state)

    def persistent_load(self, reference: object) -> object:
        if isinstance(reference, int) and 0 <= reference < len(self._inputs):
            return self._inputs[reference]
        raise PickleError(f"A pickle refers to value {reference!r}, but {len(self._inputs)} came with it.")


def digest(data: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(data).hexdigest()


def dumps(value: object, what: str = "value") -> bytes:
    """The pickle of a value that refers to no other.

    :raises PickleError: naming ``what``, if it cannot be pickled
    """
    pickler = ValuePickler()
    try:
        return pickler.encode(value)
    except CovalentError:
        raise
    except Exception as error:
        raise PickleError(f"The {what} cannot be pickled: {error}{locate(value, pickler.encode)}.") from error


def load(file: IO[bytes], inputs: Sequence[object] = ()) -> Any:
    """The value of a pickle; ``inputs`` are the values that its references stand for. Raises whatever opening it raises.

    :raises PickleError: if it refers to more than ``inputs`` holds
    """
    return _Unpickler(file, inputs).load()


def loads(data: bytes, inputs: Sequence[object] = ()) -> Any:
    """As :func:`load`, from bytes."""
    return load(io.BytesIO(data), inputs)
