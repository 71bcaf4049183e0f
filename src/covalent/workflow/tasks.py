"""``electron``: marks a function as a task. ``wait``: orders tasks without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypedDict, TypeVar, Unpack, cast, overload

from ..errors import HandleUseError, WorkflowError
from .build import SublatticeBuilder
from .decorated import Decorated, P, R
from .deps import BashLike, CallLike, ModuleLike, PipLike
from .handle import Handle
from .lattices import Lattice
from .packing import Packer
from .settings import ExecutorArgument, Settings, settings_of
from .trace import current_trace

T = TypeVar("T")


class Task(Decorated[P, R]):
    """What ``electron`` makes of a function: in a lattice a call adds a task, elsewhere it just runs the function.

    To a type checker a call gives the function's value everywhere, so that lattices are checked like plain functions.
    """

    kind: ClassVar[str] = "electron"

    @property
    def lattice(self) -> Lattice[P, R] | None:
        """The lattice that this is a sublattice of; None if it is a plain task."""
        wrapped = vars(self).get("__wrapped__")
        return wrapped if isinstance(wrapped, Lattice) else None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = current_trace.get()
        if trace is not None:
            return cast("R", trace.add(self, args, kwargs))
        for value in (*args, *kwargs.values()):
            if isinstance(value, Handle):
                raise HandleUseError(
                    f"{self!r} was called with {value!r} where no workflow is being built. "
                    "Call it in the body of the lattice, in the thread that runs it."
                )
        return self.function(*args, **kwargs)

    def builder(
        self, lattice: Lattice[..., Any], defaults: Settings, replacements: Mapping[str, Task[..., Any]]
    ) -> SublatticeBuilder:
        """What runs as the task of a sublattice, called from a lattice with these defaults."""
        return SublatticeBuilder(lattice, self.settings.over(defaults), dict(replacements))

    def travel(self, packer: Packer) -> Any:
        return NotImplemented if self.lattice else (Task.restore, (packer.pack(self), self.settings))


class ElectronSettings(TypedDict, total=False):
    """The keywords of :func:`electron`."""

    backend: ExecutorArgument | None
    executor: ExecutorArgument | None
    files: Iterable[object]
    deps_bash: BashLike | None
    deps_pip: PipLike | None
    deps_module: ModuleLike | Iterable[ModuleLike] | None
    call_before: CallLike | Iterable[CallLike] | None
    call_after: CallLike | Iterable[CallLike] | None


@overload
def electron(_func: Callable[P, R], **settings: Unpack[ElectronSettings]) -> Task[P, R]: ...
@overload
def electron(_func: None = None, **settings: Unpack[ElectronSettings]) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def electron(
    _func: Callable[P, R] | None = None,
    *,
    backend: ExecutorArgument | None = None,
    executor: ExecutorArgument | None = None,
    files: Iterable[object] = (),
    deps_bash: BashLike | None = None,
    deps_pip: PipLike | None = None,
    deps_module: ModuleLike | Iterable[ModuleLike] | None = None,
    call_before: CallLike | Iterable[CallLike] | None = None,
    call_after: CallLike | Iterable[CallLike] | None = None,
) -> Task[P, R] | Callable[[Callable[P, R]], Task[P, R]]:
    """Mark a function, or anything else that can be called, as a task. Over a lattice it makes a sublattice.

    What is not given here is taken from the lattice, and else from the configuration.

    :param executor: a short name such as ``"local"``, or an executor object; ``backend`` is its old name
    :param deps_bash: shell commands to run before the task
    :param deps_pip: packages to install before the task
    :param deps_module: installed modules that travel with the task; modules beside the script travel by themselves
    :param call_before: functions to call before the task, as functions, ``(function, args, kwargs)`` or ``DepsCall``
    :param call_after: functions to call after the task
    :raises WorkflowError: if one of them is not what it may be
    """
    if files:
        raise WorkflowError(
            "File transfers are not available in this version. Read and write files inside the electron."
        )
    settings = settings_of(
        backend=backend,
        executor=executor,
        deps_bash=deps_bash,
        deps_pip=deps_pip,
        deps_module=deps_module,
        call_before=call_before,
        call_after=call_after,
    )

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        if isinstance(function, Task):
            return Task(function.function, settings.over(function.settings))
        return Task(function, settings)

    return decorate if _func is None else decorate(_func)


def wait(child: T, parents: Any) -> T:
    """Let the task ``child`` start only after ``parents``, one or several, have completed; return ``child``.

    Where no workflow is being built everything has run already, and nothing happens.

    :raises HandleUseError: if one of them is not the value of a task of this workflow
    """
    if isinstance(child, Handle):
        child.wait_for(parents)
    elif current_trace.get() is not None:
        raise HandleUseError(
            f"Only what an electron returned in this lattice can wait for others, and {child!r} is not that."
        )
    return child
