"""Jobs as the API shows them. Times are milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..moto_border import ACCOUNT
from .jobs import Attempt, Job, JobStatus


def detail(job: Job, tags: Mapping[str, str], hold: str | None) -> dict[str, Any]:
    """For DescribeJobs.

    :param hold: why no job starts at all
    """
    order = job.order
    return _without_none(
        **_common(job, hold),
        jobQueue=order.queue.arn,
        shareIdentifier=order.share_identifier,
        schedulingPriority=order.scheduling_priority,
        attempts=[_attempt(job, attempt) for attempt in job.attempts if attempt.stopped_at],
        retryStrategy=order.retry,
        dependsOn=order.depends_on,
        jobDefinition=order.definition.arn,
        parameters=order.parameters,
        container=None if job.children else _container(job),
        timeout={"attemptDurationSeconds": order.timeout_s} if order.timeout_s else None,
        tags=dict(tags),
        propagateTags=order.propagate_tags,
        platformCapabilities=order.definition.capabilities,
        arrayProperties=_array(job, with_counts=True),
        isCancelled=job.is_cancelled,
        isTerminated=job.is_terminated,
    )


def summary(job: Job, hold: str | None) -> dict[str, Any]:
    """For ListJobs."""
    container = None
    if job.attempts and job.status.is_final:
        container = _without_none(exitCode=job.attempt.exit_code, reason=job.attempt.reason)
    return _without_none(
        **_common(job, hold),
        jobDefinition=job.order.definition.arn,
        container=container,
        arrayProperties=_array(job, with_counts=False),
        isCancelled=job.is_cancelled,
        isTerminated=job.is_terminated,
    )


def _common(job: Job, hold: str | None) -> dict[str, Any]:
    waits = hold if job.status is JobStatus.RUNNABLE else None
    return {
        "jobArn": job.arn,
        "jobId": job.id,
        "jobName": job.order.name,
        "status": job.status.value,
        "statusReason": job.status_reason or waits,
        "createdAt": _ms(job.created_at),
        "startedAt": _ms(job.started_at),
        "stoppedAt": _ms(job.stopped_at),
    }


def _container(job: Job) -> dict[str, Any]:
    shown = {name: value for name, value in job.order.container.items() if name != "repositoryCredentials"}
    if not job.attempts:
        return shown
    return shown | _without_none(
        exitCode=job.attempt.exit_code,
        reason=job.attempt.reason,
        logStreamName=job.attempt.stream,
        taskArn=_task_arn(job, job.attempt),
        networkInterfaces=[],
    )


def _attempt(job: Job, attempt: Attempt) -> dict[str, Any]:
    return _without_none(
        container=_without_none(
            exitCode=attempt.exit_code,
            reason=attempt.reason,
            logStreamName=attempt.stream,
            taskArn=_task_arn(job, attempt),
            networkInterfaces=[],
        ),
        startedAt=_ms(attempt.started_at),
        stoppedAt=_ms(attempt.stopped_at),
        statusReason=attempt.status_reason,
    )


def _array(job: Job, *, with_counts: bool) -> dict[str, Any] | None:
    if job.index is not None:
        return {"index": job.index}
    if not job.children:
        return None
    size = {"size": len(job.children)}
    if not with_counts:
        return size
    return {"statusSummary": {status.value: job.counts[status] for status in JobStatus}, **size}


def _task_arn(job: Job, attempt: Attempt) -> str:
    queue = job.order.queue
    return f"arn:aws:ecs:{queue.region}:{ACCOUNT}:task/{queue.environment}/{attempt.task}"


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
