"""A batch service in memory, with containers that write outcomes as the runner does. It refuses what the real ones refuse."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.batch.engine import Engine
from covalent.executor.batch.executor import BatchExecutor, Bucket
from covalent.executor.batch.pace import Timing
from covalent.executor.batch.service import (
    Job,
    JobState,
    JobView,
    Limits,
    LogPage,
    ReasonPattern,
    TaskView,
    WaitPattern,
)
from covalent.executor.runtime import SharedRuntime
from covalent.model import Blob, GroupMetadata, NodeKind, Outcome, TaskRef, TaskSpec, TaskUpdate
from covalent.model import Environment as TaskEnvironment
from covalent.objects import ObjectStore, RemoteStore
from covalent.runner import wire
from covalent.runner.cloud.manifest import read_record
from covalent.runner.cloud.names import FIRST_VARIABLE, MANIFEST_VARIABLE, OutcomeName, outcome_key, task_key
from covalent.states import Cause

FAST = Timing(fast_s=0.01, retry_s=(0.01, 0.05), tasks_s=0.02, log_s=0.0, settle_s=0.01, lost_s=0.5)

REASONS = (
    ReasonPattern(cause=Cause.USER, text=re.compile("Essential container"), message="Its container ended by itself."),
    ReasonPattern(cause=Cause.OUT_OF_MEMORY, text=re.compile("OutOfMemory"), message="It ran out of memory."),
    ReasonPattern(cause=Cause.OUT_OF_MEMORY, exit_codes=(137,), message="It was killed."),
    ReasonPattern(cause=Cause.TIMEOUT, text=re.compile("exceeded timeout"), message="It ran for too long."),
    ReasonPattern(cause=Cause.PREEMPTED, text=re.compile("^Host .* terminated"), message="Its machine was taken back."),
    ReasonPattern(cause=Cause.IMAGE, text=re.compile("CannotPull"), message="The image could not be pulled."),
)
WAITS = (WaitPattern(text=re.compile("MISCONFIGURATION"), message="it asks for more than there is. Ask for less."),)


class Ended(Exception):
    """A container ends without an outcome."""

    def __init__(self, exit_code: int | None = None, *, status_reason: str = "", reason: str = "") -> None:
        super().__init__(status_reason or reason)
        self.exit_code, self.status_reason, self.reason = exit_code, status_reason, reason


@dataclass
class Task:
    """One task of a job, in the service."""

    index: int
    state: JobState = JobState.WAITING
    attempt: int = 1
    exit_code: int | None = None
    status_reason: str = ""
    reason: str = ""
    is_cancelled: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    log: list[bytes] = field(default_factory=list)
    process: asyncio.Task[None] | None = None

    def view(self) -> TaskView:
        shown = {name: getattr(self, name) for name in TaskView.__dataclass_fields__ if name != "place"}
        return TaskView(**shown, place=f"host {self.index}")


@dataclass
class Submitted:
    """A job, in the service."""

    ref: str
    job: Job
    tasks: list[Task]
    reason: str = ""

    @property
    def state(self) -> JobState:
        states = {task.state for task in self.tasks}
        if all(state.is_final for state in states):
            return JobState.FAILED if JobState.FAILED in states else JobState.SUCCEEDED
        # As on AWS, the parent of an array never runs.
        return self.tasks[0].state if self.job.size == 1 else JobState.WAITING

    def counts(self) -> dict[JobState, int]:
        return dict(Counter(task.state for task in self.tasks))


class Container:
    """What a task's behaviour has at hand."""

    def __init__(self, cloud: Cloud, submitted: Submitted, task: Task) -> None:
        self._cloud, self.job, self.task = cloud, submitted.job, task
        self.index = int(self.job.environment[FIRST_VARIABLE]) + task.index
        key = cloud.bucket.key(self.job.environment[MANIFEST_VARIABLE])
        assert key is not None
        self._manifest = key
        self.group = key.split("/")[1]

    async def record(self) -> tuple[dict[str, Any], memoryview]:
        """Its task, as the manifest has it."""
        content = await self._cloud.manifest(self._manifest)
        message = wire.decode(read_record(lambda start, end: content[start:end], self.index))
        return msgspec.json.decode(message.header), message.data

    def start(self) -> None:
        self.task.state, self.task.started_at = JobState.RUNNING, time.time()

    def print(self, text: str) -> None:
        self.task.log.append(text.encode())

    async def complete(self, value: bytes) -> None:
        """Leave a result, and its outcome."""
        record, _ = await self.record()
        digest, attempt = hashlib.sha256(value).hexdigest(), self.task.attempt
        await self._cloud.bucket.put(task_key(self.group, self.index, attempt, digest), value, create_only=True)
        name = OutcomeName(self.index, attempt, len(value), digest)
        outcome = {
            "status": "COMPLETED",
            "output": [digest, len(value), wire.IN_FILE],
            "stdout": self._attached(b"hi\n"),
            "inputs_preview": "n=1",
            "output_preview": repr(value),
        }
        await self._write(name, record, outcome, [b"hi\n"])

    async def fail(self, message: str, cause: str = "USER") -> None:
        record, _ = await self.record()
        name = OutcomeName(self.index, self.task.attempt, None, "")
        await self._write(name, record, {"status": "FAILED", "cause": cause, "message": message}, [])

    def _attached(self, data: bytes) -> list[Any]:
        return [hashlib.sha256(data).hexdigest(), len(data), 0]

    async def _write(
        self, name: OutcomeName, record: Mapping[str, Any], outcome: dict[str, Any], blobs: list[bytes]
    ) -> None:
        header = {"group": self.group, "node": record["node"], "attempt": record["attempt"], **outcome}
        header |= {"started_at": self.task.started_at, "ended_at": time.time(), "place": "a container"}
        message = wire.encode(wire.OUTCOME, 1, header, blobs)
        await self._cloud.bucket.put(outcome_key(self.group, name), message, create_only=True)


async def works(container: Container) -> None:
    """Completes with the number of its node."""
    record, _ = await container.record()
    container.start()
    await container.complete(str(record["node"]).encode())


Behaviour = Callable[[Container], Awaitable[None]]


class Cloud:
    """The service's side: it survives the engines that talk to it."""

    def __init__(self, root: Path, *, limits: Limits | None = None) -> None:
        self.bucket = RemoteStore((root / "bucket").as_uri())
        self.limits = limits or Limits(max_size=100, max_refs=10, max_environment_chars=2000)
        self.jobs: dict[str, Submitted] = {}
        self.behaviour: Behaviour = works
        self.calls: Counter[str] = Counter()
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.hanging = asyncio.Event()  #: A call hangs.
        self.flags_cancelled = True  #: Whether it marks tasks that were ended by request.
        self.late_counts = 0  #: By how many descriptions counts are late.
        self._counts: dict[str, deque[dict[JobState, int]]] = defaultdict(deque)
        self._manifests: dict[str, bytes] = {}

    async def manifest(self, key: str) -> bytes:
        if key not in self._manifests:
            self._manifests[key] = await self.bucket.get(key, limit=10**9)
        return self._manifests[key]

    def names(self) -> list[str]:
        return [submitted.job.name for submitted in self.jobs.values()]

    def fail_next(self, call: str, *faults: str) -> None:
        """One fault each for the next calls.

        ``throttled``, ``refused``, ``unreachable`` (not done), ``lost`` (done, without an answer), ``hangs`` (before it is done), ``dies``
        (hangs after it is done), or nothing.
        """
        self.faults[call].extend(faults)

    async def hang(self) -> None:
        self.hanging.set()
        await asyncio.Event().wait()

    def accept(self, job: Job) -> str:
        _refuse(job, self.limits)
        ref = f"job-{len(self.jobs)}"
        submitted = self.jobs[ref] = Submitted(ref, job, [Task(index) for index in range(job.size)])
        for task in submitted.tasks:
            task.process = asyncio.ensure_future(self._run(submitted, task))
        return ref

    async def _run(self, submitted: Submitted, task: Task) -> None:
        container = Container(self, submitted, task)
        try:
            await self.behaviour(container)
        except Ended as end:
            task.exit_code, task.status_reason, task.reason = end.exit_code, end.status_reason, end.reason
            task.state = JobState.FAILED
        except asyncio.CancelledError:
            task.state = JobState.FAILED
        else:
            task.state, task.exit_code = JobState.SUCCEEDED, 0
        task.ended_at = time.time()

    def counted(self, submitted: Submitted) -> dict[JobState, int]:
        history = self._counts[submitted.ref]
        history.append(submitted.counts())
        return history.popleft() if len(history) > self.late_counts else {}

    async def close(self) -> None:
        processes = [task.process for job in self.jobs.values() for task in job.tasks if task.process]
        for process in processes:
            process.cancel()
        await asyncio.gather(*processes, return_exceptions=True)


def _refuse(job: Job, limits: Limits) -> None:
    """:raises ExecutorError: as the strictest of the services would"""
    if not 1 <= job.size <= limits.max_size:
        raise ExecutorError(f"size {job.size}")
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", job.name) or job.name.endswith("-"):
        raise ExecutorError(f"name {job.name}")
    variables = [{"name": name, "value": value} for name, value in job.environment.items()]
    if len(json.dumps(variables)) > limits.max_environment_chars:
        raise ExecutorError("Container Overrides length must be at most 8192")
    if not job.command or not all(isinstance(part, str) for part in job.command):
        raise ExecutorError("command")
    hash(job.options)


class FakeBatchService:
    """Implements :class:`covalent.executor.batch.service.BatchService` for one engine."""

    reasons: Sequence[ReasonPattern] = REASONS
    waits: Sequence[WaitPattern] = WAITS

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.limits, self.scheme = cloud, cloud.limits, "s3"
        self.is_closed = False

    async def check(self, options: Any) -> None:
        async with self._call("check"):
            if options == "impossible":
                raise ExecutorError("There is no such queue. Create it.")

    async def submit(self, job: Job) -> str:
        async with self._call("submit"):
            return self.cloud.accept(job)

    async def find(self, job: Job) -> str | None:
        async with self._call("find"):
            return next((ref for ref, known in self.cloud.jobs.items() if known.job.name == job.name), None)

    async def describe(self, refs: Sequence[str]) -> Mapping[str, JobView]:
        async with self._call("describe"):
            if not 1 <= len(refs) <= self.limits.max_refs:
                raise ExecutorError(f"{len(refs)} ids")
            return {ref: self._view(self.cloud.jobs[ref]) for ref in refs if ref in self.cloud.jobs}

    async def tasks(self, ref: str, states: Collection[JobState]) -> Sequence[TaskView]:
        async with self._call("tasks"):
            return [task.view() for task in self.cloud.jobs[ref].tasks if task.state in states]

    async def cancel(self, ref: str, index: int | None, reason: str) -> None:
        async with self._call("cancel"):
            for task in self.cloud.jobs[ref].tasks:
                if index in (None, task.index) and not task.state.is_final and task.process is not None:
                    if self.cloud.flags_cancelled:
                        task.is_cancelled, task.status_reason = True, reason
                    task.process.cancel()
                    if not task.started_at:
                        task.state = JobState.FAILED

    async def logs(self, ref: str, index: int, cursor: str) -> LogPage:
        async with self._call("logs"):
            at = int(cursor or 0)
            lines = self.cloud.jobs[ref].tasks[index].log[at : at + 3]
            return LogPage(data=b"".join(lines), cursor=str(at + len(lines)))

    async def log_end(self, ref: str, index: int) -> bytes:
        async with self._call("logs"):
            return b"".join(self.cloud.jobs[ref].tasks[index].log[-100:])

    async def close(self) -> None:
        self.is_closed = True

    def _view(self, submitted: Submitted) -> JobView:
        is_single = submitted.job.size == 1
        return JobView(
            ref=submitted.ref,
            state=submitted.state,
            counts={} if is_single else self.cloud.counted(submitted),
            reason=submitted.reason,
            tasks=(submitted.tasks[0].view(),) if is_single else None,
            memory_mib=512.0,
        )

    @asynccontextmanager
    async def _call(self, name: str) -> AsyncIterator[None]:
        assert not self.is_closed
        self.cloud.calls[name] += 1
        faults = self.cloud.faults[name]
        fault = faults.popleft() if faults else ""
        await asyncio.sleep(0)
        if fault == "throttled":
            raise ThrottledError("Too Many Requests")
        if fault == "hangs":
            await self.cloud.hang()
        if fault == "unreachable":
            raise ServiceUnreachableError("Could not connect")
        if fault == "refused":
            raise ExecutorError("AccessDenied. Allow it.")
        yield
        if fault == "dies":
            await self.cloud.hang()
        if fault == "lost":
            raise ServiceUnreachableError("The connection was closed before an answer came")


class FakeBatchExecutor(BatchExecutor):
    """An executor of that service."""

    short_name = "fakebatch"

    def __init__(
        self, cloud: Cloud, *, options: str = "usual", time_limit: float | None = None, poll: float = 0.05
    ) -> None:
        self._cloud, self.options, self.time_limit, self.poll_s = cloud, options, time_limit, poll

    def account(self) -> str:
        return "fake"

    async def connect(self) -> FakeBatchService:
        return FakeBatchService(self._cloud)

    def bucket(self) -> Bucket:
        return Bucket(uri=self._cloud.bucket.root, options={})

    def job_options(self) -> str:
        return self.options

    def time_limit_s(self) -> float | None:
        return self.time_limit

    def poll_interval_s(self) -> float:
        return self.poll_s

    async def _make_engine(self) -> Engine:
        return Engine(await self.connect(), FAST)


class Tasks:
    """Tasks of one group. Implements :class:`covalent.executor.base.Resources`."""

    def __init__(self, data_dir: Path, count: int = 3, *, group_id: str = "ct-group-0-1", **changes: Any) -> None:
        self._objects = ObjectStore(data_dir / "objects")
        self.function = self.blob(b"function")
        self.changes: dict[int, dict[str, Any]] = {}
        self._shared = changes
        self.refs = [TaskRef(node_id=10 + n, attempt=1) for n in range(count)]
        self.metadata = GroupMetadata(
            dispatch_id="4f9c6a53-9d4a-4f0a-9d5c-0d8ac1b5a001",
            group_id=group_id,
            node_ids=tuple(ref.node_id for ref in self.refs),
            python="3.11.7",
        )
        self.loads = 0
        self.fetched: list[str] = []

    def blob(self, data: bytes, *, in_file: bool = False) -> Blob:
        digest = hashlib.sha256(data).hexdigest()
        if not in_file:
            return Blob(digest=digest, size=len(data), data=data)
        self._objects.put(digest, data)
        # As the dispatcher's store has it, which does not know how long such a payload is.
        return Blob(digest=digest, size=0)

    async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
        self.loads += 1
        return [self._spec(ref) for ref in refs]

    def path(self, blob: Blob) -> Path:
        return self._objects.path(blob.digest)

    async def fetch(self, blob: Blob) -> Path:
        assert blob.uri is not None
        self.fetched.append(blob.uri)
        return self.path(blob)

    def _spec(self, ref: TaskRef) -> TaskSpec:
        fields: dict[str, Any] = {
            "node_id": ref.node_id,
            "attempt": ref.attempt,
            "name": "task",
            "kind": NodeKind.TASK,
            "function": self.function,
            "args": self.blob(f"args {ref.node_id}".encode()),
            "inputs": (),
            "environment": TaskEnvironment(),
            **self._shared,
            **self.changes.get(ref.node_id, {}),
        }
        return TaskSpec(**fields)


class Dispatcher:
    """Drives one group as a dispatcher does, and may be killed. Its database is what ``stored`` and ``handle`` hold."""

    def __init__(self, cloud: Cloud, tasks: Tasks, data_dir: Path, **options: Any) -> None:
        self.cloud, self.tasks, self._data_dir, self._options = cloud, tasks, data_dir, options
        self.handle: Any = None
        self.stored: dict[int, Outcome] = {}
        self.updates: list[TaskUpdate] = []
        self.runtime: SharedRuntime | None = None

    def begin(self) -> FakeBatchExecutor:
        """A new process."""
        self.runtime = SharedRuntime(self._data_dir)
        self.executor = FakeBatchExecutor(self.cloud, **self._options)
        self.executor.bind(self.runtime)
        return self.executor

    @property
    def open_refs(self) -> list[TaskRef]:
        return [ref for ref in self.tasks.refs if ref.node_id not in self.stored]

    @property
    def metadata(self) -> GroupMetadata:
        return replace(self.tasks.metadata, node_ids=tuple(ref.node_id for ref in self.open_refs))

    def updates_of(self, node_id: int) -> list[TaskUpdate]:
        return [update for update in self.updates if update.node_id == node_id]

    async def send(self) -> None:
        self.handle = await self.executor.send(self.tasks.refs, self.tasks, self.tasks.metadata)

    async def resume(self) -> None:
        self.handle = await self.executor.resume(self.open_refs, self.tasks, self.metadata, self.handle)

    async def step(self) -> list[TaskUpdate]:
        metadata = self.metadata
        news = await self.executor.receive(metadata, await self.executor.poll(metadata, self.handle))
        for update in news:
            self.updates.append(update)
            if update.outcome is not None:
                assert update.node_id not in self.stored
                self.stored[update.node_id] = update.outcome
        return news

    async def finish(self) -> dict[int, Outcome]:
        async with asyncio.timeout(20):
            while self.open_refs:
                await self.step()
        await self.executor.forget(self.metadata, self.handle)
        return self.stored

    async def run(self) -> dict[int, Outcome]:
        self.begin()
        await self.send()
        return await self.finish()

    async def close(self) -> None:
        if self.runtime is not None:
            await self.runtime.close()
