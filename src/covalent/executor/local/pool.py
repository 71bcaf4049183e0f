"""The worker processes of one dispatcher, shared by all of its dispatches."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ...errors import CovalentError, ExecutorError
from ...model import GroupMetadata, TaskRef, TaskUpdate
from ...objects import ObjectStore
from ...states import Cause, Status
from ..base import Resources, Runtime
from ..messages import TaskWriter
from .background import in_background
from .burial import Undertaker
from .durations import Durations
from .endings import CANCELLED
from .environments import EnvironmentFailedError, Environments
from .group import Attempt, Group, Job
from .inheritance import Inheritance
from .lane import Lane
from .launch import Interpreter, WorkerFiles, launch
from .loading import Loader
from .messages import path_in
from .processes import kill_tree
from .settings import worker_count
from .spool import Spool
from .starts import Starts
from .worker import Phase, Worker

log = logging.getLogger(__name__)

R = TypeVar("R")

#: Seconds between looks at busy workers.
WATCH_S: Final = 0.025

#: Seconds that idle workers get to end when the pool is closed.
CLOSE_S: Final = 2.0


async def shared_pool(runtime: Runtime) -> LocalPool:
    """The dispatcher's pool. A dispatcher calls this when it starts, so that workers are warm before the first task.

    :raises ConfigError: if the configuration is wrong
    """
    return await runtime.shared("covalent.executor.local", lambda: LocalPool.start(runtime.data_dir, worker_count()))


class LocalPool:
    """Make it with :meth:`start`.

    :param size: the most workers at a time, over all environments
    """

    def __init__(self, data_dir: Path, size: int) -> None:
        self.size = size
        self.durations = Durations()
        self.is_short = False
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="local-pool")
        self._directory = data_dir / "workers"
        self._objects = ObjectStore(data_dir / "objects")
        self._spool = Spool(self._directory / "spool")
        self._loader = Loader(self._spool, self._threads)
        self._environments = Environments(data_dir / "environments")
        self._inheritance = Inheritance(self._directory, self._objects, self._threads, self.staff)
        self._undertaker = Undertaker(self._objects, self._threads)
        self._groups: dict[str, Group] = {}
        self._base = Lane(Interpreter(), self)
        #: One for each environment that was needed so far, by its interpreter.
        self.lanes: dict[str, Lane] = {self._base.interpreter.python: self._base}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._long_tasks: set[asyncio.Task[Any]] = set()  #: Those of them that nobody waits for at the end.
        self._watch_timer: asyncio.TimerHandle | None = None
        self._name, self._numbers = uuid.uuid4().hex[:8], itertools.count(1)
        self._is_closed = False

    @classmethod
    async def start(cls, data_dir: Path, size: int) -> LocalPool:
        """Find out what earlier workers left, and launch new ones; does not wait for them."""
        pool = cls(data_dir, size)
        await pool._in_thread(pool._undertaker.out_of_memory.start)
        await pool._in_thread(pool._spool.prepare)
        await pool._inheritance.open()
        pool.staff()
        return pool

    async def close(self) -> None:
        """Let go of the workers. One that is on a task finishes it, and leaves the outcome for the next dispatcher."""
        self._is_closed = True
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        for task in self._long_tasks:
            task.cancel()
        await self._settle()
        await self._inheritance.close()
        idle = []
        for worker in [worker for lane in self.lanes.values() for worker in lane.workers]:
            worker.take_back()
            if worker.phase is not Phase.ENDED:
                worker.stop()
            if not worker.given:
                idle.append(worker)
        await asyncio.to_thread(_wait_for, [worker.process for worker in idle], CLOSE_S)
        await self._settle()
        for lane in self.lanes.values():
            for worker in lane.workers:
                worker.release(outlives_us=True)
            lane.workers.clear()
        await asyncio.to_thread(self._environments.close)
        await asyncio.to_thread(self._threads.shutdown, wait=True)

    # Groups

    async def submit(
        self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, time_limit_s: float | None
    ) -> None:
        """Take a group, or what is new of one that is here already.

        Attempts that workers of an earlier dispatcher have begun or finished are not run again.

        :raises CovalentError: if the first of its tasks cannot be loaded
        """
        group = self._groups.get(metadata.group_id)
        is_new = group is None
        if group is None:
            writer = TaskWriter(metadata, partial(path_in, resources), self._spool.function)
            group = self._groups[metadata.group_id] = Group(metadata, resources, writer, time_limit_s)
        claim = self._inheritance.claim
        rest = [ref for ref in group.adopt(refs) if not claim(group, ref)]
        if not rest:
            return
        group.waiting.extend(rest)
        try:
            await self._loader.load(group, may_fetch=False)
        except CovalentError as error:
            if not error.retryable:
                if is_new:
                    del self._groups[metadata.group_id]
                raise
            self.load_more(group)
        else:
            if group.waiting and not group.ready:
                # Fetching what it needs may take long, and until this returns it cannot be cancelled.
                self.load_more(group)
            else:
                self._place(group)

    async def wait(self, group_id: str) -> None:
        """Return when there is news of the group.

        :raises ExecutorError: if it is not known
        """
        await self._group(group_id).wait()

    def take(self, group_id: str) -> list[TaskUpdate]:
        """The news of the group. Asking again says that what was taken before is stored.

        :raises ExecutorError: if it is not known
        """
        return self._group(group_id).take()

    def forget(self, group_id: str) -> None:
        """All that was taken is stored, and nobody will ask for the group again."""
        group = self._groups.pop(group_id, None)
        if group is not None:
            group.settle()
            if group.kept:
                in_background(self._threads, self._spool.let_go, group.kept)

    async def cancel(self, group_id: str, refs: Sequence[TaskRef]) -> bool:
        """End attempts, with whatever they have started; True if one of them was open."""
        group = self._group(group_id)
        running: dict[Worker, list[Job]] = {}
        untouched: list[Attempt] = []
        found = False
        for attempt in ((ref.node_id, ref.attempt) for ref in refs):
            if attempt not in group.open:
                continue
            found = True
            job = group.open[attempt]
            if job is not None and job.worker is not None:
                running.setdefault(job.worker, []).append(job)
            elif self._inheritance.awaits(group_id, attempt):
                self._inheritance.end(group_id, attempt, CANCELLED)
            else:
                untouched.append(attempt)
        group.fail(untouched, Cause.CANCELLED, "The task was cancelled before it ran.", started=False)
        for worker, jobs in running.items():
            worker.lane.withdraw(worker, jobs, CANCELLED)
        return found

    async def read_log(self, group_id: str, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        """What an attempt that runs now has written so far."""
        group = self._groups.get(group_id)
        attempt = (ref.node_id, ref.attempt)
        if group is None or attempt not in group.open:
            return b""
        job = group.open[attempt]
        if job is None or job.worker is None:
            file = self._inheritance.file_of(group_id, attempt, stream)
            return b"" if file is None else await self._in_thread(_read, file, offset, limit)
        worker = job.worker
        file = worker.files.stdout if stream == "stdout" else worker.files.stderr
        worker.drain()
        if worker.head is not job:
            return b""
        found = await self._in_thread(_read, file, offset, limit)
        # What was read may be of the next task, if this one has just ended.
        worker.drain()
        return found if worker.head is job else b""

    # What lanes need

    def load_more(self, group: Group) -> None:
        if not group.is_loading:
            group.is_loading = True
            self._run(self._load_more(group), is_long=True)

    def staff(self) -> None:
        self.is_short = False
        is_full = len(self.lanes) == 1 and self._base.size == self.size
        if self._is_closed or is_full:
            return
        free = max(0, self.size - self._inheritance.busy - sum(lane.size for lane in self.lanes.values()))
        # The smallest first, or a lane that always wants more would leave nothing for one that has nothing.
        for lane in sorted(self.lanes.values(), key=lambda lane: lane.size):
            if lane.is_hopeless and lane.queue:
                self._give_up(lane)
            wanted = lane.wanted(self.size)
            for _ in range(min(wanted, free)):
                free -= 1
                self._hire(lane)
                wanted -= 1
            if wanted:
                self.is_short = True
                self._make_room(lane)
        if not self._base.starts.is_troubled:
            # Kept warm for what comes next.
            for _ in range(free):
                self._hire(self._base)

    def watch(self) -> None:
        if self._watch_timer is None and not self._is_closed:
            self._watch_timer = self._loop.call_later(WATCH_S, self._look)

    def kill(self, worker: Worker) -> None:
        def kill() -> None:
            # Once it has been waited for, its number may be another's.
            if worker.process.returncode is None:
                kill_tree(worker.pid)

        self._run(self._in_thread(kill))
        self.watch()

    def bury(self, lane: Lane, worker: Worker, unanswered: Sequence[Job]) -> None:
        self._run(self._undertaker.bury(lane, worker, unanswered))

    # Inner workings

    def _group(self, group_id: str) -> Group:
        try:
            return self._groups[group_id]
        except KeyError:
            raise ExecutorError(f"The local executor does not know the task group {group_id}") from None

    def _place(self, group: Group) -> None:
        """Put a group of which something is loaded where workers with its environment take it up."""
        pip = group.pip
        if group.lane is None and not pip:
            group.lane = self._base
        elif group.lane is None and (interpreter := self._environments.find(pip)):
            group.lane = self._lane(interpreter)
        if group.lane is not None:
            group.lane.enqueue(group)
        elif not group.is_preparing:
            group.is_preparing = True
            group.report(Status.STARTING, group.unsent(), detail="installing packages")
            self._run(self._prepare(group, pip), is_long=True)

    async def _prepare(self, group: Group, requirements: tuple[str, ...]) -> None:
        try:
            interpreter = await self._environments.make(requirements)
        except EnvironmentFailedError as error:
            group.fail(group.unsent(), Cause.ENVIRONMENT, str(error))
            return
        except OSError as error:
            group.fail(group.unsent(), Cause.HOST, f"No environment can be made on the machine of the server: {error}.")
            return
        finally:
            group.is_preparing = False
        group.lane = self._lane(interpreter)
        group.lane.enqueue(group)

    def _lane(self, interpreter: Interpreter) -> Lane:
        lane = self.lanes.get(interpreter.python)
        if lane is None:
            lane = self.lanes[interpreter.python] = Lane(interpreter, self)
        return lane

    async def _load_more(self, group: Group) -> None:
        try:
            await self._loader.load_patiently(group)
        finally:
            group.is_loading = False
        if group.ready:
            self._place(group)

    def _hire(self, lane: Lane) -> None:
        lane.hiring += 1
        self._run(self._launch(lane))

    async def _launch(self, lane: Lane) -> None:
        name = f"{self._name}-{next(self._numbers)}"
        files = WorkerFiles.of(self._directory, name)
        try:
            launched = await self._in_thread(launch, lane.interpreter, files, self._objects.root)
        except OSError as error:
            lane.start_failed(f"{lane.interpreter.python} could not be started: {error}")
            return
        finally:
            lane.hiring -= 1
        lane.workers.append(Worker(name, files, launched, lane))
        self.watch()

    def _make_room(self, lane: Lane) -> None:
        """Let a worker of another lane go, if this one has less than its share."""
        busy = [other for other in self.lanes.values() if other.queue or any(w.given for w in other.workers)]
        share = max(1, self.size // max(1, len(busy)))
        everyone = [worker for other in self.lanes.values() for worker in other.workers]
        if any(worker.is_leaving or worker.phase is Phase.ENDING for worker in everyone):
            return
        others = [worker for worker in everyone if worker.lane is not lane and worker.phase is Phase.READY]
        spare = [worker for worker in others if not worker.given and not worker.lane.queue]
        if not spare and lane.size < share:
            spare = [worker for worker in others if worker.lane.size > share]
        if spare:
            min(spare, key=lambda worker: len(worker.given)).leave()

    def _give_up(self, lane: Lane) -> None:
        """Nothing can run here: say so instead of trying for ever."""
        lane.fail_queued(Cause.ENVIRONMENT, f"No worker process comes up. {lane.starts.last_words}")
        lane.starts = Starts()

    def _look(self) -> None:
        self._watch_timer = None
        now = self._loop.time()
        busy = [lane.look(now) for lane in self.lanes.values()]
        if any(busy):
            self.watch()

    async def _settle(self) -> None:
        """Wait for what is being done in the background."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            # Waiting for what is done already does not yield, and the callbacks that take it off the list would never run.
            await asyncio.sleep(0)

    def _run(self, work: Coroutine[Any, Any, Any], *, is_long: bool = False) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        if is_long:
            self._long_tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._long_tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the local pool failed at something", exc_info=error)

    async def _in_thread(self, call: Callable[..., R], *args: Any) -> R:
        return await self._loop.run_in_executor(self._threads, lambda: call(*args))


def _read(file: Path, offset: int, limit: int) -> bytes:
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            return stream.read(limit)
    except FileNotFoundError:
        return b""


def _wait_for(processes: Sequence[Any], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    for process in processes:
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
