"""What is known of a group that was submitted: its jobs, which of its tasks are open, and the news that nobody has fetched."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from ...model import GroupMetadata, Outcome, TaskRef, TaskUpdate
from ...objects import RemoteStore
from ...states import Cause, Status
from .handle import Handle, SubmittedJob
from .service import JobState, JobView, TaskView

_BEFORE_START: Final = (JobState.WAITING, JobState.STARTING)


class TrackedJob:
    """One job of a group. Tasks are numbered within the job."""

    def __init__(self, submitted: SubmittedJob, open_tasks: set[int]) -> None:
        self.ref, self.first, self.size = submitted.ref, submitted.first, submitted.size
        self.open = open_tasks  #: Those whose outcome is not known.
        self.view: JobView | None = None
        self.absences = 0  #: How often in a row the service did not know it.
        self.final_looks = 0  #: How often it was looked at since it ended.
        self.reported: dict[int, Status] = {}  #: Of open tasks, what was said last.
        self.suspects: dict[int, TaskView] = {}  #: Ended, by the service's word, when no outcome was there yet.
        self.asked: set[int] = set()  #: Those that somebody wants to end.
        self.next_tasks_at = 0.0  #: When to ask again which of its tasks run, on the loop's clock.
        self.tasks_interval_s = 0.0
        self.tasks_asks = 0
        self.next_failed_at = 0.0  #: The same for those that failed.
        self.failed_interval_s = 0.0

    def take(self, view: JobView | None) -> bool:
        """Take in what the service says; whether that is news."""
        if view is None:
            self.absences += 1
            return False
        self.absences = 0
        known, self.view = self.view, view
        self.final_looks += view.state.is_final
        return known is None or (known.state, known.counts) != (view.state, view.counts)

    @property
    def is_final(self) -> bool:
        return self.view is not None and self.view.state.is_final

    @property
    def may_have_outcomes(self) -> bool:
        """Whether a task of it may have come to its end."""
        if self.view is None:
            return True
        if self.listed is not None:
            return any(task.state not in _BEFORE_START for task in self.listed)
        return self.size > 1 or self.view.state not in _BEFORE_START

    @property
    def listed(self) -> Sequence[TaskView] | None:
        """Its tasks, if the service has told of them together with the job."""
        return self.view.tasks if self.view else None

    def count(self, *states: JobState) -> int:
        """Of its tasks, how many are in one of these states, as the service counts."""
        return sum(self.view.counts.get(state, 0) for state in states) if self.view else 0


class TrackedGroup:
    """A group from its submission to its last outcome."""

    def __init__(
        self,
        metadata: GroupMetadata,
        handle: Handle,
        store: RemoteStore,
        wanted: Collection[int],
        longest_s: float,
        now: float,
        on_lost: Callable[[], None],
    ) -> None:
        """:param wanted: the nodes whose outcomes are not stored yet
        :param on_lost: called when a task has vanished, which what was staged for it may have done too
        """
        self._on_lost = on_lost
        self.metadata, self.handle, self.store, self.longest_s = metadata, handle, store, longest_s
        self.refs = handle.refs
        self.indexes = {(ref.node_id, ref.attempt): index for index, ref in enumerate(self.refs)}
        open_all = {index for index, ref in enumerate(self.refs) if ref.node_id in wanted}
        self.jobs = [TrackedJob(job, {i for i in range(job.size) if job.first + i in open_all}) for job in handle.jobs]
        self._firsts = [job.first for job in self.jobs]
        self.seen: set[str] = set()  #: Names of outcomes that need no further look.
        self.tails = 0  #: Logs whose ends were read.
        self.trouble = ""  #: Why nothing is known of it at the moment.
        self.failed_looks = 0  #: In a row, for good reasons, since all of its jobs ended.
        self.sent_at = self.changed_at = self.due_at = now  #: On the loop's clock.
        self._updates: list[TaskUpdate] = []
        self._news = asyncio.Event()
        self._is_closed = False

    def open_jobs(self) -> list[TrackedJob]:
        return [job for job in self.jobs if job.open]

    def locate(self, ref: TaskRef) -> tuple[TrackedJob, int] | None:
        """The job that an attempt belongs to, and its number there."""
        index = self.indexes.get((ref.node_id, ref.attempt))
        return None if index is None else self.at(index)

    def at(self, index: int) -> tuple[TrackedJob, int] | None:
        """The same for a place in the manifest."""
        if not 0 <= index < len(self.refs):
            return None
        job = self.jobs[bisect_right(self._firsts, index) - 1]
        return job, index - job.first

    def deliver(self, job: TrackedJob, task: int, outcome: Outcome) -> None:
        """Tell how a task ended, unless that is known."""
        if task not in job.open:
            return
        if outcome.cause is Cause.LOST:
            self._on_lost()
        job.open.discard(task)
        job.reported.pop(task, None)
        job.suspects.pop(task, None)
        ref = self.refs[job.first + task]
        self._updates.append(
            TaskUpdate(
                node_id=ref.node_id, attempt=ref.attempt, status=outcome.status, at=outcome.ended_at, outcome=outcome
            )
        )
        self._news.set()

    def report(self, job: TrackedJob, tasks: Iterable[tuple[int, Status, float | None]]) -> None:
        """Tell that tasks are on their way: number, status, and since when."""
        for task, status, at in tasks:
            if task not in job.open or job.reported.get(task) in (status, Status.RUNNING):
                continue
            job.reported[task] = status
            ref = self.refs[job.first + task]
            self._updates.append(TaskUpdate(node_id=ref.node_id, attempt=ref.attempt, status=status, at=at))
            self._news.set()

    async def wait(self) -> None:
        """Return when there is news; ends the task that waits when the group is closed."""
        await self._news.wait()
        if self._is_closed:
            raise asyncio.CancelledError

    def take(self) -> list[TaskUpdate]:
        """The news since the last call."""
        updates, self._updates = self._updates, []
        self._news.clear()
        return updates

    def close(self) -> None:
        """Nobody looks at it any more."""
        self._is_closed = True
        self._news.set()

    def numbers(self) -> tuple[int, int, int]:
        """Of its tasks, as far as is known: how many wait, run, and have ended."""
        ended = sum(job.size - len(job.open) for job in self.jobs)
        running = 0
        for job in self.open_jobs():
            counted = job.count(JobState.RUNNING)
            running += min(len(job.open), max(counted, sum(s is Status.RUNNING for s in job.reported.values())))
        return len(self.refs) - ended - running, running, ended
