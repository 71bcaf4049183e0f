"""Stand where an executor could not be made."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import CovalentError, SecretError
from ..executor.base import AsyncBaseExecutor, Resources
from ..model import GroupMetadata, Outcome, TaskRef, TaskUpdate
from ..states import Cause, Status


class Refused(AsyncBaseExecutor):
    """Fails every group that it is sent, with the reason."""

    short_name = "refused"

    def __init__(self, error: CovalentError) -> None:
        self._error = error

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> Any:
        raise self._error

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> Any:
        raise self._error

    async def poll(self, metadata: GroupMetadata, handle: Any) -> Any:
        raise self._error

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        raise self._error

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        return False

    async def why(self, metadata: GroupMetadata, ref: TaskRef, handle: Any) -> str:
        return str(self._error)


@dataclass(kw_only=True)
class _News:
    updates: list[TaskUpdate] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Locked(Refused):
    """Stands for an executor whose secret cannot be opened now.

    What was sent, or was about to be, may be under way in a cloud, and goes on when the server is started again with the right key.
    Until then it can only be given up.
    """

    def __init__(self, error: SecretError) -> None:
        super().__init__(error)
        self._news: dict[str, _News] = defaultdict(_News)

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> Any:
        return handle

    async def poll(self, metadata: GroupMetadata, handle: Any) -> None:
        await self._news[metadata.group_id].arrived.wait()

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        return self._news.pop(metadata.group_id, _News()).updates

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        message = f"Given up, and it may still run where it was sent. {self._error}"
        outcome = Outcome(status=Status.CANCELLED, cause=Cause.CANCELLED, message=message)
        news = self._news[metadata.group_id]
        news.updates += [
            TaskUpdate(node_id=ref.node_id, attempt=ref.attempt, status=Status.CANCELLED, outcome=outcome)
            for ref in refs
        ]
        news.arrived.set()
        return bool(refs)
