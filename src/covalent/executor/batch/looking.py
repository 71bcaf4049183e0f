"""One look at a group: what the service says of its jobs, then what lies in the bucket, then what is missing there and why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from ...errors import ExecutorError
from ...model import Outcome
from ...states import Cause, Status
from . import causes, outcomes
from .logs import tail
from .pace import Timing
from .service import BatchService, JobState, JobView, TaskView
from .tracking import TrackedGroup, TrackedJob

log = logging.getLogger(__name__)

#: How often in a row the service must not know a job before it counts as lost: it learns of a new one late.
ABSENCES: Final = 6

#: How often a job that has ended is looked at before a task of it that the service does not list is given up.
FINAL_LOOKS: Final = 8

#: How often outcomes may be refused to us, once all jobs have ended, before their tasks are given up.
REFUSALS: Final = 8

#: Tasks of one group whose last words are read, and the seconds that it may take for each: other groups wait meanwhile.
TAILS: Final = 20
TAIL_S: Final = 5.0

#: How often the service is asked which tasks of a job run.
RUNNING_ASKS: Final = 3

#: What the time between questions for a job's tasks grows by.
GROWTH: Final = 4.0

_ENDED: Final = (JobState.FAILED, JobState.SUCCEEDED)
_STATUSES: Final[Mapping[JobState, Status]] = {JobState.STARTING: Status.STARTING, JobState.RUNNING: Status.RUNNING}


class Looker:
    """Looks at groups of one service."""

    def __init__(self, service: BatchService, timing: Timing) -> None:
        self._service, self._timing = service, timing

    async def look(self, group: TrackedGroup, views: Mapping[str, JobView]) -> None:
        """Take in what the service has just said of the group's open jobs.

        Outcomes are listed after that, so whatever had ended by then is in the list, if it left anything.

        :raises ExecutorError: if something cannot be read now
        """
        now = asyncio.get_running_loop().time()
        jobs = group.open_jobs()
        changed = [job.take(views.get(job.ref)) for job in jobs]
        if any(job.may_have_outcomes for job in jobs):
            try:
                changed.append(await outcomes.collect(group))
            except ExecutorError as error:
                self._refused(group, error)
                raise
            group.failed_looks = 0
        changed += [await self._missing(group, job, now) for job in group.open_jobs()]
        if any(changed):
            group.changed_at = now
        for job in group.open_jobs():
            await self._running(group, job, now)

    async def _missing(self, group: TrackedGroup, job: TrackedJob, now: float) -> bool:
        """Explain tasks that have ended without an outcome; whether there were any."""
        before = len(job.open)
        if job.absences >= ABSENCES and now - group.sent_at >= self._timing.lost_s:
            for task in list(job.open):
                group.deliver(job, task, causes.lost(job.ref))
        elif job.is_final:
            for task, view in await self._last_views(job):
                await self._explain(group, job, task, view)
        elif job.listed is not None:
            for view in job.listed:
                if view.state.is_final:
                    await self._explain(group, job, view.index, view)
        else:
            for task, view in list(job.suspects.items()):
                await self._explain(group, job, task, view)
            await self._suspect(job, now)
        return len(job.open) != before

    async def _last_views(self, job: TrackedJob) -> list[tuple[int, TaskView]]:
        """Of a job that has ended: its open tasks that can be explained now."""
        assert job.view is not None
        is_last = job.final_looks >= FINAL_LOOKS
        try:
            views = await self._service.tasks(job.ref, _ENDED) if job.listed is None else job.listed
            found = {view.index: view for view in views}
        except ExecutorError as error:
            if error.retryable or not is_last:
                raise
            found = {}
        if is_last:
            return [(task, found.get(task) or _view_of(job.view, task)) for task in sorted(job.open)]
        return [(task, found[task]) for task in sorted(job.open) if task in found]

    async def _suspect(self, job: TrackedJob, now: float) -> None:
        """Ask which tasks have failed, if the service counts more ends than there are outcomes. The next listing decides."""
        ended = job.count(*_ENDED)
        if not job.count(JobState.FAILED) or ended <= job.size - len(job.open) or now < job.next_failed_at:
            return
        views = await self._service.tasks(job.ref, (JobState.FAILED,))
        job.suspects = {view.index: view for view in views if view.index in job.open}
        job.failed_interval_s = max(self._timing.fast_s, 0.0 if job.suspects else GROWTH * job.failed_interval_s)
        job.next_failed_at = now + job.failed_interval_s

    async def _running(self, group: TrackedGroup, job: TrackedJob, now: float) -> None:
        """Report tasks that have begun, asking the service for single tasks as seldom as is useful."""
        if job.view is None or job.is_final:
            return
        if job.size == 1 or job.listed is not None:
            views = job.listed or [_view_of(job.view, 0)]
            found = [(view, _STATUSES.get(view.state)) for view in views]
            group.report(job, [(view.index, status, _since(view)) for view, status in found if status is not None])
            return
        reported = sum(status is Status.RUNNING for status in job.reported.values())
        if job.count(JobState.RUNNING) <= reported or now < job.next_tasks_at or job.tasks_asks >= RUNNING_ASKS:
            return
        job.tasks_asks += 1
        views = await self._service.tasks(job.ref, (JobState.RUNNING,))
        group.report(job, [(view.index, Status.RUNNING, view.started_at) for view in views])
        job.tasks_interval_s = GROWTH * job.tasks_interval_s or self._timing.tasks_s
        job.next_tasks_at = now + job.tasks_interval_s

    async def _explain(self, group: TrackedGroup, job: TrackedJob, task: int, view: TaskView) -> None:
        if task not in job.open:
            return
        memory_mib = job.view.memory_mib if job.view else None
        outcome = causes.explain(view, self._service.reasons, memory_mib=memory_mib, asked=task in job.asked)
        if outcome.started and outcome.cause is not Cause.CANCELLED and group.tails < TAILS:
            group.tails += 1
            outcome = await self._with_last_words(job, task, outcome)
        group.deliver(job, task, outcome)

    async def _with_last_words(self, job: TrackedJob, task: int, outcome: Outcome) -> Outcome:
        try:
            async with asyncio.timeout(TAIL_S):
                return await tail(self._service, job.ref, task, outcome)
        except (ExecutorError, TimeoutError) as error:
            log.info("job %s, task %d: its log cannot be read: %s", job.ref, task, error)
            return outcome

    def _refused(self, group: TrackedGroup, error: ExecutorError) -> None:
        """Give the group's tasks up in the end, if they have ended and their outcomes are refused to us for good."""
        if error.retryable or not all(job.is_final or job.absences >= ABSENCES for job in group.open_jobs()):
            return
        group.failed_looks += 1
        if group.failed_looks >= REFUSALS:
            for job in group.open_jobs():
                for task in list(job.open):
                    group.deliver(job, task, causes.unreadable(error, Cause.CONFIG))


def _since(task: TaskView) -> float | None:
    """When it began, if it has."""
    return task.started_at if task.state is JobState.RUNNING else None


def _view_of(job: JobView, task: int) -> TaskView:
    """What is known of a task that the service does not list: what is known of its job."""
    return TaskView(index=task, state=job.state, status_reason=job.reason)
