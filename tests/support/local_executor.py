"""What the local executor needs around it: a dispatcher's runtime, and task groups that are kept in memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle

from covalent.errors import ExecutorError
from covalent.executor.local import LocalExecutor
from covalent.executor.local.pool import LocalPool, shared_pool
from covalent.model import (
    INLINE_LIMIT,
    Blob,
    Environment,
    GroupMetadata,
    NodeKind,
    Outcome,
    TaskRef,
    TaskSpec,
    TaskUpdate,
)
from covalent.objects import ObjectStore
from covalent.states import Status

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"


class Runtime:
    """Implements ``covalent.executor.base.Runtime``."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._objects: dict[Hashable, asyncio.Task[Any]] = {}

    async def shared(self, key: Hashable, factory: Callable[[], Awaitable[Any]]) -> Any:
        if key not in self._objects:
            self._objects[key] = asyncio.ensure_future(factory())
        return await asyncio.shield(self._objects[key])

    async def close(self) -> None:
        for task in self._objects.values():
            await (await task).close()
        self._objects.clear()


@asynccontextmanager
async def runtime(data_dir: Path) -> AsyncIterator[Runtime]:
    """One that is closed at the end."""
    made = Runtime(data_dir)
    try:
        yield made
    finally:
        await made.close()


@dataclass(frozen=True)
class Ref:
    """Stands for the input with that number, anywhere in a task's arguments."""

    index: int


class _Pickler(cloudpickle.Pickler):
    def persistent_id(self, obj: Any) -> int | None:
        return obj.index if isinstance(obj, Ref) else None


def pickle(value: Any) -> bytes:
    """As the client does it."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(value)
    return stream.getvalue()


@dataclass
class Book:
    """The tasks of one group. Implements ``covalent.executor.base.Resources``."""

    data_dir: Path
    group_id: str = "ct-group"
    cwd: str = ""
    python: str = PYTHON
    dispatch_id: str = "4f9c6a53-9d4a-4f0a-9d5c-0d8ac1b5a001"
    specs: dict[tuple[int, int], TaskSpec] = field(default_factory=dict)

    def blob(self, data: bytes, inputs: tuple[Blob, ...] = ()) -> Blob:
        """Bytes where bytes of that length belong."""
        digest = hashlib.sha256(data).hexdigest()
        if len(data) <= INLINE_LIMIT:
            return Blob(digest=digest, size=len(data), data=data, inputs=inputs)
        ObjectStore(self.data_dir / "objects").put(digest, data)
        return Blob(digest=digest, size=len(data), inputs=inputs)

    def value(self, value: Any, inputs: tuple[Blob, ...] = ()) -> Blob:
        return self.blob(pickle(value), inputs)

    def add(
        self,
        function: Any,
        *args: Any,
        inputs: tuple[Blob, ...] = (),
        environment: Environment | None = None,
        hooks: Any = None,
        kind: NodeKind = NodeKind.TASK,
        attempt: int = 1,
        node_id: int | None = None,
        **kwargs: Any,
    ) -> TaskRef:
        """A task that calls ``function``, which may be a pickled one."""
        ref = TaskRef(node_id=len(self.specs) if node_id is None else node_id, attempt=attempt)
        self.specs[ref.node_id, ref.attempt] = TaskSpec(
            node_id=ref.node_id,
            attempt=attempt,
            name=getattr(function, "__name__", "task"),
            kind=kind,
            function=function if isinstance(function, Blob) else self.value(function),
            args=self.value((args, kwargs)),
            inputs=inputs,
            environment=environment or Environment(),
            hooks=None if hooks is None else self.value(hooks),
        )
        return ref

    @property
    def refs(self) -> list[TaskRef]:
        return [TaskRef(node_id=node_id, attempt=attempt) for node_id, attempt in self.specs]

    @property
    def metadata(self) -> GroupMetadata:
        return GroupMetadata(
            dispatch_id=self.dispatch_id,
            group_id=self.group_id,
            node_ids=tuple(node_id for node_id, _ in self.specs),
            cwd=self.cwd,
            python=self.python,
        )

    async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
        return [self.specs[ref.node_id, ref.attempt] for ref in refs]

    def path(self, blob: Blob) -> Path:
        return ObjectStore(self.data_dir / "objects").path(blob.digest)

    async def fetch(self, blob: Blob) -> Path:
        raise ExecutorError(f"Nobody here can read {blob.uri}.")

    def read(self, blob: Blob | None) -> bytes:
        """The bytes of an output or of a log."""
        if blob is None:
            return b""
        return blob.data if blob.data is not None else self.path(blob).read_bytes()

    def result(self, outcome: Outcome) -> Any:
        """The value of a task that has completed."""
        assert outcome.status is Status.COMPLETED, outcome
        assert outcome.output is not None
        return cloudpickle.loads(self.read(outcome.output))


class GroupRun:
    """A group with an executor, driven as a dispatcher drives it."""

    def __init__(self, executor: LocalExecutor, book: Book, refs: Sequence[TaskRef] | None = None) -> None:
        self.executor, self.book = executor, book
        self.refs = list(book.refs if refs is None else refs)
        self.metadata = book.metadata
        self.updates: list[TaskUpdate] = []
        self.outcomes: dict[int, Outcome] = {}
        self._open = {(ref.node_id, ref.attempt) for ref in self.refs}

    async def send(self) -> GroupRun:
        self.handle = await self.executor.send(self.refs, self.book, self.metadata)
        return self

    async def resume(self) -> GroupRun:
        self.handle = await self.executor.resume(self.refs, self.book, self.metadata, None)
        return self

    async def step(self) -> list[TaskUpdate]:
        data = await self.executor.poll(self.metadata, self.handle)
        news = await self.executor.receive(self.metadata, data)
        for update in news:
            self.updates.append(update)
            if update.outcome is not None:
                self._open.remove((update.node_id, update.attempt))
                self.outcomes[update.node_id] = update.outcome
        return news

    async def until(self, node_id: int, status: Status) -> None:
        """Wait for a status that is not a final one."""
        while not any(u.node_id == node_id and u.status is status for u in self.updates):
            await self.step()

    async def finish(self) -> dict[int, Outcome]:
        """Wait for all outcomes."""
        while self._open:
            await self.step()
        await self.executor.forget(self.metadata, self.handle)
        return self.outcomes

    async def cancel(self, *refs: TaskRef) -> bool:
        return await self.executor.cancel(self.metadata, refs or self.refs, self.handle)

    async def log(self, ref: TaskRef, stream: str = "stdout", offset: int = 0, limit: int = 1 << 20) -> bytes:
        return await self.executor.read_log(self.metadata, ref, stream, offset, limit)


def bound(made: Runtime, **options: Any) -> LocalExecutor:
    """A local executor in a dispatcher."""
    executor = LocalExecutor(**options)
    executor.bind(made)
    return executor


async def idle(executor: LocalExecutor) -> LocalPool:
    """The executor's pool, once all its workers have come up and none is on a task."""
    pool = await shared_pool(executor.bound())
    await eventually(lambda: sum(w.is_idle for lane in pool.lanes.values() for w in lane.workers) == pool.size)
    return pool


async def eventually(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)


async def run(executor: LocalExecutor, book: Book) -> dict[int, Outcome]:
    """Send all that the book holds; return the outcomes by node id."""
    return await (await GroupRun(executor, book).send()).finish()


async def run_one(executor: LocalExecutor, book: Book, function: Any, *args: Any, **kwargs: Any) -> Outcome:
    """Add a task to the book and run it."""
    ref = book.add(function, *args, **kwargs)
    return (await run(executor, book))[ref.node_id]
