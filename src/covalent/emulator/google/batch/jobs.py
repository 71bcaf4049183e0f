"""A job and its tasks. What the API shows of them is kept as the API's own messages."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from google.cloud.batch_v1.types import Task as TaskMessage

from .events import ACTIVE, FINAL, TASK_FINAL, JobState, TaskState, change_task

if TYPE_CHECKING:
    from ...hosts.running import Running

#: The one task group that a job has.
GROUP: Final = "group0"

_Task: Final = TaskMessage.pb()


@dataclass(kw_only=True, slots=True, eq=False)
class Task:
    """Changed by the scheduler alone."""

    job: Job
    index: int
    message: Any  #: A ``Task``.
    retries: int = 0  #: Attempts before the present one.
    machine: str = ""  #: Where it was last.
    running: Running | None = None

    @property
    def state(self) -> int:
        return int(self.message.status.state)

    @property
    def is_final(self) -> bool:
        return self.state in TASK_FINAL

    @property
    def label(self) -> str:
        """With what its log entries' ``task_id`` begins."""
        return f"task/{self.job.message.uid}-{GROUP}-{self.index}"

    def change(self, state: int, exit_code: int | None = None) -> None:
        self.job.counts[self.state] -= 1
        self.job.counts[state] += 1
        change_task(self.message.status, state, f" on {self.machine}" if self.machine else "", exit_code)


@dataclass(kw_only=True, slots=True, eq=False)
class Job:
    """Changed by the scheduler alone."""

    message: Any  #: A ``Job``.
    request_id: str
    parallelism: int
    silent_s: float | None  #: Seconds until it fails because its machines do not report; None if they do.
    tasks: Sequence[Task] = ()
    waiting: deque[Task] = field(default_factory=deque)  #: Those that have not been handed to the slots.
    counts: Counter[int] = field(default_factory=Counter)  #: Of its tasks, by state.
    started_at: float | None = None  #: Unix seconds.
    on_end: list[Callable[[], None]] = field(default_factory=list)  #: What waits for its cancellation or deletion.

    @property
    def name(self) -> str:
        return str(self.message.name)

    @property
    def id(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def project(self) -> str:
        return self.name.split("/")[1]

    @property
    def location(self) -> str:
        return self.name.split("/")[3]

    @property
    def spec(self) -> Any:
        """A ``TaskSpec``."""
        return self.message.task_groups[0].task_spec

    @property
    def state(self) -> int:
        return int(self.message.status.state)

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def running(self) -> list[Running]:
        return [task.running for task in self.tasks if task.running]

    @property
    def is_idle(self) -> bool:
        """Whether none of its tasks is on a machine."""
        return not self.counts[TaskState.ASSIGNED] and not self.counts[TaskState.RUNNING]

    def view(self) -> Any:
        """As the API shows it."""
        shown = type(self.message)()
        shown.CopyFrom(self.message)
        counts = {TaskState(state).name: count for state, count in self.counts.items() if count}
        shown.status.task_groups[GROUP].counts.update(counts)
        if self.started_at is not None:
            ended_at = self.message.update_time.ToNanoseconds() / 1e9 if self.is_final else time.time()
            shown.status.run_duration.FromNanoseconds(int(max(0.0, ended_at - self.started_at) * 1e9))
        return shown


def create(message: Any, request_id: str, silent_s: float | None) -> Job:
    """A job that nobody has seen yet, with its tasks."""
    group = message.task_groups[0]
    job = Job(message=message, request_id=request_id, parallelism=group.parallelism, silent_s=silent_s)
    job.tasks = [
        Task(job=job, index=index, message=_new_task(f"{group.name}/tasks/{index}"))
        for index in range(group.task_count)
    ]
    job.waiting = deque(job.tasks)
    job.counts = Counter({int(TaskState.PENDING): len(job.tasks)})
    message.status.state = JobState.QUEUED
    return job


def _new_task(name: str) -> Any:
    task = _Task(name=name)
    task.status.state = TaskState.PENDING
    return task
