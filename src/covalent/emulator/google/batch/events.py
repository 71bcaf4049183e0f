"""States of jobs and tasks, and how Google Batch words that they change.

Sources: https://cloud.google.com/batch/docs/job-task-status, https://cloud.google.com/batch/docs/troubleshooting
"""

from __future__ import annotations

import time
from typing import Any, Final

from google.cloud.batch_v1.types import JobStatus, TaskStatus

JobState: Final = JobStatus.State
TaskState: Final = TaskStatus.State

ACTIVE: Final = frozenset({JobState.QUEUED, JobState.SCHEDULED, JobState.RUNNING})
FINAL: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
TASK_FINAL: Final = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.UNEXECUTED})

# Exit codes of the service's own.
SPOT_PREEMPTED: Final = 50001
NO_REPORT: Final = 50002
REBOOTED: Final = 50003
UNRESPONSIVE: Final = 50004
OVER_TIME: Final = 50005
RECREATED: Final = 50006
UNKNOWN: Final = 50000

#: Of a task that the service ends because its job is cancelled or deleted.
TERMINATED: Final = 143

_WHY: Final = {
    SPOT_PREEMPTED: " due to Spot VM preemption",
    NO_REPORT: " due to Batch no longer receives VM updates",
    REBOOTED: " due to VM is rebooted during task execution",
    UNRESPONSIVE: " due to the task is unresponsive and cannot be canceled",
    OVER_TIME: " due to task runs over the maximum runtime",
    RECREATED: " due to VM is recreated during task execution",
}


def job_event(status: Any, description: str, kind: str = "STATUS_CHANGED") -> None:
    """Add one to a ``JobStatus``."""
    event = status.status_events.add(type_=kind, description=description)
    event.event_time.FromNanoseconds(time.time_ns())


def change_job(job: Any, state: int, because: str = "") -> None:
    """Change the state of a ``Job``, and say so."""
    before = JobState(job.status.state).name
    job.status.state = state
    job_event(job.status, f"Job state is set from {before} to {JobState(state).name} for job {job.name}.{because}")
    job.update_time.FromNanoseconds(time.time_ns())


def change_task(status: Any, state: int, place: str = "", exit_code: int | None = None) -> None:
    """Change the state of a ``TaskStatus``, and say so.

    :param place: `` on MACHINE``, or empty
    :param exit_code: how an attempt ended
    """
    description = f"Task state is updated from {TaskState(status.state).name} to {TaskState(state).name}{place}"
    event = status.status_events.add(type_="STATUS_CHANGED", task_state=state)
    event.event_time.FromNanoseconds(time.time_ns())
    if exit_code is not None:
        description += f"{_WHY.get(exit_code, '')} with exit code {exit_code}"
        event.task_execution.exit_code = exit_code
    event.description = f"{description}."
    status.state = state
