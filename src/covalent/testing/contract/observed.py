"""An executor around another one, which ends its dispatcher at a chosen moment of a group's life."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from ...executor.base import AsyncBaseExecutor, Resources, Runtime
from ...executor.registry import get_executor
from ...model import Blob, GroupMetadata, Outcome, TaskRef, TaskSpec, TaskUpdate


class Moment(StrEnum):
    """Where in a group's life the dispatcher dies."""

    BEFORE_SEND = "before send"  #: The intent is stored; the executor knows nothing yet.
    DURING_SEND = "during send"  #: The executor has read what the tasks need, and has handed nothing over.
    AFTER_SEND = "after send"  #: The group is out; its handle is not stored.
    AFTER_RESUME = "after resume"  #: It was found again after the crash before, and the dispatcher dies once more.
    BEFORE_REPORT = "before report"  #: An outcome was received and is not stored.
    BEFORE_FORGET = "before forget"  #: All outcomes are stored; the executor has not heard of it.


class ObservedExecutor(AsyncBaseExecutor):
    """Does what the executor within does.

    :param observed: the name of the executor within
    :param notes: a directory where handles are noted, and each death, for no moment kills twice
    :param deaths: at which moments to die
    :param options: the settings of the executor within
    """

    short_name: ClassVar[str] = "observed"

    def __init__(self, *, observed: str, notes: str, deaths: list[str], **options: Any) -> None:
        self.observed, self.notes, self.deaths = observed, notes, deaths
        self._inner = get_executor(observed, options)

    def to_dict(self) -> dict[str, Any]:
        # Not one inside the other: only a whole option can be a secret.
        return self._inner.to_dict() | super().to_dict()

    @property
    def bound_to_machine(self) -> bool:  # type: ignore[override]
        return self._inner.bound_to_machine

    def bind(self, runtime: Runtime) -> None:
        super().bind(runtime)
        self._inner.bind(runtime)

    def retry_budget(self) -> int:
        return self._inner.retry_budget()

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> Any:
        self._die(Moment.BEFORE_SEND)
        handle = await self._inner.send(refs, _Watched(resources, self), metadata)
        self._die(Moment.AFTER_SEND)
        return self._noted(handle)

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> Any:
        handle = await self._inner.resume(refs, resources, metadata, handle)
        self._die(Moment.AFTER_RESUME)
        return self._noted(handle)

    async def poll(self, metadata: GroupMetadata, handle: Any) -> Any:
        return await self._inner.poll(metadata, handle)

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        updates = await self._inner.receive(metadata, data)
        if any(update.outcome for update in updates):
            self._die(Moment.BEFORE_REPORT)
        return updates

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        return await self._inner.cancel(metadata, refs, handle)

    async def withdraw(self, metadata: GroupMetadata) -> None:
        await self._inner.withdraw(metadata)

    async def forget(self, metadata: GroupMetadata, handle: Any) -> None:
        self._die(Moment.BEFORE_FORGET)
        await self._inner.forget(metadata, handle)

    async def read_log(self, metadata: GroupMetadata, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        return await self._inner.read_log(metadata, ref, stream, offset, limit)

    async def why(self, metadata: GroupMetadata, ref: TaskRef, handle: Any) -> str:
        return await self._inner.why(metadata, ref, handle)

    def can_read(self, uri: str) -> bool:
        return self._inner.can_read(uri)

    async def download(self, uri: str) -> AsyncIterator[bytes]:
        async for piece in self._inner.download(uri):
            yield piece

    async def complete(self, outcome: Outcome) -> Outcome:
        return await self._inner.complete(outcome)

    async def purge(self, group_ids: Sequence[str]) -> None:
        await self._inner.purge(group_ids)

    def _noted(self, handle: Any) -> Any:
        """The handle, as it would come back from a database."""
        text = json.dumps(handle, allow_nan=False)
        with (Path(self.notes) / "handles").open("a") as notes:
            notes.write(f"{text}\n")
        return json.loads(text)

    def _die(self, moment: Moment) -> None:
        if moment not in self.deaths:
            return
        try:
            (Path(self.notes) / moment).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class _Watched:
    """Resources, whose reader dies once it has read."""

    def __init__(self, resources: Resources, reader: ObservedExecutor) -> None:
        self._resources, self._reader = resources, reader

    async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
        specs = await self._resources.load(refs)
        self._reader._die(Moment.DURING_SEND)
        return specs

    def path(self, blob: Blob) -> Path:
        return self._resources.path(blob)

    async def fetch(self, blob: Blob) -> Path:
        return await self._resources.fetch(blob)
