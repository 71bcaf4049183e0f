"""What Azure Batch answers, as the engine understands it.

Only what is used is read, into structures that take a microsecond each: the library's own models are slow by the thousand. Sources: API
reference of Azure Batch, "Get a job", "List tasks"; states that end say nothing of success there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from ..batch.service import JobState, JobView, TaskView
from .names import GroupRef, task_id

#: States of tasks; ``completed`` is told apart by the result.
TASK_STATES: Final[Mapping[str, JobState]] = {
    "active": JobState.WAITING,
    "preparing": JobState.STARTING,
    "running": JobState.RUNNING,
    "completed": JobState.FAILED,
}

#: Code of a task that was ended: by hand, with its job, or for want of time.
ENDED: Final = "TaskEnded"

#: Why a job ended that ends with its tasks. Source: API reference, ``terminateReason``.
_WITH_TASKS: Final = re.compile("AllTasksComplete", re.IGNORECASE)

_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")
_UNITS_S: Final = (86400.0, 3600.0, 60.0, 1.0)

#: What is asked for of tasks and jobs.
TASK_FIELDS: Final = "id,state,executionInfo,constraints"
JOB_FIELDS: Final = "id,state,onAllTasksComplete,executionInfo,stateTransitionTime,metadata"


class _Struct(msgspec.Struct, rename="camel"):
    """What is not named here is passed over."""


class NameValue(_Struct):
    name: str = ""
    value: str | None = None


class _Failure(_Struct):
    category: str = ""
    code: str = ""
    message: str = ""
    details: list[NameValue] = []


class _Execution(_Struct):
    start_time: str | None = None
    end_time: str | None = None
    exit_code: int | None = None
    failure_info: _Failure | None = None
    retry_count: int = 0
    requeue_count: int = 0
    result: str = ""


class _Constraints(_Struct):
    max_wall_clock_time: str = ""


class Task(_Struct):
    """One of what ``ListTasks`` answers."""

    id: str
    state: str = "active"
    execution_info: _Execution = msgspec.field(default_factory=_Execution)
    constraints: _Constraints = msgspec.field(default_factory=_Constraints)

    @property
    def is_over(self) -> bool:
        return self.state == "completed"

    @property
    def was_ended(self) -> bool:
        """Whether it came to its end from outside."""
        failure = self.execution_info.failure_info
        return self.is_over and failure is not None and failure.code == ENDED

    @property
    def was_ended_by_hand(self) -> bool:
        """Whether somebody wanted its end: not the service, and not because its time was over."""
        failure = self.execution_info.failure_info
        is_own = failure is not None and failure.category.lower() == "servererror"
        return self.was_ended and not is_own and not self.is_overdue

    @property
    def is_overdue(self) -> bool:
        """Whether it ran for as long as the service lets it."""
        began, ended = seconds(self.execution_info.start_time), seconds(self.execution_info.end_time)
        most_s = duration_s(self.constraints.max_wall_clock_time)
        return began is not None and ended is not None and most_s is not None and ended - began >= most_s


class _JobExecution(_Struct):
    terminate_reason: str = ""
    pool_id: str = ""


class JobFacts(_Struct):
    """One of what ``ListJobs`` answers."""

    id: str
    state: str = "active"
    on_all_tasks_complete: str = ""
    execution_info: _JobExecution = msgspec.field(default_factory=_JobExecution)
    state_transition_time: str | None = None
    metadata: list[NameValue] = []

    @property
    def is_over(self) -> bool:
        return self.state == "completed"

    @property
    def is_open(self) -> bool:
        """Whether tasks can be added to it."""
        return self.state not in ("terminating", "completed", "deleting")

    @property
    def is_endless(self) -> bool:
        """Whether it goes on though all of its tasks end."""
        return self.state == "active" and self.on_all_tasks_complete != "terminatejob"

    @property
    def ended_with_tasks(self) -> bool:
        """Whether the service ended it because all of its tasks had ended."""
        return self.is_over and bool(_WITH_TASKS.search(self.execution_info.terminate_reason))


class TaskViews:
    """The tasks of one group, of which there may be thousands: understood anew only where Azure says something else than before."""

    def __init__(self) -> None:
        self._job: JobFacts | None = None
        self._known: dict[int, tuple[Task, TaskView]] = {}

    def of(self, ref: GroupRef, tasks: Sequence[tuple[int, Task]], job: JobFacts | None) -> list[TaskView]:
        """All tasks of the group, whether they are there or not.

        :param tasks: those that are there: all, unless the job ended in the middle
        :param job: what is known of the job; None if it is taken to be active
        """
        if job != self._job:
            self._job, self._known = job, {}
        views: list[TaskView] = []
        for index, task in tasks:
            known = self._known.get(index)
            if known is None or known[0] != task:
                known = self._known[index] = (task, task_view(ref, index, task, job))
            views.append(known[1])
        if len(views) < ref.size:
            missing = set(range(ref.size)).difference(view.index for view in views)
            views += [_missing_view(index, job) for index in sorted(missing)]
        return views


def job_view(ref: GroupRef, tasks: Sequence[TaskView], memory_mib: int | None, reason: str) -> JobView:
    """A group, which is a part of a job of Azure's.

    :param reason: why it waits, if it does
    """
    counts = Counter([task.state for task in tasks])
    return JobView(ref=str(ref), state=_state(counts), counts=counts, reason=reason, tasks=tasks, memory_mib=memory_mib)


def task_view(ref: GroupRef, index: int, task: Task, job: JobFacts | None) -> TaskView:
    """A task that has not begun when its job ends stays as it is for ever, so it has ended too."""
    execution, failure = task.execution_info, task.execution_info.failure_info
    state = TASK_STATES.get(task.state, JobState.WAITING)
    if state is JobState.FAILED and execution.result == "success":
        state = JobState.SUCCEEDED
    never_began = job is not None and job.is_over and not state.is_final
    return TaskView(
        index=index,
        state=JobState.FAILED if never_began else state,
        attempt=1 + execution.retry_count + execution.requeue_count,
        exit_code=execution.exit_code,
        status_reason=_status_reason(failure, task, job, never_began=never_began),
        reason="; ".join(f"{one.name}: {one.value}" for one in failure.details) if failure else "",
        is_cancelled=_is_cancelled(task, job, never_began=never_began),
        started_at=seconds(execution.start_time),
        ended_at=seconds(execution.end_time),
        place=f"Azure Batch job {ref.job}, task {task_id(ref.group, index)}",
    )


def _missing_view(index: int, job: JobFacts | None) -> TaskView:
    """A task that is not in its job. It may still come, unless that has ended."""
    if job is None or not job.is_over:
        return TaskView(index=index, state=JobState.WAITING)
    return TaskView(
        index=index,
        state=JobState.FAILED,
        status_reason=f"its job ended before it was added ({_end_of(job)})",
        is_cancelled=not job.ended_with_tasks,
    )


def _end_of(job: JobFacts | None) -> str:
    """Why a job ended."""
    return (job.execution_info.terminate_reason if job is not None else "") or "Azure does not say why"


def seconds(time: str | None) -> float | None:
    """Unix seconds."""
    return datetime.fromisoformat(time).timestamp() if time else None


def duration_s(text: str) -> float | None:
    """Seconds of a duration of ISO 8601; None if it is none."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_S, strict=True) if part)


def _state(counts: Mapping[JobState, int]) -> JobState:
    for state in (JobState.RUNNING, JobState.STARTING, JobState.WAITING):
        if counts.get(state):
            return state
    return JobState.FAILED if counts.get(JobState.FAILED) else JobState.SUCCEEDED


def _is_cancelled(task: Task, job: JobFacts | None, *, never_began: bool) -> bool:
    if job is not None and job.ended_with_tasks:
        return False
    return never_began or task.was_ended_by_hand


def _status_reason(failure: _Failure | None, task: Task, job: JobFacts | None, *, never_began: bool) -> str:
    reason = job.execution_info.terminate_reason if job is not None and job.is_over else ""
    if never_began:
        return f"its job ended before it began ({_end_of(job)})"
    if failure is None:
        return ""
    said = f"{failure.code}: {' '.join(failure.message.split())}"
    if task.was_ended and reason:
        return f"{said} (its job ended: {reason})"
    if task.was_ended and task.is_overdue:
        return f"{said} (it ran for its maxWallClockTime, {task.constraints.max_wall_clock_time})"
    return said
