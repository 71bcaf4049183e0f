"""What runs when: queues, dependencies, attempts, ends. The only one who changes jobs."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ...faults import Faults
from ...hosts.base import Verdict
from ...hosts.running import Running
from ...slots import Slots
from .jobs import Attempt, Job, JobStatus
from .retry import Failure, wants_again

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
MAX_OVERRIDES_CHARS: Final = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How an attempt ended."""

    exit_code: int | None = None  #: None if no container ended by itself or was stopped.
    reason: str | None = None  #: Of the container.
    status_reason: str
    may_repeat: bool = True


#: Runs the newest attempt of a job to its end. Calls the second argument as soon as something runs.
RunAttempt = Callable[[Job, Callable[[Running], None]], Outcome]


class Scheduler:
    """Jobs from their submission to their end."""

    def __init__(self, slots: int, run_attempt: RunAttempt, faults: Faults) -> None:
        self._run_attempt = run_attempt
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, list[Job]] = {}  # by the id of a job for which they wait
        self._slots = Slots[Job](slots, faults, begin=self._begin, run=self._run)
        #: Held by whoever reads or changes jobs.
        self.changed = self._slots.changed

    def start(self) -> None:
        self._slots.start()

    def stop(self) -> None:
        """Start nothing more, and kill what runs."""
        self._slots.stop()
        with self.changed:
            running = [job.running for job in self._jobs.values() if job.running]
        for each in running:
            each.kill(Verdict.HOST_LOST)
        self._slots.join()

    def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def jobs(self) -> Iterable[Job]:
        return self._jobs.values()

    def submit(self, job: Job) -> None:
        """Take a new job and its children."""
        with self.changed:
            self._jobs |= {each.id: each for each in job.family()}
            if job.children:
                self._set(job, JobStatus.PENDING)
            for each in job.children or [job]:
                self._admit(each)

    def cancel(self, job: Job, reason: str) -> None:
        """Fail those of a job and its children that have not begun to start."""
        with self.changed:
            waiting = [
                each for each in job.children or [job] if not each.status.is_final and not each.status.has_started
            ]
            for each in [*waiting, *([job] if waiting else [])]:
                each.is_cancelled = True
                each.status_reason = reason
            for each in waiting:
                self._finish(each, JobStatus.FAILED, reason)

    def terminate(self, job: Job, reason: str) -> None:
        """End a job and its children, wherever they are."""
        with self.changed:
            for each in job.family():
                if not each.status.is_final and not each.is_terminated:
                    each.is_terminated = True
                    each.status_reason = reason
            for each in job.children or [job]:
                if each.status.has_started:
                    if each.running:
                        each.running.stop()
                elif not each.status.is_final:
                    self._finish(each, JobStatus.FAILED, reason)

    # The way to the start

    def _admit(self, job: Job) -> None:
        if job.order.overrides_chars > MAX_OVERRIDES_CHARS:
            # AWS Batch finds this out when it hands the job over to ECS.
            self._finish(job, JobStatus.FAILED, f"Container Overrides length must be at most {MAX_OVERRIDES_CHARS}")
            return
        for other in [*job.waits_for]:
            found = self._jobs.get(other)  # None if it is to be a child of a job that has fewer
            if found is None or found.status is JobStatus.SUCCEEDED:
                job.waits_for.discard(other)
            elif found.status is JobStatus.FAILED:
                self._finish(job, JobStatus.FAILED, "Dependent Job failed")
                return
            else:
                self._waiting.setdefault(other, []).append(job)
        if job.waits_for:
            self._set(job, JobStatus.PENDING)
        else:
            self._make_runnable(job)

    def _make_runnable(self, job: Job) -> None:
        self._set(job, JobStatus.RUNNABLE)
        job.status_reason = job.order.resources.never_fits(job.order.queue) or None
        if job.status_reason is None:
            self._slots.add(job, job.order.queue.priority)

    def _begin(self, job: Job) -> bool:
        if job.status is not JobStatus.RUNNABLE:
            return False
        self._set(job, JobStatus.STARTING)
        job.attempts.append(Attempt(task=secrets.token_hex(16)))
        return True

    # The way to the end

    def _run(self, job: Job) -> None:
        try:
            outcome = self._run_attempt(job, lambda running: self._has_started(job, running))
        except Exception:  # noqa: BLE001 # whatever it is, a job that never ends would hide it
            traceback.print_exc()
            outcome = Outcome(status_reason="Error: the emulator failed; see what it printed.", may_repeat=False)
        self._has_ended(job, outcome)

    def _has_started(self, job: Job, running: Running) -> None:
        with self.changed:
            job.running = running
            job.attempt.started_at = job.started_at = time.time()
            self._set(job, JobStatus.RUNNING)
            if job.parent and job.parent.started_at is None:
                job.parent.started_at = job.started_at
            if self._slots.is_stopping:
                running.kill(Verdict.HOST_LOST)
            elif job.is_terminated:
                running.stop()

    def _has_ended(self, job: Job, outcome: Outcome) -> None:
        with self.changed:
            job.running = None
            attempt = job.attempt
            attempt.stopped_at = time.time()
            attempt.exit_code, attempt.reason = outcome.exit_code, outcome.reason
            attempt.status_reason = outcome.status_reason
            failure = Failure(
                status_reason=outcome.status_reason, reason=outcome.reason or "", exit_code=outcome.exit_code
            )
            if job.is_terminated:
                attempt.status_reason = job.status_reason
                self._finish(job, JobStatus.FAILED, job.status_reason or "")
            elif outcome.exit_code == 0 and outcome.reason is None:
                self._finish(job, JobStatus.SUCCEEDED, outcome.status_reason)
            elif outcome.may_repeat and wants_again(job.order.retry, len(job.attempts), failure):
                self._make_runnable(job)
            else:
                self._finish(job, JobStatus.FAILED, outcome.status_reason)

    def _finish(self, job: Job, status: JobStatus, reason: str) -> None:
        """End a job, and all jobs that end with it."""
        ends = [(job, status, reason)]
        while ends:
            job, status, reason = ends.pop()
            if job.status.is_final:
                continue
            job.status_reason = reason
            job.stopped_at = time.time()
            self._set(job, status)
            if job.parent and (end := self._end_of_parent(job.parent)):
                ends.append((job.parent, *end))
            ends += [(each, JobStatus.FAILED, "Dependent Job failed") for each in self._release(job)]

    def _release(self, job: Job) -> list[Job]:
        """Go on with those that have waited for a job; return those that fail because it has failed."""
        waiting = [each for each in self._waiting.pop(job.id, ()) if each.status is JobStatus.PENDING]
        if job.status is JobStatus.FAILED:
            return waiting
        for each in waiting:
            each.waits_for.discard(job.id)
            if not each.waits_for:
                self._make_runnable(each)
        return []

    @staticmethod
    def _end_of_parent(parent: Job) -> tuple[JobStatus, str] | None:
        """How an array job ends; None as long as some of its children have not."""
        failed = parent.counts[JobStatus.FAILED]
        if failed + parent.counts[JobStatus.SUCCEEDED] < len(parent.children):
            return None
        if parent.is_terminated or parent.is_cancelled:
            return JobStatus.FAILED, parent.status_reason or ""
        return (
            (JobStatus.FAILED, "Array Child Job failed")
            if failed
            else (JobStatus.SUCCEEDED, "Array Child Jobs succeeded")
        )

    @staticmethod
    def _set(job: Job, status: JobStatus) -> None:
        if job.parent:
            job.parent.counts[job.status] -= 1
            job.parent.counts[status] += 1
        job.status = status
