"""One electron in one workflow: what all its calls share, and what can be wrong with a call."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import PickleError
from ..model import NodeKind
from ..serialize import locate
from .packing import cannot_travel
from .payload import ArgumentPickler


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedElectron:
    """An electron with its place in the graph's tables."""

    name: str
    function: int
    executor: int
    environment: int
    kind: NodeKind
    pickler: ArgumentPickler
    signature: inspect.Signature | None  #: None if it cannot be known here.
    supplied: dict[str, None]  #: Arguments that calls before the task fill in.
    shapes: set[tuple[object, ...]] = field(default_factory=set)  #: Forms of call that fit the signature.

    def check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """:raises TypeError: if the function cannot be called like this; that depends on the form of the call only"""
        shape = (len(args), *kwargs)
        if shape in self.shapes:
            return
        if self.signature is not None:
            try:
                self.signature.bind(*args, **(self.supplied | kwargs))
            except TypeError as error:
                raise TypeError(f"{self.name}: {error}") from None
        self.shapes.add(shape)


def signature_of(function: Any) -> inspect.Signature | None:
    """The signature of anything that can be called, where it is known."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def argument_error(
    who: str,
    signature: inspect.Signature | None,
    pickler: ArgumentPickler,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    error: Exception,
) -> PickleError:
    """The error that names the argument for which ``error`` came up."""
    for name, value in _named(signature, args, kwargs):
        try:
            pickler.encode(value)
        except Exception as own:  # noqa: BLE001 - a value's own methods may raise anything
            return cannot_travel(f"The argument {name!r} of {who}", own, locate(value, pickler.encode))
    return cannot_travel(f"The arguments of {who}", error)


def _named(
    signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[str, object]]:
    """Each argument under the name that people know it by."""
    positional: list[str] = []
    for parameter in signature.parameters.values() if signature else ():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            positional.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional += [f"{parameter.name}[{index}]" for index in range(len(args) - len(positional))]
    for index, value in enumerate(args):
        yield positional[index] if index < len(positional) else str(index), value
    yield from kwargs.items()
