"""What was left behind in an account: objects of task groups that nobody waits for, and what a cloud adds to that."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

from ...objects import RemoteStore
from .single import PREFIX

#: The name of a task group, which begins with its dispatch: see ``covalent.scheduler``.
_GROUP: Final = re.compile(r"ct-(?P<dispatch>[0-9a-f]{32})-\d+-\d+")

_PREFIX: Final = "groups/"


class Stale(Protocol):
    """Something that can be deleted. As text it is a line for a person."""

    @property
    def kind(self) -> str: ...

    @property
    def dispatch_id(self) -> str | None:
        """The dispatch that it was made for; None if it was for none, or for several."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""

    async def remove(self) -> None:
        """:raises ExecutorError: if it cannot be deleted"""


@dataclass(kw_only=True, slots=True)
class StagedGroup:
    """All that lies in the bucket for one task group."""

    kind: ClassVar[str] = "group"

    store: RemoteStore
    name: str
    dispatch_id: str | None  #: None for a task that was run without a dispatcher.
    keys: list[str] = field(default_factory=list)
    size: int = 0
    changed_at: float = 0.0  #: When the newest object was written, in Unix seconds.

    async def remove(self) -> None:
        await self.store.delete(self.keys)

    def __str__(self) -> str:
        objects = f"{len(self.keys)} object{'s' * (len(self.keys) != 1)}"
        return f"group {self.name} ({objects}, {self.size:,} bytes)"


class Leftovers:
    """Looks for what was left where an executor's settings point.

    :param before: Unix seconds; what was used later is left alone
    """

    def __init__(self, store: RemoteStore, before: float) -> None:
        self.store, self.before = store, before

    async def find(self) -> Sequence[Stale]:
        """:raises ExecutorError: if the cloud cannot be asked"""
        return await self._groups()

    async def close(self) -> None:
        await self.store.close()

    async def _groups(self) -> list[StagedGroup]:
        """Task groups with objects in the bucket, the newest of which is old."""
        found: dict[str, StagedGroup] = {}
        async for page in self.store.entries(_PREFIX):
            for entry in page:
                name = entry.name.partition("/")[0]
                if (group := found.get(name) or self._group(name)) is None:
                    continue
                found[name] = group
                group.keys.append(_PREFIX + entry.name)
                group.size += entry.size
                group.changed_at = max(group.changed_at, entry.written_at)
        return [group for group in found.values() if group.changed_at < self.before]

    def _group(self, name: str) -> StagedGroup | None:
        """A group by that name; None if it is not one of Covalent's."""
        if match := _GROUP.fullmatch(name):
            return StagedGroup(store=self.store, name=name, dispatch_id=str(uuid.UUID(match["dispatch"])))
        return StagedGroup(store=self.store, name=name, dispatch_id=None) if name.startswith(PREFIX) else None
