"""Handles: what stands for a task's value while a workflow is being built.

A handle on a task is an :class:`Electron`. What is written about one, such as ``x[0]``, ``x.attr``, ``x + 1`` or ``x.mean()``, is a
:class:`Derived` handle: an expression that whoever uses the value evaluates, each time anew and on a copy of its own. It is never a task.
"""

from __future__ import annotations

import functools
import operator
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import HandleUseError
from .unpack import unpack_count

if TYPE_CHECKING:
    from .trace import Trace

#: Sets a handle's own attributes; on handles the usual way is refused.
_set = object.__setattr__

_ELSEWHERE = "an electron, or in a sublattice (@ct.electron over @ct.lattice), which runs when the value is known"


def _refuse(use: str, advice: str) -> Callable[..., NoReturn]:
    """A method that says why ``use`` is not possible and what to write instead."""

    def method(self: Handle, *_: object) -> NoReturn:
        raise HandleUseError(f"{self!r} is not known while the workflow is being built, so {use}. {advice}.")

    return method


def _forward(function: Callable[..., Any]) -> Callable[[Any, Any], Derived]:
    return lambda self, other: Derived(self._ct_trace, function, (self, other))


def _backward(function: Callable[..., Any]) -> Callable[[Any, Any], Derived]:
    return lambda self, other: Derived(self._ct_trace, function, (other, self))


def _unary(function: Callable[..., Any]) -> Callable[[Any], Derived]:
    return lambda self: Derived(self._ct_trace, function, (self,))


_compare = _refuse("it cannot be compared", f"Compare in {_ELSEWHERE}")
_convert = _refuse("it cannot be turned into a number", f"Do it in {_ELSEWHERE}")
_change = _refuse("it cannot be changed", "Change it in an electron and return the changed value")


class Handle:
    """Stands for a value that is not known yet."""

    __slots__ = ("_ct_trace",)
    _ct_trace: Trace

    #: Arrays on the left of an operator leave the operation to the handle on its right.
    __array_ufunc__ = None

    def wait_for(self, parents: Handle | Iterable[Handle]) -> Handle:
        """Let the task behind this handle start only after those behind ``parents`` have completed; return this handle.

        :raises HandleUseError: if one of them is not a handle of this workflow
        """
        self._ct_trace.wait(self, parents)
        return self

    def _ct_parts(self) -> tuple[Any, ...]:
        """What this handle is directly made of, other handles among it."""
        return ()

    def __getattr__(self, name: str) -> Derived:
        # Protocols such as copying, display and arrays ask for names like these, and mean the handle.
        if name.startswith(("__", "_ct_")) or (name.startswith("_") and name.endswith("_")):
            raise AttributeError(f"a handle has no attribute {name!r}")
        return Derived(self._ct_trace, getattr, (self, name))

    def __getitem__(self, key: Any) -> Derived:
        return Derived(self._ct_trace, operator.getitem, (self, key))

    def __call__(self, *args: Any, **kwargs: Any) -> Derived:
        function = functools.partial(operator.call, **kwargs) if kwargs else operator.call
        return self._ct_trace.remember_call(Derived(self._ct_trace, function, (self, *args)))

    def __iter__(self) -> Iterator[Derived]:
        count = unpack_count(sys._getframe(1))
        if count is None:
            raise HandleUseError(
                f"{self!r} is not known while the workflow is being built, so it cannot be looped over or spread with '*'. "
                f"Loop in {_ELSEWHERE}. Its parts can be had with 'a, b = …' or an index."
            )
        # As unpacking does, this takes any iterable and refuses one that is longer or shorter.
        pairs = Derived(self._ct_trace, functools.partial(zip, strict=True), (range(count), self))
        parts = Derived(self._ct_trace, dict, (pairs,))
        return iter([Derived(self._ct_trace, operator.getitem, (parts, index)) for index in range(count)])

    def __copy__(self) -> Handle:
        return self

    def __deepcopy__(self, memo: object) -> Handle:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise HandleUseError(
            f"{self!r} means nothing outside its workflow. It can be an argument of an electron, also inside a list, a dict "
            "or another object, and it can be what the lattice returns; a function cannot capture it."
        )

    __hash__ = object.__hash__

    __bool__ = _refuse("it cannot decide an 'if', 'while', 'and', 'or' or 'not'", f"Decide in {_ELSEWHERE}")
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compare
    __int__ = __float__ = __complex__ = __index__ = __trunc__ = _convert
    __len__ = _refuse("it has no length", f"Take the length in {_ELSEWHERE}")
    __contains__ = _refuse("'in' cannot look into it", f"Look in {_ELSEWHERE}")
    __format__ = _refuse("it cannot become part of a text", f"Make the text in {_ELSEWHERE}; '!r' describes the handle")
    __bytes__ = _refuse("it cannot become bytes", f"Make them in {_ELSEWHERE}")
    __enter__ = __exit__ = _refuse("it cannot be used in 'with'", "Use it in an electron")
    __await__ = _refuse("it cannot be awaited", "Use it as it is: the tasks that take it wait for it")
    __setitem__ = __delitem__ = __setattr__ = __delattr__ = _change

    __add__, __radd__ = _forward(operator.add), _backward(operator.add)
    __sub__, __rsub__ = _forward(operator.sub), _backward(operator.sub)
    __mul__, __rmul__ = _forward(operator.mul), _backward(operator.mul)
    __truediv__, __rtruediv__ = _forward(operator.truediv), _backward(operator.truediv)
    __floordiv__, __rfloordiv__ = _forward(operator.floordiv), _backward(operator.floordiv)
    __mod__, __rmod__ = _forward(operator.mod), _backward(operator.mod)
    __divmod__, __rdivmod__ = _forward(divmod), _backward(divmod)
    __pow__, __rpow__ = _forward(operator.pow), _backward(operator.pow)
    __matmul__, __rmatmul__ = _forward(operator.matmul), _backward(operator.matmul)
    __lshift__, __rlshift__ = _forward(operator.lshift), _backward(operator.lshift)
    __rshift__, __rrshift__ = _forward(operator.rshift), _backward(operator.rshift)
    __and__, __rand__ = _forward(operator.and_), _backward(operator.and_)
    __or__, __ror__ = _forward(operator.or_), _backward(operator.or_)
    __xor__, __rxor__ = _forward(operator.xor), _backward(operator.xor)
    __neg__, __pos__ = _unary(operator.neg), _unary(operator.pos)
    __abs__, __invert__ = _unary(operator.abs), _unary(operator.invert)

    def __round__(self, digits: int | None = None) -> Derived:
        return Derived(self._ct_trace, round, (self, digits))


class Electron(Handle):
    """A handle on a task."""

    __slots__ = ("_ct_id",)
    _ct_id: int

    def __init__(self, trace: Trace, node_id: int) -> None:
        _set(self, "_ct_trace", trace)
        _set(self, "_ct_id", node_id)

    def __repr__(self) -> str:
        return f"<value of task {self._ct_id}: {self._ct_trace.name_of(self._ct_id)}>"


class Derived(Handle):
    """A handle on ``function(*args)``, where at least one argument is a handle."""

    __slots__ = ("_ct_args", "_ct_depth", "_ct_function")
    _ct_function: Callable[..., Any]
    _ct_args: tuple[Any, ...]
    _ct_depth: int  #: How many derived handles are nested here.

    def __init__(self, trace: Trace, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        trace.check_open()
        _set(self, "_ct_trace", trace)
        _set(self, "_ct_function", function)
        _set(self, "_ct_args", args)
        _set(self, "_ct_depth", 1 + max([part._ct_depth for part in args if type(part) is Derived], default=0))

    def _ct_parts(self) -> tuple[Any, ...]:
        return self._ct_args

    def __repr__(self) -> str:
        return f"<{describe(self)}>"


_INFIX = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//",
    operator.mod: "%", operator.pow: "**", operator.matmul: "@", operator.lshift: "<<", operator.rshift: ">>",
    operator.and_: "&", operator.or_: "|", operator.xor: "^",
}  # fmt: skip


def handles_in(handle: Handle) -> list[Handle]:
    """A handle and all those that it is made of, each once and after those that it is made of itself."""
    found: dict[int, Handle] = {}
    waiting = [handle]
    while waiting:
        current = waiting.pop()
        if id(current) not in found:
            found[id(current)] = current
            waiting += [part for part in current._ct_parts() if isinstance(part, Handle)]
    return sorted(found.values(), key=lambda each: getattr(each, "_ct_depth", 0) if type(each) is Derived else 0)


def describe(value: object, depth: int = 8) -> str:
    """A handle, or a value beside one, as it was written; what is nested deeper is left out."""
    if isinstance(value, Electron):
        return f"{value._ct_trace.name_of(value._ct_id)} ({value._ct_id})"
    if not isinstance(value, Derived):
        return reprlib.repr(value)
    return _describe_derived(value, depth - 1) if depth else "…"


def _describe_derived(value: Derived, depth: int) -> str:
    function = value._ct_function
    first, *others = (describe(part, depth) for part in value._ct_args)
    if function is getattr:
        return f"{first}.{value._ct_args[1]}"
    if function is operator.getitem:
        return f"{first}[{others[0]}]"
    if function in _INFIX:
        return f"({first} {_INFIX[function]} {others[0]})"
    if function is dict:
        # What a handle is unpacked through.
        return describe(value._ct_args[0]._ct_args[1], depth)
    if function is operator.call or isinstance(function, functools.partial):
        keywords = getattr(function, "keywords", {})
        return (
            f"{first}({', '.join([*others, *(f'{name}={describe(part, depth)}' for name, part in keywords.items())])})"
        )
    return f"{function.__name__}({', '.join([first, *others])})"
