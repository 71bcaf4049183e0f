"""What the pool knows of a task group: which attempts are open, where each of them is, and the news that nobody has fetched."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ...model import GroupMetadata, Outcome, TaskRef, TaskUpdate
from ...states import Cause, Status
from ..base import Resources
from ..messages import Key, TaskWriter

if TYPE_CHECKING:
    from .lane import Lane
    from .worker import Worker

Attempt: TypeAlias = tuple[int, int]  #: Node id and number.


class Receipt(Protocol):
    """What is waiting to hear that an outcome is stored for good."""

    def stored(self) -> None: ...


class Job:
    """An attempt that is loaded: ready to be sent, or with a worker."""

    __slots__ = (
        "attempt",
        "expected_s",
        "frame",
        "function",
        "group",
        "head_bytes",
        "kind",
        "losses",
        "node_id",
        "worker",
    )

    def __init__(
        self, group: Group, node_id: int, attempt: int, function: str, kind: int, head_bytes: int, frame: bytes
    ) -> None:
        self.group, self.node_id, self.attempt, self.function = group, node_id, attempt, function
        self.kind, self.head_bytes, self.frame = kind, head_bytes, frame
        self.expected_s: float | None = None
        self.worker: Worker | None = None
        self.losses = 0  #: How often a worker died that had it without beginning it.

    @property
    def key(self) -> Key:
        return self.group.metadata.group_id, self.node_id, self.attempt

    @property
    def is_open(self) -> bool:
        return (self.node_id, self.attempt) in self.group.open


class Group:
    """One task group, from the moment it is sent until its last outcome is stored."""

    def __init__(
        self, metadata: GroupMetadata, resources: Resources, writer: TaskWriter, time_limit_s: float | None
    ) -> None:
        self.metadata, self.resources, self.writer, self.time_limit_s = metadata, resources, writer, time_limit_s
        self.open: dict[Attempt, Job | None] = {}
        self.waiting: deque[TaskRef] = deque()  #: Not loaded.
        self.ready: deque[Job] = deque()
        self.pip: tuple[str, ...] = ()  #: What its environment asks for; known once something is loaded.
        self.kept: set[str] = set()  #: Functions that are kept in files for it.
        self.is_loading = False
        self.is_preparing = False  #: Its environment is being made.
        self.is_queued = False
        self.lane: Lane | None = None  #: None until its environment is there.
        self._known: set[Attempt] = set()
        self._updates: list[TaskUpdate] = []
        self._receipts: list[Receipt] = []
        self._taken: tuple[list[TaskUpdate], list[Receipt]] = ([], [])  #: Handed out, perhaps not stored.
        self._news = asyncio.Event()

    def adopt(self, refs: Sequence[TaskRef]) -> list[TaskRef]:
        """Those of the attempts that are new here; they are open now.

        What was handed out for the others is handed out again: it was not stored, else nobody would ask for them.
        """
        if self._taken[0]:
            self._hand_out_again({(ref.node_id, ref.attempt) for ref in refs})
        new = []
        for ref in refs:
            attempt = (ref.node_id, ref.attempt)
            if attempt not in self._known:
                self._known.add(attempt)
                self.open[attempt] = None
                new.append(ref)
        return new

    def report(self, status: Status, attempts: Iterable[Attempt], at: float | None = None, detail: str = "") -> None:
        """Tell that attempts are on their way."""
        at = time.time() if at is None else at
        for node_id, attempt in attempts:
            self._updates.append(TaskUpdate(node_id=node_id, attempt=attempt, status=status, at=at, detail=detail))
        self._news.set()

    def deliver(self, attempt: Attempt, outcome: Outcome, receipt: Receipt | None = None) -> bool:
        """Tell how an attempt ended; False if that is known already."""
        if attempt not in self.open:
            if receipt is not None:
                receipt.stored()
            return False
        del self.open[attempt]
        at = outcome.ended_at
        node_id, number = attempt
        update = TaskUpdate(node_id=node_id, attempt=number, status=outcome.status, at=at, outcome=outcome)
        self._updates.append(update)
        if receipt is not None:
            self._receipts.append(receipt)
        self._news.set()
        return True

    def fail(self, attempts: Iterable[Attempt], cause: Cause, message: str, *, started: bool = True) -> None:
        """End attempts that no worker has."""
        status = Status.CANCELLED if cause is Cause.CANCELLED else Status.FAILED
        outcome = Outcome(status=status, cause=cause, message=message, ended_at=time.time(), started=started)
        for attempt in list(attempts):
            self.deliver(attempt, outcome)

    def is_untouched(self, attempt: Attempt) -> bool:
        """Whether it is open and has not been loaded."""
        return attempt in self.open and self.open[attempt] is None

    async def wait(self) -> None:
        """Return when there is news."""
        await self._news.wait()

    def take(self) -> list[TaskUpdate]:
        """The news. Asking again says that what was handed out before is stored."""
        self.settle()
        self._news.clear()
        updates = self._updates
        self._taken = (updates, self._receipts)
        self._updates, self._receipts = [], []
        return updates

    def settle(self) -> None:
        """All that was handed out is stored."""
        for receipt in self._taken[1]:
            receipt.stored()
        self._taken = ([], [])

    def unsent(self) -> list[Attempt]:
        """Those that are waiting, loaded or not."""
        waiting = [(ref.node_id, ref.attempt) for ref in self.waiting]
        return waiting + [(job.node_id, job.attempt) for job in self.ready]

    def next_job(self) -> Job | None:
        """The next that can be sent."""
        while self.ready:
            job = self.ready.popleft()
            if job.is_open:
                return job
        return None

    def next_refs(self, count: int) -> list[TaskRef]:
        """The next to load."""
        return list(self._open_waiting(count))

    def _hand_out_again(self, attempts: set[Attempt]) -> None:
        again = [update for update in self._taken[0] if (update.node_id, update.attempt) in attempts]
        if again:
            self._updates[:0], self._receipts[:0] = again, self._taken[1]
            self._taken = ([], [])
            self._news.set()

    def _open_waiting(self, count: int) -> Iterator[TaskRef]:
        while self.waiting and count:
            ref = self.waiting.popleft()
            if (ref.node_id, ref.attempt) in self.open:
                count -= 1
                yield ref
