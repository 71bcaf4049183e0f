"""What runs when: tasks, attempts, ends of jobs. The only one who changes jobs."""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Final

from ...faults import Faults
from ...hosts.base import Verdict
from ...hosts.running import Running
from ...slots import Slots
from .events import UNKNOWN, JobState, TaskState, change_job, job_event
from .jobs import Job, Task

_RETRY: Final = 1  #: ``LifecyclePolicy.Action.RETRY_TASK``.

#: Runs a task's present attempt to its end, and returns its exit code. Calls the second argument as soon as something runs.
RunAttempt = Callable[[Task, Callable[[Running], None]], int]


class Scheduler:
    """Jobs from their creation to their end."""

    def __init__(self, slots: int, run_attempt: RunAttempt, faults: Faults) -> None:
        self._run_attempt = run_attempt
        self._faults = faults
        self._slots = Slots[Task](slots, faults, begin=self._begin, run=self._run)
        self._silence: dict[str, threading.Timer] = {}  # by the name of a job whose machines do not report
        self.jobs: dict[str, Job] = {}  #: By name.
        #: Held by whoever reads or changes jobs.
        self.changed = self._slots.changed
        faults.on_change(self._note_hold)

    def start(self) -> None:
        self._slots.start()

    def stop(self) -> None:
        """Start nothing more, and kill what runs."""
        self._slots.stop()
        with self.changed:
            for timer in self._silence.values():
                timer.cancel()
            running = [each for job in self.jobs.values() for each in job.running]
        for each in running:
            each.kill(Verdict.HOST_LOST)
        self._slots.join()

    def submit(self, job: Job) -> None:
        with self.changed:
            self.jobs[job.name] = job
            if (reason := self._faults.hold()) is not None:
                job_event(job.message.status, reason, "OPERATIONAL_INFO")
            for _ in range(min(job.parallelism, len(job.tasks))):
                self._offer_next(job)

    def cancel(self, job: Job, finished: Callable[[], None]) -> None:
        """End what runs of a job, and start nothing more of it.

        :param finished: called when that is done
        """
        self._end(job, JobState.CANCELLATION_IN_PROGRESS, finished)

    def delete(self, job: Job, finished: Callable[[], None]) -> None:
        """The same, and forget it."""
        self._end(job, JobState.DELETION_IN_PROGRESS, finished)

    # The way to the start

    def _offer_next(self, job: Job) -> None:
        if job.waiting:
            self._slots.add(job.waiting.popleft(), job.message.priority)

    def _begin(self, task: Task) -> bool:
        job = task.job
        if not job.is_active or task.state != TaskState.PENDING:
            return False
        if job.state == JobState.QUEUED:
            change_job(job.message, JobState.SCHEDULED)
            if job.silent_s is not None:
                timer = self._silence[job.name] = threading.Timer(job.silent_s, self._give_up, (job,))
                timer.daemon = True
                timer.start()
        if job.silent_s is not None:
            return False
        zone = f"{job.location}-{'bcd'[task.index % 3]}"
        task.machine = f"zones/{zone}/instances/{secrets.randbelow(10**19)}"
        task.change(TaskState.ASSIGNED)
        return True

    def _give_up(self, job: Job) -> None:
        """No machine has reported."""
        with self.changed:
            if job.is_active:
                why = f"No VM has agent reporting correctly within the time window {job.silent_s:g} seconds."
                job_event(job.message.status, why, "OPERATIONAL_INFO")
                self._finish(job, JobState.FAILED)

    def _note_hold(self) -> None:
        """Let waiting jobs say why they wait."""
        if (reason := self._faults.hold()) is None:
            return
        with self.changed:
            for job in self.jobs.values():
                events = job.message.status.status_events
                if job.state == JobState.QUEUED and (not events or events[-1].description != reason):
                    job_event(job.message.status, reason, "OPERATIONAL_INFO")

    # The way to the end

    def _run(self, task: Task) -> None:
        try:
            exit_code = self._run_attempt(task, lambda running: self._has_started(task, running))
        except Exception:  # noqa: BLE001 # whatever it is, a job that never ends would hide it
            traceback.print_exc()
            exit_code = UNKNOWN
        self._has_ended(task, exit_code)

    def _has_started(self, task: Task, running: Running) -> None:
        with self.changed:
            job, task.running = task.job, running
            self._enter_running(task)
            if self._slots.is_stopping:
                running.kill(Verdict.HOST_LOST)
            elif not job.is_active:
                running.stop()

    @staticmethod
    def _enter_running(task: Task) -> None:
        job = task.job
        if task.state == TaskState.ASSIGNED:
            task.change(TaskState.RUNNING)
        if job.state == JobState.SCHEDULED:
            job.started_at = time.time()
            change_job(job.message, JobState.RUNNING)

    def _has_ended(self, task: Task, exit_code: int) -> None:
        with self.changed:
            job, task.running = task.job, None
            # Whatever kept a container from starting, to the service its task has run.
            self._enter_running(task)
            if exit_code == 0 and job.is_active:
                task.change(TaskState.SUCCEEDED, exit_code)
            else:
                task.change(TaskState.FAILED, exit_code)
                if job.is_active and _wants_again(job.spec, task.retries, exit_code):
                    task.retries += 1
                    task.machine = ""
                    task.change(TaskState.PENDING)
                    self._slots.add(task, job.message.priority)
                    return
            if job.is_active:
                self._offer_next(job)
            self._look_at(job)

    def _look_at(self, job: Job) -> None:
        """End it if all that has to end before it has ended."""
        if job.is_active and all(not job.counts[state] for state in _UNFINISHED):
            failed = next((task for task in job.tasks if task.state == TaskState.FAILED), None)
            if failed is None:
                self._finish(job, JobState.SUCCEEDED)
            else:
                event = failed.message.status.status_events[-1].description
                self._finish(
                    job,
                    JobState.FAILED,
                    f" Job failed due to task failures. Specifically, task with index {failed.index} failed due to the following "
                    f'task event: "{event}"',
                )
        elif job.state == JobState.CANCELLATION_IN_PROGRESS and job.is_idle:
            self._finish(job, JobState.CANCELLED)
        elif job.state == JobState.DELETION_IN_PROGRESS and job.is_idle:
            self._forget(job)

    def _finish(self, job: Job, state: int, because: str = "") -> None:
        change_job(job.message, state, because)
        for task in job.tasks if job.counts[TaskState.PENDING] else ():
            if task.state == TaskState.PENDING:
                task.change(TaskState.UNEXECUTED)
        self._tell(job)

    def _end(self, job: Job, state: int, finished: Callable[[], None]) -> None:
        with self.changed:
            job.on_end.append(finished)
            if job.is_final:
                self._forget(job)
                return
            change_job(job.message, state)
            for running in job.running:
                running.stop()
            self._look_at(job)

    def _forget(self, job: Job) -> None:
        self.jobs.pop(job.name, None)
        self._tell(job)

    def _tell(self, job: Job) -> None:
        if timer := self._silence.pop(job.name, None):
            timer.cancel()
        while job.on_end:
            job.on_end.pop()()


_UNFINISHED: Final = (TaskState.PENDING, TaskState.ASSIGNED, TaskState.RUNNING)


def _wants_again(spec: Any, retries: int, exit_code: int) -> bool:
    """Source: the reference of ``LifecyclePolicy``."""
    if retries >= spec.max_retry_count:
        return False
    if not spec.lifecycle_policies:
        return True
    (policy,) = spec.lifecycle_policies
    return bool((exit_code in policy.action_condition.exit_codes) == (policy.action == _RETRY))
