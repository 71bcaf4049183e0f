"""The contract between the dispatcher and what runs tasks. An implementer needs no other file.

The dispatcher hands an executor whole task groups and uses four calls: :meth:`AsyncBaseExecutor.send`, :meth:`~AsyncBaseExecutor.poll`,
:meth:`~AsyncBaseExecutor.receive` and :meth:`~AsyncBaseExecutor.cancel`. All run on its event loop and must not block it.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from ..errors import ExecutorError, hint
from ..model import Blob, GroupMetadata, Outcome, Requested, ServiceJob, TaskRef, TaskSpec, TaskUpdate
from ..secrets import opened, wire
from .helpers import ExecutorHelpers

if TYPE_CHECKING:
    from .examination import Examination

T = TypeVar("T")


class Closeable(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Closeable)


class Runtime(Protocol):
    """What a dispatcher lends to its executors."""

    data_dir: Path

    async def shared(self, key: Hashable, factory: Callable[[], Awaitable[C]]) -> C:
        """The one object under ``key`` in this dispatcher, made on first use and closed at its end.

        Worker pools, clients and pollers live here, so that a thousand dispatches share them.
        """


class Resources(Protocol):
    """Reads what a group's tasks need, a part at a time, so that memory does not follow the size of a group."""

    async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
        """The specs of ``refs``, in order; blobs of up to ``INLINE_LIMIT`` bytes carry their data.

        :raises CovalentError: if the store cannot be read
        """

    def path(self, blob: Blob) -> Path:
        """Where a blob without data and without URI lies on this machine."""

    async def fetch(self, blob: Blob) -> Path:
        """Bring a blob that lies elsewhere, at its URI, to this machine; where it lies then. Its digest has been checked.

        :raises CovalentError: if no executor that the dispatcher knows can read it, or if it is gone or damaged
        """


class AsyncBaseExecutor(ExecutorHelpers, ABC):
    """What a task group is handed to.

    An instance is one configuration: it is made by the user in the workflow's script and again in the dispatcher, from
    :meth:`to_dict`. Attributes set by the constructor are plain JSON values, or a :class:`~covalent.secrets.Secret`.
    """

    #: The name in ``executor="…"`` and in ``[executors.…]``.
    short_name: ClassVar[str]

    #: Whether what it sent is out of reach once its dispatcher's machine is gone.
    bound_to_machine: ClassVar[bool] = False

    runtime: Runtime | None = None

    def bind(self, runtime: Runtime) -> None:
        """Called once by the dispatcher before anything else."""
        self.runtime = runtime

    def bound(self) -> Runtime:
        """The runtime.

        :raises ExecutorError: outside a dispatcher
        """
        if self.runtime is None:
            raise ExecutorError(f"{type(self).__name__} runs tasks only inside a dispatcher")
        return self.runtime

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON: what was set on it, without what the dispatcher lent it."""
        return {k: wire(v) for k, v in vars(self).items() if k != "runtime" and not k.startswith("_")}

    @classmethod
    def secret_settings(cls) -> frozenset[str]:
        """The names of the settings that nobody may see."""
        return frozenset()

    @classmethod
    def check_setting(cls, key: str, value: Any) -> None:
        """Called for each key in ``[executors.<short_name>]`` when the configuration is read or changed. Light: no client, no network.

        :raises ConfigError: if there is no such setting, or it does not take the value
        """

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> AsyncBaseExecutor:
        """One with these settings.

        :raises ExecutorError: if a setting is unknown or has a wrong value
        """
        known = inspect.signature(cls).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
        for name in options if not takes_any else ():
            if name not in known:
                raise ExecutorError(
                    f"Executor {cls.short_name!r} has no setting {name!r}.{hint(name, known)} Known: {', '.join(known)}."
                )
        try:
            return cls(**opened(options, {}))
        except TypeError as error:
            raise ExecutorError(f"Executor {cls.short_name!r}: {error}") from error

    def retry_budget(self) -> int:
        """How often a task that failed by its own fault, or by its time limit, runs again."""
        return 0

    @abstractmethod
    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> Any:
        """Take a group to run; return a JSON handle by which it can be found again after a restart.

        Sending the same ``metadata.group_id`` again must not run anything twice: adopt what is there and go on.

        :raises ExecutorError: if the group cannot be taken; every task of it then fails with cause CONFIG
        """

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> Any:
        """Find a group again that an earlier dispatcher sent or was about to send (``handle`` is None then).

        ``refs`` are those whose outcome is not stored yet. Returns the handle to go on with.
        """
        return await self.send(refs, resources, metadata) if handle is None else handle

    @abstractmethod
    async def poll(self, metadata: GroupMetadata, handle: Any) -> Any:
        """Wait until there is something to receive; what it returns is passed to :meth:`receive`."""

    @abstractmethod
    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        """News since the last call, oldest first. Called until each task of the group has had its outcome."""

    @abstractmethod
    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        """End these attempts; each still gets its outcome through :meth:`receive`. True if something was ended."""

    async def withdraw(self, metadata: GroupMetadata) -> None:
        """Nobody wants a group any more that is being sent.

        An executor that may wait long for a service gives up there: its :meth:`send` ends what was taken, and raises
        :class:`~covalent.errors.WithdrawnError`. Others send it. Called again and again until the group is sent or not.
        """

    async def forget(self, metadata: GroupMetadata, handle: Any) -> None:
        """Called once everything that :meth:`receive` has returned for the group is stored: what was kept for it may go."""

    async def read_log(self, metadata: GroupMetadata, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        """Up to ``limit`` bytes, from byte ``offset`` on, of what a running attempt wrote to ``stdout`` or ``stderr``."""
        return b""

    async def why(self, metadata: GroupMetadata, ref: TaskRef, handle: Any) -> str:
        """What holds up an attempt that has not ended, in a sentence; empty if there is nothing to say."""
        return ""

    def examination(self) -> Examination:
        """What ``covalent doctor`` looks at, beside its settings. Called outside a dispatcher.

        :raises ExecutorError: if a setting is wrong
        """
        from .examination import Examination

        return Examination()

    # For people who look at a task. Light: no client, no network.

    def requested(self) -> Requested:
        """What it asks for, for each task."""
        return Requested()

    def job(self, handle: Any, ref: TaskRef) -> ServiceJob | None:
        """The service's job that an attempt runs as, by the handle of its group; None if there is none.

        :raises ExecutorError: if the handle cannot be read
        """
        return None

    # What it left in a place of its own. An executor whose values all lie with the dispatcher has none of these to do.

    def can_read(self, uri: str) -> bool:
        """Whether :meth:`download` is the way to what lies at ``uri``. Light: no client, no network."""
        return False

    async def download(self, uri: str) -> AsyncIterator[bytes]:
        """The bytes at ``uri``, in pieces.

        :raises ExecutorError: if they cannot be read
        """
        raise ExecutorError(f"{type(self).__name__} cannot read {uri}")
        yield b""

    async def complete(self, outcome: Outcome) -> Outcome:
        """An outcome whose :attr:`~covalent.model.Outcome.details` are elsewhere, with measurements, times and logs.

        :raises ExecutorError: if they cannot be read
        """
        return outcome

    async def purge(self, group_ids: Sequence[str]) -> None:
        """Called once nothing refers to these groups any more: what is kept for them elsewhere goes.

        :raises ExecutorError: if it cannot be deleted now; it is then tried again
        """
