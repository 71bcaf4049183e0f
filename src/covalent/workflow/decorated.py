"""What ``electron`` and ``lattice`` have in common: a callable with settings that still looks like the function it was made from."""

from __future__ import annotations

import functools
import inspect
import pickle
import textwrap
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, ParamSpec, Self, TypeVar, cast

from ..errors import WorkflowError
from ..secrets import masked
from .settings import Settings

if TYPE_CHECKING:
    from .packing import Packed, Packer

P = ParamSpec("P")
R = TypeVar("R")

#: Source text is for people; more than this of it is cut off.
MAX_SOURCE_CHARS: Final = 64 * 1024
MAX_NAME_CHARS: Final = 200

_ANNOTATIONS: Final = ("__annotations__", "__annotate__", "__type_params__")


class Decorated(Generic[P, R]):
    """A callable with settings."""

    kind: ClassVar[str]  #: What people call it.

    #: What it arrived as. It is opened only to be used, as what it needs may not be here.
    packed: Packed | None = None

    __name__: str
    __wrapped__: Callable[..., Any]

    def __init__(self, function: Callable[P, R], settings: Settings) -> None:
        if not callable(cast("object", function)):
            hint = " Write it below @classmethod or @property." if hasattr(function, "__get__") else ""
            raise WorkflowError(f"{self.kind} takes something that can be called, not {function!r}.{hint}")
        functools.update_wrapper(cast("Any", self), function, updated=())
        self.__name__ = name_of(function)
        self.settings = settings
        self._source: str | None = None

    @classmethod
    def restore(cls, packed: Packed, settings: Settings) -> Self:
        """One that arrived packed."""
        made = cls.__new__(cls)
        made.__name__, made._source, made.packed, made.settings = packed.name, packed.source, packed, settings
        return made

    @property
    def function(self) -> Callable[P, R]:
        """What was decorated."""
        if self.packed is not None and "__wrapped__" not in vars(self):
            self.__wrapped__ = self.open(self.packed)
        return self.__wrapped__

    def open(self, packed: Packed) -> Callable[..., Any]:
        """The function in what it arrived as."""
        # Not as values are opened that come home to a client: this may be a worker, and what it gives the function came by pickle too.
        return cast("Callable[..., Any]", pickle.loads(packed.data))

    @property
    def source(self) -> str:
        """Its source text, or nothing where there is none to be had."""
        if self._source is None:
            self._source = source_of(self.__wrapped__)
        return self._source

    def travel(self, packer: Packer) -> Any:
        """How it is pickled for whoever builds a workflow with it: a reduction, or NotImplemented for the usual way."""
        return NotImplemented

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        alone = instance is None or isinstance(vars(self).get("__wrapped__"), staticmethod)
        return self if alone else MethodType(cast("Any", self), instance)

    def __getstate__(self) -> dict[str, Any]:
        # Whoever opens it has no source files, and no use for annotations, which may be made of anything.
        return {name: value for name, value in vars(self).items() if name not in _ANNOTATIONS} | {
            "_source": self.source
        }

    def __getattr__(self, name: str) -> Any:
        # What else people have set on their function.
        if name.startswith("__") or "__wrapped__" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.__wrapped__, name)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.__name__}>"


def name_of(function: Callable[..., Any]) -> str:
    """A name to show for anything that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return (name if isinstance(name, str) else type(function).__name__)[:MAX_NAME_CHARS]


def source_of(function: Callable[..., Any]) -> str:
    """The source text of anything that can be called, where there is one."""
    while isinstance(function, functools.partial):
        function = function.func
    try:
        source = inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError, ValueError):
        return ""
    # Executors are often made in the line of the decorator.
    return masked(textwrap.dedent(source))[:MAX_SOURCE_CHARS]
