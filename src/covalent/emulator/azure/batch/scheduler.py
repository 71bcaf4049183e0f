"""What runs when, and where: tasks on nodes, ends of jobs. The only one who changes jobs."""

from __future__ import annotations

import heapq
import itertools
import shutil
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from ...faults import Faults
from ...hosts.base import Verdict
from ...hosts.running import Running
from . import outcomes, times
from .jobs import Job, JobState
from .outcomes import Outcome
from .pools import Node, Pool
from .schema import seconds
from .tasks import Ending, Task, TaskState

#: Seconds between two looks at what waits when nothing else happens.
_LOOK_S: Final = 1.0

#: Runs a task to its end on a node. Calls the last argument as soon as something runs.
RunAttempt = Callable[[Task, Node, Callable[[Running], None]], Outcome]


class Scheduler:
    """Jobs from their creation to their end."""

    def __init__(self, pools: Mapping[str, Pool], run_attempt: RunAttempt, faults: Faults) -> None:
        self.pools = dict(pools)  #: By their ids in small letters.
        self.jobs: dict[str, Job] = {}  #: By their ids in small letters.
        #: Held by whoever reads or changes jobs.
        self.changed = threading.Condition(threading.RLock())
        self._run_attempt = run_attempt
        self._faults = faults
        self._due: list[tuple[float, int, Callable[[], None]]] = []  # heap by the time at which it is to be done
        self._sequence = itertools.count()
        self._threads: set[threading.Thread] = set()
        self._is_stopping = False
        self._placer = threading.Thread(target=self._work, name="placer", daemon=True)
        faults.on_change(self._look_again)

    def start(self) -> None:
        self._placer.start()

    def stop(self) -> None:
        """Start nothing more, and kill what runs."""
        with self.changed:
            self._is_stopping = True
            self.changed.notify_all()
            running = [task.running for job in self.jobs.values() for task in job.tasks.values() if task.running]
            threads = [self._placer, *self._threads]
        for each in running:
            each.kill(Verdict.HOST_LOST)
        for thread in threads:
            thread.join()

    def hold(self) -> str | None:
        """Why no pool has nodes; None if they have."""
        return self._faults.hold()

    # Jobs; all of these with `changed` held

    def add_job(self, job: Job) -> None:
        self.jobs[job.key] = job
        if job.auto_pool is not None:
            self.pools[job.auto_pool.id.lower()] = job.auto_pool
        self.limit_job(job)
        self.look_at(job)

    def limit_job(self, job: Job) -> None:
        """Have it ended when its time, which began with it, is over."""
        job.alarm += 1
        limit_s = seconds(job.given.get("constraints", {}).get("maxWallClockTime"))
        if limit_s is not None:
            alarm = job.alarm
            age_s = time.time() - datetime.fromisoformat(job.created).timestamp()
            self._later(limit_s - age_s, lambda: self._expire(job, alarm))

    def _expire(self, job: Job, alarm: int) -> None:
        if job.alarm == alarm and job.is_open:
            self.terminate_job(job, "MaxWallClockTimeExpiry")

    def terminate_job(self, job: Job, reason: str) -> None:
        """End what runs of it. What waits stays as it is, for ever."""
        job.reason = reason
        job.change(JobState.TERMINATING)
        self._end_all(job, Ending.TERMINATE)
        self.look_at(job)

    def delete_job(self, job: Job) -> None:
        job.change(JobState.DELETING)
        self._end_all(job, Ending.DELETE)
        self.look_at(job)

    def disable_job(self, job: Job, tasks: Ending | None) -> None:
        """
        :param tasks: what becomes of those that run; None lets them end by themselves
        """
        job.disabling = tasks
        job.change(JobState.DISABLING)
        if tasks is not None:
            self._end_all(job, tasks)
        self.look_at(job)

    def enable_job(self, job: Job) -> None:
        job.change(JobState.ACTIVE)
        self.look_at(job)
        self.changed.notify_all()

    def look_at(self, job: Job) -> None:
        """Change its state if everything has happened that has to happen before."""
        if job.is_open and job.given.get("onAllTasksComplete") == "terminatejob" and job.are_all_completed:
            self.terminate_job(job, "AllTasksComplete")
        elif job.on_nodes:
            return
        elif job.state is JobState.DISABLING:
            job.change(JobState.DISABLED)
        elif job.state is JobState.TERMINATING:
            job.change(JobState.COMPLETED)
            job.ended = job.since
            self._drop_auto_pool(job)
        elif job.state is JobState.DELETING:
            del self.jobs[job.key]
            self._drop_auto_pool(job)
            self._remove([task.directory for task in job.tasks.values()])

    def _drop_auto_pool(self, job: Job) -> None:
        specification = job.given["poolInfo"].get("autoPoolSpecification", {})
        if job.auto_pool is not None and not specification.get("keepAlive"):
            self.pools.pop(job.auto_pool.id.lower(), None)

    def _end_all(self, job: Job, ending: Ending) -> None:
        for task in job.tasks.values() if job.on_nodes else ():
            if task.is_on_node:
                self._end_on_node(task, ending)

    # Tasks; all of these with `changed` held

    def add_task(self, task: Task) -> None:
        job = task.job
        job.tasks[task.id.lower()] = task
        job.count(task, 1)
        self._offer(task)

    def terminate_task(self, task: Task) -> None:
        if task.is_on_node:
            self._end_on_node(task, Ending.TERMINATE)
            return
        task.execution["endTime"] = times.now()
        self._complete(task, Outcome(failure=outcomes.ENDED_BY_USER))
        self.look_at(task.job)

    def delete_task(self, task: Task) -> None:
        job = task.job
        job.count(task, -1)
        del job.tasks[task.id.lower()]
        if task.is_on_node:
            self._end_on_node(task, Ending.DELETE)
        else:
            task.ending = Ending.DELETE
            self._remove([task.directory])
        self.look_at(job)

    def reactivate_task(self, task: Task) -> None:
        task.change(TaskState.ACTIVE)
        task.execution = {"retryCount": 0, "requeueCount": 0}
        task.ending = None
        self._offer(task)

    def _end_on_node(self, task: Task, ending: Ending) -> None:
        if task.ending is not Ending.DELETE:
            task.ending = ending
        if task.running is not None:
            task.running.stop()

    def _offer(self, task: Task) -> None:
        delay_s = self._faults.start_delay_s()
        if delay_s:
            self._later(delay_s, lambda: self._enqueue(task))
        else:
            self._enqueue(task)

    def _enqueue(self, task: Task) -> None:
        task.ticket = next(self._sequence)
        task.job.waiting.setdefault(task.slots, deque()).append(task)
        self.changed.notify_all()

    # From the queue to a node

    def _later(self, delay_s: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._sequence), do))
        self.changed.notify_all()

    def _work(self) -> None:
        with self.changed:
            while not self._is_stopping:
                wait_s = self._do_due()
                if self._faults.hold() is None:
                    for pool in list(self.pools.values()):
                        self._fill(pool)
                self.changed.wait(wait_s)

    def _do_due(self) -> float:
        """Return the seconds until there is something to do again."""
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()
        return min(_LOOK_S, max(0.0, self._due[0][0] - time.monotonic())) if self._due else _LOOK_S

    def _fill(self, pool: Pool) -> None:
        """Jobs of the same priority take their turns, as the service does unless told otherwise."""
        if not pool.free_slots:
            return
        jobs = [job for job in self.jobs.values() if job.pool_id.lower() == pool.id.lower()]
        while True:
            found = [task for job in jobs if job.may_start_more for task in _first_of(job) if pool.room(task.slots)]
            if not found:
                return
            self._place(min(found, key=lambda task: (-int(task.job.given.get("priority", 0)), task.ticket)), pool)

    def _place(self, task: Task, pool: Pool) -> None:
        job, node = task.job, pool.room(task.slots)
        assert node is not None
        job.waiting[task.slots].popleft()
        task.node, task.is_on_node, task.ending = node, True, None
        task.directory = node.root / "workitems" / job.id / f"job-{job.number}" / task.id
        node.tasks[id(task)] = task
        node.used_slots += task.slots
        node.total_run += 1
        job.on_nodes += 1
        task.change(TaskState.PREPARING)
        thread = threading.Thread(target=self._run, args=(task, node), name=f"task-{task.id}", daemon=True)
        self._threads.add(thread)
        thread.start()

    # On the node, and to the end

    def _run(self, task: Task, node: Node) -> None:
        try:
            outcome = self._run_attempt(task, node, lambda running: self._has_started(task, running))
        except Exception as error:  # noqa: BLE001 # whatever it is, a task that never ends would hide it
            traceback.print_exc()
            outcome = Outcome(failure=outcomes.unknown(repr(error)))
        with self.changed:
            self._has_ended(task, node, outcome)
            self._threads.discard(threading.current_thread())
            self.changed.notify_all()

    def _has_started(self, task: Task, running: Running) -> None:
        with self.changed:
            task.running = running
            self._enter_running(task)
            if self._is_stopping or (task.node is not None and task.node.lost_as):
                running.kill(Verdict.HOST_LOST)
            elif task.ending is not None:
                running.stop()

    @staticmethod
    def _enter_running(task: Task) -> None:
        if task.state is TaskState.PREPARING and task.ending is not Ending.DELETE:
            task.execution["startTime"] = times.now()
            task.change(TaskState.RUNNING)

    def _has_ended(self, task: Task, node: Node, outcome: Outcome) -> None:
        job = task.job
        # Whatever kept a program from starting, to the service its task has run.
        self._enter_running(task)
        task.running, task.is_on_node = None, False
        del node.tasks[id(task)]
        node.used_slots -= task.slots
        job.on_nodes -= 1
        if self._is_stopping:
            return
        if outcome.lost_as:
            self._lose(node, outcome.lost_as)
        self._decide(task, node, outcome)
        self.look_at(job)

    def _lose(self, node: Node, lost_as: str) -> None:
        """Lose everything that is on the node with it."""
        if node.pool.replace(node, lost_as):
            for other in node.tasks.values():
                if other.running is not None:
                    other.running.kill(Verdict.HOST_LOST)
        if not node.tasks:
            self._remove([node.root])

    def _decide(self, task: Task, node: Node, outcome: Outcome) -> None:
        """What becomes of a task whose attempt has ended."""
        ending, task.ending = task.ending, None
        if ending is Ending.DELETE:
            self._remove([task.directory])
        elif ending is Ending.TERMINATE:
            self._complete(task, Outcome(exit_code=outcome.exit_code, failure=outcomes.ENDED_BY_USER))
        elif outcome.lost_as or ending is Ending.REQUEUE:
            self._requeue(task)
        elif outcome.may_repeat and self._has_tries_left(task):
            task.execution["retryCount"] += 1
            task.execution["lastRetryTime"] = times.now()
            self._wait_again(task)
        else:
            node.total_succeeded += outcome.failure is None
            self._complete(task, outcome)

    @staticmethod
    def _has_tries_left(task: Task) -> bool:
        most = int(task.constraints["maxTaskRetryCount"])
        return task.job.is_open and (most < 0 or int(task.execution["retryCount"]) < most)

    def _requeue(self, task: Task) -> None:
        """Unbidden, and not counted as a retry."""
        task.execution["requeueCount"] += 1
        task.execution["lastRequeueTime"] = times.now()
        self._wait_again(task)

    def _wait_again(self, task: Task) -> None:
        task.execution.pop("startTime", None)
        task.change(TaskState.ACTIVE)
        self._offer(task)

    @staticmethod
    def _complete(task: Task, outcome: Outcome) -> None:
        found = task.execution
        found["endTime"] = times.now()
        found["result"] = "success" if outcome.failure is None else "failure"
        if outcome.exit_code is not None:
            found["exitCode"] = outcome.exit_code
        if outcome.failure is not None:
            found["failureInfo"] = outcome.failure.view()
        if outcome.container:
            found["containerInfo"] = outcome.container
        task.change(TaskState.COMPLETED)

    @staticmethod
    def _remove(directories: list[Path | None]) -> None:
        # Not while everybody waits.
        existing = [each for each in directories if each is not None]
        if existing:
            threading.Thread(target=_remove, args=(existing,), name="remover", daemon=True).start()

    def _look_again(self) -> None:
        with self.changed:
            self.changed.notify_all()


def _remove(directories: Iterable[Path]) -> None:
    for each in directories:
        shutil.rmtree(each, ignore_errors=True)


def _first_of(job: Job) -> Iterator[Task]:
    """The first of its tasks that wait, of each number of slots that they need."""
    for waiting in job.waiting.values():
        # Those that have been ended, deleted or started since they were put there.
        while waiting and (waiting[0].state is not TaskState.ACTIVE or waiting[0].ending is Ending.DELETE):
            waiting.popleft()
        yield from itertools.islice(waiting, 1)
