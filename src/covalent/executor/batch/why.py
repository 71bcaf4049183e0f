"""What holds up a task of a batch service, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...errors import ExecutorError
from ...states import Status
from .patience import Patience
from .service import BatchService, JobState, WaitPattern
from .tracking import TrackedGroup, TrackedJob

_STATES: Final = {
    JobState.WAITING: "waits for a place to run",
    JobState.STARTING: "has a place and is being started",
    JobState.RUNNING: "runs",
    JobState.SUCCEEDED: "has ended; its outcome is being collected",
    JobState.FAILED: "has failed; its reason is being collected",
}


def why_sending(patience: Patience) -> str:
    """Of a group that is being handed over."""
    if patience.trouble:
        return f"It is being submitted, and that is tried again until it works: {patience.trouble}"
    return "It is being submitted."


async def why_tracked(service: BatchService, group: TrackedGroup, job: TrackedJob, task: int, *, trouble: str) -> str:
    """Of a task that the service has, from what it said last."""
    sentences = [await _state(service, job, task)]
    if len(group.refs) > 1:
        waiting, running, ended = group.numbers()
        sentences.append(
            f"Of the {len(group.refs):,} tasks of its group {waiting:,} wait, {running:,} run and {ended:,} have ended."
        )
    if trouble := trouble or group.trouble:
        sentences.append(f"At the moment there is no news, which is tried again until there is: {trouble}")
    return " ".join(sentences)


async def _state(service: BatchService, job: TrackedJob, task: int) -> str:
    view = job.view
    if view is None:
        return f"It was submitted as job {job.ref}, of which the service has said nothing yet."
    if task in job.asked:
        return f"It was asked to end, and job {job.ref} has not ended it yet."
    state, reason = view.state, view.reason
    if job.size > 1:
        state = JobState.RUNNING if job.reported.get(task) is Status.RUNNING else JobState.WAITING
        is_asked = job.listed is None and not job.count(JobState.RUNNING, JobState.STARTING)
        if not reason and state is JobState.WAITING and is_asked:
            reason = await _reason_of_one(service, job.ref)
    subject = f"Job {job.ref}" if job.size == 1 else f"Task {task} of job {job.ref}"
    sentence = f"{subject} {_STATES[state]}"
    if state is JobState.WAITING and reason:
        return f"{sentence}: {explained(service.waits, reason)}"
    return f"{sentence}."


def explained(patterns: Sequence[WaitPattern], reason: str) -> str:
    """A service's words for why a job waits, with what they mean and what to do where that is known."""
    for pattern in patterns:
        if pattern.text.search(reason):
            return f"{pattern.message} (The service says: {reason})"
    return f"the service says: {reason}."


async def _reason_of_one(service: BatchService, ref: str) -> str:
    """Why a task of a job waits of which none runs; empty if it does not say."""
    try:
        views = await service.tasks(ref, (JobState.WAITING,))
    except ExecutorError:
        return ""
    return next((view.status_reason for view in views if view.status_reason), "")
