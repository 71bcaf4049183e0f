"""What a store must do. SQLite and PostgreSQL pass one suite over it.

All methods are synchronous and run in threads. The writing methods are called from one thread at a time; the reading ones from any,
and never wait for a writer. Every writing method is one transaction: all of it is durable when it returns, or none of it happened.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..model import (
    AttemptInfo,
    Blob,
    Changes,
    DispatchInfo,
    Event,
    ExecutorSpec,
    Graph,
    Mark,
    Outcome,
    Snapshot,
    TaskInfo,
)
from ..states import Cause, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelWish:
    """Somebody wants a dispatch, or some of its tasks, to end. Kept until the dispatch has ended."""

    seq: int  #: Unique for ever.
    dispatch_id: str
    node_ids: tuple[int, ...] | None  #: None means all.


@dataclass(frozen=True, kw_only=True, slots=True)
class PurgeReport:
    """What a purge took away."""

    dispatches: int
    #: Digests of object-store files that no remaining dispatch needs, of copies there may be as well; the caller deletes them.
    orphaned_objects: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftovers:
    """Task groups of purged dispatches, for which their executor may still keep something."""

    executor: ExecutorSpec
    group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskAtExecutor:
    """A task that an executor has, or had last."""

    dispatch_id: str
    dispatch_name: str
    node_id: int
    name: str
    status: Status
    attempt: int
    submitted_at: float | None
    started_at: float | None
    ended_at: float | None
    cause: Cause | None
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorUse:
    """What is known of all executors of one short name together."""

    name: str
    counts: dict[str, int]  #: Tasks of theirs, by status, that are READY or active.
    groups: int  #: Task groups that are out.
    under_way: tuple[TaskAtExecutor, ...]  #: Some of the active ones, those first that have been there longest.
    waits_s: tuple[float, ...]  #: Of some tasks of late: seconds from being handed over to their start.
    failed: tuple[
        TaskAtExecutor, ...
    ]  #: Of the latest dispatches those that failed by themselves, the last first; not all.


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphPreviews:
    """What a graph says of its arguments and its result, by the names that :class:`~covalent.model.Graph` gives them."""

    arguments_preview: str = ""
    result_preview: str = ""
    result_marks: tuple[Mark, ...] = ()


class Store(ABC):
    """Durable state of dispatches.

    :raises DiskFullError: from any writing method, if there is no room
    :raises CorruptDatabaseError: from any method, if the database is damaged
    :raises StoreError: from any method, for any other failure of the database
    """

    @abstractmethod
    def migrate(self) -> None:
        """Bring the schema up to date.

        :raises NewerDatabaseError: if a later version of the program wrote it
        """

    @abstractmethod
    def close(self) -> None: ...

    # Writing

    @abstractmethod
    def create_dispatch(
        self,
        info: DispatchInfo,
        graph: Graph,
        values: dict[str, bytes],
        owner: str,
        *,
        keepers: Collection[int] = (),
        secrets: Mapping[str, bytes] = MappingProxyType({}),
    ) -> bool:
        """Store a new dispatch with all its tasks, in status ``info.status`` (NEW_OBJECT, or RUNNING if it is to begin at once).

        ``values`` holds the graph's small payloads by digest; payloads that the graph names and ``values`` lacks are files of the
        object store. Leased to the dispatcher ``owner``. ``keepers`` are the numbers of the graph's executors that may keep something
        in a place of their own. ``secrets`` are encrypted, by id; a redispatch gets those of the earlier one, too.

        Returns False, and changes nothing, if a dispatch ``info.id`` exists already.
        """

    @abstractmethod
    def commit(self, changes: Sequence[Changes]) -> None:
        """Write what one turn changed: steps, attempts, groups, handles, and one event for each step.

        Each step is a conditional update on its source status and its attempt, and must be in the transition table. After a retryable
        error it is safe to repeat with the same changes: if they had been written after all, and only the answer was lost, they are
        left as they are.

        :raises IllegalTransitionError: if a task or a dispatch is not where a step says; nothing is written then
        """

    @abstractmethod
    def commit_at_once(self, changes: Sequence[Changes]) -> bool:
        """The same, if it takes well under a millisecond: then an event loop may call it itself, which costs less than a thread's help.

        False if that is not so, or it failed: :meth:`commit` then writes the same changes, or says what is wrong.
        """

    @abstractmethod
    def set_child(self, dispatch_id: str, node_id: int, child_id: str) -> None:
        """Link a sublattice's task to the dispatch that it runs as. May be repeated."""

    @abstractmethod
    def replace_outcome(self, dispatch_id: str, node_id: int, attempt: int, outcome: Outcome) -> None:
        """Store more of how an attempt ended than was known before. Nothing happens if it did not end so, or is gone."""

    @abstractmethod
    def purge(self, dispatch_ids: Sequence[str] | None) -> PurgeReport:
        """Delete dispatches with all below them, or all (None), and what only they used.

        What is to be deleted elsewhere is remembered, in the same transaction, for :meth:`leftovers`.

        :raises NotEndedError: if one of them has not ended
        :raises NotFoundError: if one does not exist
        """

    @abstractmethod
    def unreferenced(self, digests: Sequence[str]) -> list[str]:
        """Those of these files of the object store that no dispatch needs."""

    @abstractmethod
    def leftovers(self, limit: int) -> list[Leftovers]:
        """For each executor up to ``limit`` groups of purged dispatches to which nothing that is still stored can refer.

        Others wait: those of a sublattice whose dispatch is there, and those of a dispatch that another one was to reuse values of.
        """

    @abstractmethod
    def forget_leftovers(self, group_ids: Sequence[str]) -> None:
        """Nothing is kept for these groups any more."""

    # Leases: several dispatchers may share one database

    @abstractmethod
    def acquire(self, owner: str, at: float, stale_s: float) -> list[str]:
        """Take over every unfinished dispatch whose owner has not been heard of for ``stale_s``; return their ids, oldest first.

        It is the sign of life of ``owner``, too.

        A dispatch that ``owner`` holds already is returned too, so that one that starts again finds its own. No two callers
        ever get the same dispatch.
        """

    @abstractmethod
    def claim(self, dispatch_id: str, owner: str) -> bool:
        """Lease a dispatch that was not started yet to ``owner``, whoever has it; False if it was started, or does not exist."""

    @abstractmethod
    def request_cancel(self, dispatch_id: str, node_ids: Sequence[int] | None) -> None:
        """Store a wish to cancel for the owner; None means the whole dispatch."""

    @abstractmethod
    def cancels(self, owner: str) -> list[CancelWish]:
        """Wishes for unfinished dispatches of ``owner``, oldest first. Reading them does not remove them: a wish that was heard
        just before a crash is heard again. They go when their dispatch ends."""

    # Reading

    @abstractmethod
    def secrets(self, ids: Collection[str], dispatch_id: str | None = None) -> dict[str, bytes]:
        """Encrypted secrets by id: those of a dispatch, else of whichever has them, purged ones with :meth:`leftovers` included."""

    @abstractmethod
    def dispatch(self, dispatch_id: str) -> DispatchInfo:
        """:raises NotFoundError: if there is none by that id"""

    @abstractmethod
    def dispatches(
        self,
        *,
        limit: int = 100,
        before: str | None = None,
        statuses: Iterable[Status] = (),
        search: str = "",
        executor: str | None = None,
        roots_only: bool = True,
    ) -> list[DispatchInfo]:
        """Newest first. ``before`` is the id of the last one seen; ``search`` is a part of the name or of the id; ``executor`` is the
        short name of one that they use."""

    @abstractmethod
    def executor_use(self) -> list[ExecutorUse]:
        """Each executor that has work, or had some in the latest dispatches."""

    @abstractmethod
    def graph(self, dispatch_id: str) -> Graph: ...

    @abstractmethod
    def previews(self, dispatch_id: str) -> GraphPreviews:
        """The previews of its graph alone, which costs much less than all of a large one."""

    @abstractmethod
    def output_previews(self, dispatch_id: str, node_ids: Iterable[int]) -> dict[int, str]:
        """Of those of these tasks that have completed, if there is one of their value."""

    @abstractmethod
    def executors(self, dispatch_id: str, limit: int) -> list[ExecutorSpec]:
        """Different executors that may keep something in a place of their own: those of the dispatch first, then those of its
        parents and sublattices, then those of others, the latest first, and of purged ones whose groups are left."""

    @abstractmethod
    def placement(self, dispatch_id: str, group_id: str) -> tuple[ExecutorSpec, Any] | None:
        """The executor that a task group was handed to, and the handle that it gave; None if it keeps nothing in a place of its own."""

    @abstractmethod
    def tasks(
        self, dispatch_id: str, *, after: int = -1, limit: int = 1000, statuses: Iterable[Status] = ()
    ) -> list[TaskInfo]:
        """In order of node id, those above ``after``."""

    @abstractmethod
    def task(self, dispatch_id: str, node_id: int) -> TaskInfo:
        """:raises NotFoundError: if the dispatch or the task does not exist"""

    @abstractmethod
    def attempts(self, dispatch_id: str, node_id: int) -> list[AttemptInfo]:
        """In order."""

    @abstractmethod
    def events(
        self,
        dispatch_id: str,
        *,
        node_id: int | None = None,
        after: int = 0,
        limit: int = 1000,
    ) -> list[Event]:
        """In order of ``seq``, those above ``after``."""

    @abstractmethod
    def payloads(self, dispatch_id: str, digests: Iterable[str]) -> dict[str, Blob]:
        """Blobs that the dispatch's graph names, by digest. Those absent from the table are files of the object store
        (size from the graph is unknown then: 0)."""

    @abstractmethod
    def outputs(self, dispatch_id: str, node_ids: Iterable[int]) -> dict[int, Blob]:
        """Outputs of completed tasks among these."""

    @abstractmethod
    def snapshot(self, dispatch_id: str) -> Snapshot: ...
