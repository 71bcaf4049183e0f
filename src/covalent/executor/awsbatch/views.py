"""What AWS Batch answers, as the engine understands it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from ..batch.service import JobState, JobView, TaskView
from .reasons import NOT_BY_HAND

#: AWS's states. The parent of an array never becomes RUNNING. Source: user guide, "Job states".
STATES: Final[Mapping[str, JobState]] = {
    "SUBMITTED": JobState.WAITING,
    "PENDING": JobState.WAITING,
    "RUNNABLE": JobState.WAITING,
    "STARTING": JobState.STARTING,
    "RUNNING": JobState.RUNNING,
    "SUCCEEDED": JobState.SUCCEEDED,
    "FAILED": JobState.FAILED,
}


def statuses_of(states: Collection[JobState]) -> list[str]:
    """AWS's names for these states."""
    return [name for name, state in STATES.items() if state in states]


def job_view(job: Mapping[str, Any]) -> JobView:
    """One of the answers of ``DescribeJobs``."""
    counts: dict[JobState, int] = {}
    for name, count in array_of(job).get("statusSummary", {}).items():
        state = STATES[name]
        counts[state] = counts.get(state, 0) + count
    return JobView(
        ref=job["jobId"],
        state=STATES[job["status"]],
        counts=counts,
        reason=_status_reason(job),
        tasks=None if is_array(job) else (task_view(job),),
        memory_mib=_memory_mib(job),
    )


def task_view(job: Mapping[str, Any]) -> TaskView:
    """A job that is one task, or a child of an array; from ``DescribeJobs`` or, with less in it, from ``ListJobs``."""
    state = STATES[job["status"]]
    attempts = job.get("attempts", ())
    ended = sum("stoppedAt" in attempt for attempt in attempts)
    container = _container(job, attempts)
    marked = bool(job.get("isCancelled") or job.get("isTerminated"))
    return TaskView(
        index=array_of(job).get("index", 0),
        state=state,
        attempt=max(1, ended if state.is_final else ended + 1),
        exit_code=container.get("exitCode"),
        status_reason=_status_reason(job),
        reason=container.get("reason", ""),
        is_cancelled=marked and not NOT_BY_HAND.search(_status_reason(job)),
        started_at=_seconds(job.get("startedAt")),
        ended_at=_seconds(job.get("stoppedAt")),
        place=_place(job, container),
    )


def is_array(job: Mapping[str, Any]) -> bool:
    """Whether it is the parent of an array."""
    return bool(array_of(job).get("size"))


def array_of(job: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = job.get("arrayProperties") or {}
    return found


def _status_reason(job: Mapping[str, Any]) -> str:
    return job.get("statusReason") or ""


def _container(job: Mapping[str, Any], attempts: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What is known of the container: of the job, completed by its last attempt."""
    last: Mapping[str, Any] = {}
    for attempt in attempts:
        last = attempt.get("container") or {}
    own = job.get("container") or {}
    return {**last, **own} if STATES[job["status"]].is_final else own


def _memory_mib(job: Mapping[str, Any]) -> float | None:
    container = job.get("container") or {}
    required = {one["type"]: one["value"] for one in container.get("resourceRequirements", ())}
    found = required.get("MEMORY", container.get("memory"))
    return float(found) if found else None


def _place(job: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    parts = [f"AWS Batch job {job['jobId']}"]
    if stream := container.get("logStreamName"):
        parts.append(f"log stream {stream}")
    return ", ".join(parts)


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000 if milliseconds else None
