"""``lattice``: marks a function as a workflow."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack, overload

from ..errors import WorkflowError
from ..model import Submission
from .build import build
from .decorated import Decorated, P, R
from .deps import BashLike, CallLike, PipLike
from .packing import Packed, Packer
from .settings import ExecutorArgument, settings_of
from .trace import current_trace

if TYPE_CHECKING:
    from .tasks import Task


class Lattice(Decorated[P, R]):
    """A workflow. Called directly, its function runs here and now, and so do the electrons in it."""

    kind: ClassVar[str] = "lattice"

    #: Electrons that take the place of those of the same name, as a redispatch may ask.
    replacements: Mapping[str, Task[..., Any]] = MappingProxyType({})

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = current_trace.get()
        if trace is None:
            return self.function(*args, **kwargs)
        with trace.inlined(self.settings):
            return self.function(*args, **kwargs)

    def open(self, packed: Packed) -> Callable[..., Any]:
        inner: Lattice[..., Any] = pickle.loads(packed.data)
        # If it is recursive, this is what it calls.
        inner.packed = packed
        return inner.function

    def travel(self, packer: Packer) -> Any:
        packed = None if self.replacements else packer.pack_lattice(self)
        return (Lattice.restore, (packed, self.settings)) if packed else NotImplemented

    def replacing(self, replacements: Mapping[str, Task[..., Any]]) -> Lattice[P, R]:
        """The same workflow with other electrons in place of those of the same name, in its sublattices too.

        :raises WorkflowError: if something else than an electron is given
        """
        for name, replacement in replacements.items():
            if getattr(replacement, "kind", None) != "electron":
                raise WorkflowError(f"Only an electron can take the place of the electron {name}, not {replacement!r}.")
        other = Lattice(self.function, self.settings)
        other._source = self.source
        other.replacements = {**self.replacements, **replacements}
        return other

    def build_graph(self, *args: P.args, **kwargs: P.kwargs) -> Submission:
        """The workflow with these arguments, as it would be sent: ``.graph``, and ``.values`` by digest. Nothing runs.

        :raises WorkflowError: if the lattice does what a lattice cannot do, or something of it cannot travel
        """
        return build(self, args, kwargs)

    def draw(self, *args: P.args, **kwargs: P.kwargs) -> Path | str:
        """Show the workflow with these arguments on the server's pages, in a browser; returns the address. Nothing runs.

        Where no server runs, draw it into an SVG file of the lattice's name, show that if this is a notebook, and return its path.

        :raises WorkflowError: if the workflow cannot be traced, or no server runs and the program ``dot`` is not installed
        """
        from ..client.pages import show_graph
        from .draw import draw

        graph = build(self, args, kwargs).graph
        return show_graph(graph) or draw(graph)


class LatticeSettings(TypedDict, total=False):
    """The keywords of :func:`lattice`."""

    backend: ExecutorArgument | None
    executor: ExecutorArgument | None
    workflow_executor: ExecutorArgument | None
    deps_bash: BashLike | None
    deps_pip: PipLike | None
    call_before: CallLike | Iterable[CallLike] | None
    call_after: CallLike | Iterable[CallLike] | None
    triggers: object


@overload
def lattice(_func: Callable[P, R], **settings: Unpack[LatticeSettings]) -> Lattice[P, R]: ...
@overload
def lattice(_func: None = None, **settings: Unpack[LatticeSettings]) -> Callable[[Callable[P, R]], Lattice[P, R]]: ...
def lattice(
    _func: Callable[P, R] | None = None,
    *,
    backend: ExecutorArgument | None = None,
    executor: ExecutorArgument | None = None,
    workflow_executor: ExecutorArgument | None = None,
    deps_bash: BashLike | None = None,
    deps_pip: PipLike | None = None,
    call_before: CallLike | Iterable[CallLike] | None = None,
    call_after: CallLike | Iterable[CallLike] | None = None,
    triggers: object = None,
) -> Lattice[P, R] | Callable[[Callable[P, R]], Lattice[P, R]]:
    """Mark a function as a workflow.

    What is given here holds for the electrons in it that do not say otherwise.

    :param executor: a short name such as ``"local"``, or an executor object; ``backend`` is its old name
    :param workflow_executor: where the sublattices in it are built; Covalent must be installed there
    :param deps_bash: shell commands to run before each task
    :param deps_pip: packages to install before each task
    :param call_before: functions to call before each task, as functions, ``(function, args, kwargs)`` or ``DepsCall``
    :param call_after: functions to call after each task
    :raises WorkflowError: if one of them is not what it may be
    """
    if triggers:
        raise WorkflowError(
            "Triggers are not available in this version. Dispatch the lattice yourself when it is time."
        )
    settings = settings_of(
        backend=backend,
        executor=executor,
        workflow_executor=workflow_executor,
        deps_bash=deps_bash,
        deps_pip=deps_pip,
        call_before=call_before,
        call_after=call_after,
    )

    def decorate(function: Callable[P, R]) -> Lattice[P, R]:
        if isinstance(function, Lattice):
            return Lattice(function.function, settings.over(function.settings))
        return Lattice(function, settings)

    return decorate if _func is None else decorate(_func)
