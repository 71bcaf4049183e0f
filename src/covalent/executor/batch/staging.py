"""Brings what a group needs into the bucket: large functions and values once, the rest in the group's manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from ...errors import ExecutorError
from ...model import INLINE_LIMIT, Blob, GroupMetadata, TaskRef, TaskSpec
from ...objects import RemoteStore
from ...runner import wire
from ...runner.cloud.manifest import write_manifest
from ...runner.cloud.names import function_key, manifest_key, runner_key, value_key
from ..base import Resources
from ..messages import TaskWriter
from .concurrently import Once, each
from .patience import Patience

T = TypeVar("T")

#: Tasks that are read from the dispatcher's store at a time.
PART: Final = 256

#: A value up to this long is in the record of each task that uses it.
SMALL_BYTES: Final = 8 * 1024

#: What the copies of a function in all records of a manifest may take; one that would take more is an object of its own.
COPIES_BYTES: Final = 1024 * 1024

#: What one manifest may hold of values that are longer than ``SMALL_BYTES``.
MANIFEST_BYTES: Final = 32 * 1024 * 1024

#: Objects that are written at a time.
UPLOADS: Final = 8

#: Seconds for which an object that was written is taken to be there still: somebody may clean up the bucket.
KNOWN_S: Final = 3600.0


class Depot:
    """A bucket, and what is known to be in it."""

    def __init__(self, store: RemoteStore) -> None:
        self.store = store
        self._there: Once[None] = Once(valid_s=KNOWN_S)

    async def runner(self, patience: Patience) -> str:
        """The URI of the program that containers run."""
        from .bundle import runner_bundle

        made = await asyncio.to_thread(runner_bundle)
        return await self._keep(
            runner_key(made.digest), lambda key: self.store.put(key, made.data, create_only=True), patience
        )

    async def keep(self, key: str, blob: Blob, resources: Resources, patience: Patience) -> str:
        """Have the bytes of a blob under ``key``; return the URI."""

        async def write(key: str) -> bool:
            if blob.data is not None:
                return await self.store.put(key, blob.data, create_only=True)
            path = resources.path(blob) if blob.uri is None else await resources.fetch(blob)
            return await self.store.put_file(key, path, blob.size, create_only=True)

        return await self._keep(key, write, patience)

    def forget(self) -> None:
        """Bring everything anew: something that was there is gone."""
        self._there = Once(valid_s=KNOWN_S)

    async def close(self) -> None:
        await self._there.close()

    async def _keep(self, key: str, write: Callable[[str], Awaitable[bool]], patience: Patience) -> str:
        async def make() -> None:
            await patience.insist(lambda: write(key))

        await self._there.get(key, make)
        return self.store.uri(key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A group as the dispatcher hands it over."""

    refs: tuple[TaskRef, ...]  #: In the manifest's order.
    resources: Resources
    metadata: GroupMetadata
    depot: Depot
    options: Any  #: The cloud's own settings for a job.
    time_limit_s: float | None


async def stage(order: Order, patience: Patience, *, is_new: bool) -> bool:
    """Bring the group's manifest, and all that it names, into the bucket; False if somebody has done so before.

    :param is_new: whether it is not worth looking for a manifest first
    :raises CovalentError: if something cannot be read or written, and waiting would not help
    """
    store, key = order.depot.store, manifest_key(order.metadata.group_id)
    if not is_new and await patience.insist(lambda: store.exists(key)):
        return False
    loading = _Staging(order, patience)
    records: list[bytes] = []
    for start in range(0, len(order.refs), PART):
        records += await loading.records(order.refs[start : start + PART], start)
    data = write_manifest(records)
    return await patience.insist(lambda: store.put(key, data, create_only=True)) and is_new


class _Staging:
    def __init__(self, order: Order, patience: Patience) -> None:
        self._order, self._patience = order, patience
        self._store = order.depot.store
        self._writer = TaskWriter(order.metadata, _uri, extra=self._extra)
        self._function: tuple[Blob | None, Blob | None] = (None, None)  #: As it came, and where it lies.
        self._hooks: tuple[Blob | None, Blob | None] = (None, None)
        self._met: set[str] = set()  #: Values that are in a record though they are not small.
        self._left_bytes = MANIFEST_BYTES
        self._wanted: dict[str, Blob] = {}  #: What the records at hand refer to.
        self._sizes: dict[str, int] = {}  #: Of files.

    async def records(self, refs: Sequence[TaskRef], first: int) -> list[bytes]:
        """The records of these tasks, the first of which is number ``first``."""
        specs = await self._patience.insist(lambda: self._order.resources.load(refs))
        await self._measure([blob for spec in specs for blob in _files(spec)])
        records = []
        for index, spec in enumerate(specs, first):
            head_bytes, frame = self._writer.write(await self._placed(spec))
            records.append(wire.PREFIX.pack(wire.TASK, index, head_bytes) + frame)
        wanted, self._wanted = self._wanted, {}
        await each(wanted.values(), lambda blob: self._keep(value_key, blob), UPLOADS)
        return records

    async def _measure(self, files: Sequence[Blob]) -> None:
        """Learn how long files are: the dispatcher's store does not know it of all.

        :raises ExecutorError: if one is gone
        """
        paths = {blob.digest: self._order.resources.path(blob) for blob in files if blob.digest not in self._sizes}
        if not paths:
            return
        try:
            self._sizes |= await asyncio.to_thread(lambda: {d: path.stat().st_size for d, path in paths.items()})
        except FileNotFoundError as error:
            raise ExecutorError(
                f"A value of the task is missing: there is no file {error.filename}. Restore the server's data directory from a backup, "
                "or dispatch the workflow again."
            ) from None

    async def _placed(self, spec: TaskSpec) -> TaskSpec:
        """The task with each of its blobs where its container will find it."""
        if spec.function is not self._function[0]:
            self._function = spec.function, await self._share(spec.function)
        if spec.hooks is not self._hooks[0]:
            self._hooks = spec.hooks, None if spec.hooks is None else await self._share(spec.hooks)
        function, hooks = self._function[1], self._hooks[1]
        assert function is not None
        inputs = spec.inputs and tuple(map(self._place, spec.inputs))
        return replace(spec, function=function, hooks=hooks, args=self._place(spec.args), inputs=inputs)

    def _place(self, blob: Blob) -> Blob:
        inputs = blob.inputs and tuple(map(self._place, blob.inputs))
        if blob.uri is not None and self._store.key(blob.uri) is not None:
            return replace(blob, data=None, inputs=inputs)
        if blob.data is not None and self._travels(blob.digest, len(blob.data)):
            return replace(blob, uri=None, inputs=inputs) if inputs or blob.uri else blob
        sized = replace(blob, size=self._sizes.get(blob.digest, blob.size), inputs=inputs)
        self._wanted[blob.digest] = sized
        return replace(sized, data=None, uri=self._store.uri(value_key(blob.digest)))

    def _travels(self, digest: str, size: int) -> bool:
        """Whether a value goes into the record: it is small, or this task seems to be the only one that uses it."""
        if size <= SMALL_BYTES:
            return True
        if size > min(INLINE_LIMIT, self._left_bytes) or digest in self._met:
            return False
        self._met.add(digest)
        self._left_bytes -= size
        return True

    async def _share(self, blob: Blob) -> Blob:
        """What all tasks of the group use: in each record if that takes little room, which spares calls, else as an object."""
        if blob.data is not None and len(blob.data) * len(self._order.refs) <= COPIES_BYTES:
            return replace(blob, uri=None)
        return await self._keep(function_key, blob)

    async def _keep(self, key_of: Callable[[str], str], blob: Blob) -> Blob:
        sized = replace(blob, size=self._sizes.get(blob.digest, blob.size))
        uri = await self._order.depot.keep(key_of(blob.digest), sized, self._order.resources, self._patience)
        return replace(sized, data=None, uri=uri)

    def _extra(self, spec: TaskSpec) -> dict[str, Any]:
        return {"pip": spec.environment.pip, "time_limit_s": self._order.time_limit_s}


def _files(spec: TaskSpec) -> Iterator[Blob]:
    """What the task needs that lies in files of this machine."""
    pending = [spec.function, spec.args, *spec.inputs]
    if spec.hooks is not None:
        pending.append(spec.hooks)
    while pending:
        blob = pending.pop()
        pending.extend(blob.inputs)
        if blob.data is None and blob.uri is None:
            yield blob


def _uri(blob: Blob) -> str:
    assert blob.uri is not None
    return blob.uri
