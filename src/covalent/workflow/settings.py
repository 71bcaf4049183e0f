"""What can be said of an electron or a lattice beside its function, and how what is left unsaid is filled in.

What an electron says wins over what its lattice says, which wins over the configuration. In a sublattice the order is: the electron, the
sublattice's lattice, the electron around that lattice, the lattice that called it, the configuration.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from ..errors import UnknownExecutorError, WorkflowError
from ..model import ExecutorSpec
from ..secrets import hidden, wire
from .deps import (
    BashLike,
    CallLike,
    DepsBash,
    DepsCall,
    DepsPip,
    ModuleLike,
    PipLike,
    bash_of,
    calls_of,
    modules_of,
    pip_of,
)

#: Where sublattices are traced unless something else is said: it needs Covalent installed, which a task's image need not have.
WORKFLOW_EXECUTOR: Final = "local"


@runtime_checkable
class ExecutorLike(Protocol):
    """What ``executor=`` takes beside names."""

    short_name: str

    def to_dict(self) -> dict[str, Any]: ...


ExecutorArgument: TypeAlias = "ExecutorLike | ExecutorSpec | str"


@dataclass(frozen=True, kw_only=True, eq=False)
class Settings:
    """None means: not said."""

    executor: ExecutorArgument | None = None
    workflow_executor: ExecutorArgument | None = None
    pip: DepsPip | None = None
    bash: DepsBash | None = None
    before: tuple[DepsCall, ...] | None = None
    after: tuple[DepsCall, ...] | None = None
    modules: frozenset[str] = frozenset()

    def over(self, other: Settings) -> Settings:
        """These, with what they leave unsaid taken from ``other``; modules are an electron's own affair."""
        merged = {}
        for field in fields(self):
            own = getattr(self, field.name)
            merged[field.name] = getattr(other, field.name) if own is None else own
        return Settings(**merged)

    def __reduce__(self) -> tuple[Any, ...]:
        # One text, as two pickles of equal texts differ in which of them are one object.
        said = {
            "executors": [
                executor and astuple(executor_spec(executor)) for executor in (self.executor, self.workflow_executor)
            ],
            "pip": self.pip and self.pip.requirements(),
            "bash": self.bash and self.bash.commands,
            "modules": sorted(self.modules),
        }
        return _settings, (json.dumps(said), self.before, self.after)


def _settings(text: str, before: tuple[DepsCall, ...] | None, after: tuple[DepsCall, ...] | None) -> Settings:
    said = json.loads(text)
    executor, workflow_executor = (spec and ExecutorSpec(name=spec[0], options=spec[1]) for spec in said["executors"])
    return Settings(
        executor=executor,
        workflow_executor=workflow_executor,
        pip=None if said["pip"] is None else DepsPip(said["pip"]),
        bash=None if said["bash"] is None else DepsBash(said["bash"]),
        before=before,
        after=after,
        modules=frozenset(said["modules"]),
    )


def settings_of(
    *,
    backend: ExecutorArgument | None = None,
    executor: ExecutorArgument | None = None,
    workflow_executor: ExecutorArgument | None = None,
    deps_pip: PipLike | None = None,
    deps_bash: BashLike | None = None,
    deps_module: ModuleLike | Iterable[ModuleLike] | None = None,
    call_before: CallLike | Iterable[CallLike] | None = None,
    call_after: CallLike | Iterable[CallLike] | None = None,
) -> Settings:
    """The keywords of the decorators, in whichever form they were written.

    :raises WorkflowError: if one of them is not what it may be
    """
    if backend is not None and executor is not None:
        raise WorkflowError("backend is the old name of executor; give one of them, not both.")
    executor = backend if executor is None else executor
    for value in (executor, workflow_executor):
        if isinstance(value, type) or not isinstance(value, str | ExecutorSpec | ExecutorLike | None):
            raise WorkflowError(f"executor takes a short name such as 'local', or an executor object, not {value!r}")
    return Settings(
        executor=executor,
        workflow_executor=workflow_executor,
        pip=pip_of(deps_pip),
        bash=bash_of(deps_bash),
        before=calls_of(call_before, "call_before"),
        after=calls_of(call_after, "call_after"),
        modules=modules_of(deps_module),
    )


def executor_spec(executor: ExecutorArgument) -> ExecutorSpec:
    """An executor as it travels.

    :raises WorkflowError: if its settings are not plain JSON
    """
    if isinstance(executor, ExecutorSpec):
        spec = _without_texts(executor)
    elif isinstance(executor, str):
        spec = ExecutorSpec(name=executor)
    else:
        spec = ExecutorSpec(name=executor.short_name, options=executor.to_dict())
    try:
        options = json.loads(json.dumps({key: wire(value) for key, value in spec.options.items()}, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise WorkflowError(f"The settings of executor {spec.name!r} must be plain JSON: {error}") from error
    return ExecutorSpec(name=spec.name, options=options)


def _without_texts(spec: ExecutorSpec) -> ExecutorSpec:
    """The same with secrets in place of those that somebody wrote as text."""
    from ..executor.registry import secret_settings

    names = secret_settings(spec.name) if spec.options else frozenset()
    return ExecutorSpec(name=spec.name, options=hidden(spec.options, names))


def known_spec(executor: ExecutorArgument) -> ExecutorSpec:
    """An executor as it travels, if it can be had here.

    :raises UnknownExecutorError: if none has its name
    :raises WorkflowError: if its settings are not plain JSON
    """
    from ..executor.registry import BUILT_IN, known_executors

    spec = executor_spec(executor)
    if spec.name not in BUILT_IN and spec.name not in (known := known_executors()):
        raise UnknownExecutorError(spec.name, known)
    return spec
