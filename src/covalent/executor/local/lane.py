"""The workers of one interpreter, and the groups that wait for them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from ...model import Outcome
from ...states import Cause, Status
from .durations import Durations
from .endings import timed_out, without_start
from .group import Group, Job
from .launch import Interpreter
from .starts import Starts
from .worker import Phase, Receipt, Worker

#: Seconds of work that a worker is given ahead, and the most tasks that it is.
WINDOW_S: Final = 0.008
WINDOW_TASKS: Final = 64

#: Seconds after which a task counts as running rather than as done at any moment: only then is that reported.
ANNOUNCE_S: Final = 0.05

#: Seconds without an answer after which a worker's backlog is given to an idle one.
STUCK_S: Final = 0.02

#: Seconds that a worker may take to come up, and to end when it is asked to.
_PATIENCE_S: Final = {Phase.STARTING: 60.0, Phase.ENDING: 10.0}


class Crew(Protocol):
    """Who hires workers, and buries them."""

    durations: Durations
    is_short: bool  #: Some lane has work and no worker for it.

    def load_more(self, group: Group) -> None:
        """Some of the group's attempts are still to be loaded, and few are left that are."""

    def staff(self) -> None:
        """See whether lanes have too few workers, or too many."""

    def watch(self) -> None:
        """Workers are busy: look at them from time to time."""

    def kill(self, worker: Worker) -> None: ...

    def bury(self, lane: Lane, worker: Worker, unanswered: Sequence[Job]) -> None: ...


class Lane:
    """Hands the jobs of its groups, by turns, to its workers."""

    def __init__(self, interpreter: Interpreter, crew: Crew) -> None:
        self.interpreter, self._crew = interpreter, crew
        self._loop = asyncio.get_running_loop()
        self.workers: list[Worker] = []
        self.hiring = 0  #: Workers that are being launched.
        self.queue: deque[Group] = deque()
        self.starts = Starts()

    # Work

    def enqueue(self, group: Group) -> None:
        """The group has something to send."""
        if not group.is_queued:
            group.is_queued = True
            self.queue.append(group)
        self.pump()

    def requeue(self, jobs: Iterable[Job]) -> None:
        """Put jobs back that no worker has received, before all others."""
        for job in reversed(list(jobs)):
            self._put_back(job)
        self.pump()

    def pump(self) -> None:
        """Give out what there is to those who have room."""
        while self.queue:
            job = self._next_job()
            if job is None:
                break
            worker = self._room_for(job)
            if worker is None or not worker.give(job):
                self._put_back(job)
                if worker is None:
                    break
            elif len(worker.given) == 1:
                self._on_new_head(worker)
        if self.queue:
            self._crew.staff()

    def withdraw(self, worker: Worker, jobs: Sequence[Job], outcome: Outcome) -> None:
        """Keep a worker from these jobs: it ends if it is on one of them."""
        if worker.phase is Phase.ENDED:
            worker.doom = worker.doom or (jobs[0], outcome)
            return
        unwanted = set(jobs)
        was_leaving, worker.is_leaving = worker.is_leaving, True
        taken = worker.take_back()
        worker.receive()
        # What was received before the rest was taken back is answered by now, but for the one that it is on.
        on = [job for job in jobs if job.worker is worker]
        for job in taken:
            if job in unwanted:
                job.group.deliver((job.node_id, job.attempt), without_start(outcome))
        if on and worker.doom is None:
            worker.doom = (on[0], outcome)
            worker.phase = Phase.ENDING
            self._crew.kill(worker)
        elif worker.doom is None:
            worker.is_leaving = was_leaving
        self.requeue(job for job in taken if job not in unwanted)
        self.on_progress(worker)

    def look(self, now: float) -> bool:
        """Report what has been running for a while, and relieve workers that are stuck; False if nothing is going on."""
        busy = False
        for worker in self.workers:
            head = worker.head
            if worker.phase in _PATIENCE_S:
                busy = True
                if now - worker.since > _PATIENCE_S[worker.phase] and head is None:
                    worker.phase, worker.since = Phase.ENDING, now
                    self._crew.kill(worker)
            if head is None:
                continue
            busy = True
            if not worker.is_announced and now - worker.since >= ANNOUNCE_S:
                worker.is_announced = True
                began = time.time() - (now - worker.since)
                head.group.report(Status.RUNNING, [(head.node_id, head.attempt)], began, worker.place)
        self._relieve(now)
        return busy

    def fail_queued(self, cause: Cause, message: str) -> None:
        """End everything that no worker has."""
        while self.queue:
            group = self.queue.popleft()
            group.is_queued = False
            group.fail(group.unsent(), cause, message)

    # What workers tell

    def on_ready(self, worker: Worker) -> None:
        self.starts.succeeded()
        self.pump()
        self._crew.staff()

    def on_outcome(self, worker: Worker, job: Job, outcome: Outcome, receipt: Receipt) -> None:
        if outcome.started_at is not None and outcome.ended_at is not None:
            self._crew.durations.learn(job.function, outcome.ended_at - outcome.started_at)
        job.group.deliver((job.node_id, job.attempt), outcome, receipt)
        self._on_new_head(worker)

    def on_progress(self, worker: Worker) -> None:
        if worker.is_leaving and not worker.given and worker.phase is Phase.READY:
            worker.stop()
        self.pump()
        if self._crew.is_short:
            self._crew.staff()
        if not self.queue:
            self._relieve(self._loop.time())

    def on_malformed(self, worker: Worker, reason: str) -> None:
        head = worker.head
        if head is not None and worker.doom is None:
            message = f"{reason}. The worker was ended."
            worker.doom = (head, Outcome(status=Status.FAILED, cause=Cause.UNKNOWN, message=message))
        worker.phase = Phase.ENDING
        self._crew.kill(worker)

    def on_exit(self, worker: Worker) -> None:
        worker.receive()
        taken = worker.take_back()
        if worker.is_new:
            # What became of it, and whether to go on, is known when it is buried.
            self.starts.pause(self._loop.time())
        self.workers.remove(worker)
        worker.release()
        self._crew.bury(self, worker, list(worker.given.values()))
        self.requeue(taken)
        self._crew.staff()

    # Staff

    @property
    def size(self) -> int:
        return len(self.workers) + self.hiring

    def wanted(self, limit: int) -> int:
        """How many more workers would have something to do, up to a limit."""
        if not self.queue or not self.starts.allows(self._loop.time()):
            return 0
        jobs = 0
        for group in self.queue:
            jobs += len(group.ready) + len(group.waiting)
            if jobs >= limit:
                break
        coming = self.hiring + sum(w.phase is Phase.STARTING or (w.is_idle and not w.is_leaving) for w in self.workers)
        return max(0, min(limit, jobs) - coming)

    def start_failed(self, last_words: str, *, was_killed: bool = False) -> None:
        """A worker did not come up; try again a little later."""
        delay_s = self.starts.failed(self._loop.time(), last_words, was_killed=was_killed)
        self._loop.call_later(delay_s + 0.001, self._crew.staff)

    @property
    def is_hopeless(self) -> bool:
        """Whether workers keep dying before they come up, and none is there."""
        return self.starts.is_hopeless and not any(worker.phase is Phase.READY for worker in self.workers)

    # Inner workings

    def _put_back(self, job: Job) -> None:
        job.group.ready.appendleft(job)
        if not job.group.is_queued:
            job.group.is_queued = True
            self.queue.appendleft(job.group)

    def _next_job(self) -> Job | None:
        """The next of the next group, which then has to wait for its next turn."""
        while self.queue:
            group = self.queue[0]
            job = group.next_job()
            if group.waiting and len(group.ready) < WINDOW_TASKS * 2:
                self._crew.load_more(group)
            if group.ready:
                self.queue.rotate(-1)
            else:
                self.queue.popleft()
                group.is_queued = False
            if job is not None:
                return job
        return None

    def _room_for(self, job: Job) -> Worker | None:
        """An idle worker, or the one with the shortest backlog if that leaves room."""
        job.expected_s = expected_s = self._crew.durations.expected_s(job.function)
        best = None
        for worker in self.workers:
            if worker.phase is not Phase.READY or worker.is_full or worker.is_leaving:
                continue
            count = len(worker.given)
            if not count:
                return worker
            if expected_s is None or count >= WINDOW_TASKS or worker.backlog_s + expected_s > WINDOW_S:
                continue
            if best is None or worker.backlog_s < best.backlog_s:
                best = worker
        return best

    def _on_new_head(self, worker: Worker) -> None:
        """The worker is on another task, or on none."""
        if worker.deadline is not None:
            worker.deadline.cancel()
            worker.deadline = None
        head = worker.head
        if head is None:
            return
        self._crew.watch()
        if head.group.time_limit_s is not None:
            worker.deadline = self._loop.call_later(head.group.time_limit_s, self._time_up, worker, head)

    def _time_up(self, worker: Worker, job: Job) -> None:
        assert job.group.time_limit_s is not None
        self.withdraw(worker, [job], timed_out(job.group.time_limit_s))

    def _relieve(self, now: float) -> None:
        """Give idle workers what waits behind a task that takes longer than was expected."""
        if not any(worker.is_idle and not worker.is_leaving for worker in self.workers):
            return
        for worker in self.workers:
            if len(worker.given) > 1 and worker.phase is Phase.READY and now - worker.since > STUCK_S:
                self.requeue(worker.take_back())
                return
