"""What Google Batch answers, as the engine understands it.

Everything here takes the messages of protobuf themselves: those that the library wraps around them are slow to read by the thousand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..batch.service import JobState, JobView, TaskView

#: States of jobs. One that is being cancelled or deleted has not ended. Source: API reference, ``JobStatus.State``.
JOB_STATES: Final[Mapping[str, JobState]] = {
    "STATE_UNSPECIFIED": JobState.WAITING,
    "QUEUED": JobState.WAITING,
    "SCHEDULED": JobState.WAITING,
    "RUNNING": JobState.RUNNING,
    "SUCCEEDED": JobState.SUCCEEDED,
    "FAILED": JobState.FAILED,
    "CANCELLATION_IN_PROGRESS": JobState.RUNNING,
    "CANCELLED": JobState.FAILED,
    "DELETION_IN_PROGRESS": JobState.RUNNING,
}

#: States of tasks. Source: API reference, ``TaskStatus.State``.
TASK_STATES: Final[Mapping[str, JobState]] = {
    "STATE_UNSPECIFIED": JobState.WAITING,
    "PENDING": JobState.WAITING,
    "ASSIGNED": JobState.STARTING,
    "RUNNING": JobState.RUNNING,
    "SUCCEEDED": JobState.SUCCEEDED,
    "FAILED": JobState.FAILED,
    "UNEXECUTED": JobState.FAILED,
}

#: Of a container that could not be started; the service does not say then which image it was.
#: Source: documentation of Docker, "Exit status" of ``docker run``.
IMAGE_EXIT_CODES: Final = frozenset({125, 126, 127})

_EXIT_CODE: Final = re.compile(r"exit code (\d+)")
_STARTS: Final = re.compile(r"to RUNNING\b")

#: What is said when the state of a job changes, if nothing is said of why.
_CHANGE: Final = re.compile(r"Job state is set from \w+ to (\w+)(?: for job \S+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFacts:
    """What is kept of a job, for what is asked about its tasks."""

    uid: str  #: By which its log is found.
    is_final: bool
    is_cancelled: bool
    reason: str
    image: str  #: Of its containers.


def state_name(message: Any) -> str:
    """The name of the field ``state`` of a status."""
    values = message.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number
    return str(values[message.state].name) if message.state in values else "STATE_UNSPECIFIED"


def job_facts(job: Any) -> JobFacts:
    name = state_name(job.status)
    return JobFacts(
        uid=job.uid,
        is_final=JOB_STATES[name].is_final,
        is_cancelled=name == "CANCELLED",
        reason=_newest(job.status.status_events),
        image=_image(job),
    )


def job_view(job: Any) -> JobView:
    """What ``GetJob`` answers. It says nothing of single tasks."""
    counts: dict[JobState, int] = {}
    for group in job.status.task_groups.values():
        for name, count in group.counts.items():
            state = TASK_STATES.get(name, JobState.WAITING)
            counts[state] = counts.get(state, 0) + count
    state = JOB_STATES[state_name(job.status)]
    if state is JobState.WAITING and counts.get(JobState.STARTING):
        state = JobState.STARTING
    return JobView(
        ref=job.name.rpartition("/")[2],
        state=state,
        counts=counts,
        reason=_newest(job.status.status_events),
        memory_mib=job.task_groups[0].task_spec.compute_resource.memory_mib or None if job.task_groups else None,
    )


def task_view(ref: str, task: Any, job: JobFacts) -> TaskView:
    """One of what ``ListTasks`` answers. A task of a job that has ended has ended too, whatever it says."""
    state = TASK_STATES[state_name(task.status)]
    has_own_end = state.is_final
    if job.is_final and not has_own_end:
        state = JobState.FAILED
    # They are not in the order in which they happened.
    events = sorted(task.status.status_events, key=_time)
    starts = [event for event in events if _STARTS.search(event.description)]
    index = int(task.name.rpartition("/")[2])
    exit_code = _exit_code(events, state) if has_own_end else None
    return TaskView(
        index=index,
        state=state,
        attempt=max(1, len(starts)),
        exit_code=exit_code,
        status_reason=_reason(events, state, job),
        reason=f"the image is {job.image}" if exit_code in IMAGE_EXIT_CODES else "",
        is_cancelled=job.is_cancelled and state is not JobState.SUCCEEDED,
        started_at=_time(starts[-1]) if starts else None,
        ended_at=_time(events[-1]) if events and has_own_end else None,
        place=f"Google Batch job {ref}, task {index}",
    )


def _reason(events: list[Any], state: JobState, job: JobFacts) -> str:
    if state is JobState.SUCCEEDED:
        return ""
    own = events[-1].description if events else ""
    # A task that never ran says less about why than its job does.
    return own if any(_STARTS.search(event.description) for event in events) or not job.is_final else job.reason or own


def _exit_code(events: list[Any], state: JobState) -> int | None:
    """The newest that there is: an attempt before may have had another."""
    if state is JobState.SUCCEEDED:
        return 0
    for event in reversed(events):
        if event.HasField("task_execution"):
            return int(event.task_execution.exit_code)
        if found := _EXIT_CODE.search(event.description):
            return int(found[1])
    return None


def _image(job: Any) -> str:
    runnables = job.task_groups[0].task_spec.runnables if job.task_groups else ()
    return str(runnables[0].container.image_uri) if runnables else ""


def _newest(events: Iterable[Any]) -> str:
    """What was said last. Of a job that failed before it ran, that may be no more than that it failed: why was said just before."""
    said = [str(event.description) for event in sorted(events, key=_time)]
    if not said:
        return ""
    last = _CHANGE.fullmatch(said[-1])
    is_bare = last is not None and last[1] == "FAILED"
    return said[-2] if is_bare and len(said) > 1 and not _CHANGE.fullmatch(said[-2]) else said[-1]


def _time(event: Any) -> float:
    """Unix seconds."""
    return float(event.event_time.seconds + event.event_time.nanos / 1e9)
