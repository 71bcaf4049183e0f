"""What was left behind in an account: objects of task groups that nobody waits for, and what a cloud adds to that."""

from __future__ import annotations

import asyncio
import random
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol, TypeVar

from ...errors import ThrottledError
from ...objects import RemoteStore
from ...objects.remote import Entry
from .handle import SINGLE_PREFIX

#: The name of a task group, which begins with its dispatch: see ``covalent.scheduler``.
_GROUP: Final = re.compile(r"ct-(?P<dispatch>[0-9a-f]{32})-\d+-\d+")

_PREFIX: Final = "groups/"

T = TypeVar("T")

#: How often a call is repeated that the service wants fewer of, and seconds before the first time; each takes twice as long.
REPEATS: Final = 7
REPEAT_S: Final = 0.5

#: What several task groups may use, and what ``covalent doctor`` could not delete. A group that still needs what is deleted is sent
#: again, and brings it anew.
SHARED: Final = ("functions", "runner", "singles", "values", "doctor")


async def unhurried(call: Callable[[], Awaitable[T]]) -> T:
    """What ``call`` returns, later where the service wants fewer calls: there may be thousands of them.

    :raises ExecutorError: as ``call`` does; :class:`~covalent.errors.ThrottledError` if that lasts
    """
    for repeat in range(REPEATS):
        try:
            return await call()
        except ThrottledError:
            # Those who were refused together must not come back together.
            await asyncio.sleep(random.uniform(0.5, 1) * REPEAT_S * 2**repeat)  # noqa: S311
    return await call()


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
class StagedObjects:
    """Objects in the bucket that come and go together."""

    kind: ClassVar[str] = "object group"

    store: RemoteStore
    name: str
    dispatch_id: str | None = None  #: None for a task that was run without a dispatcher, and for what several may use.
    keys: list[str] = field(default_factory=list)
    size: int = 0
    changed_at: float = 0.0  #: When the newest object was written, in Unix seconds.

    def add(self, prefix: str, entry: Entry) -> None:
        self.keys.append(prefix + entry.name)
        self.size += entry.size
        self.changed_at = max(self.changed_at, entry.written_at)

    async def remove(self) -> None:
        await unhurried(lambda: self.store.delete(self.keys))

    def __str__(self) -> str:
        objects = f"{len(self.keys)} object{'s' * (len(self.keys) != 1)}"
        return f"{self.name} ({objects}, {self.size:,} bytes)"


class Leftovers:
    """Looks for what was left where an executor's settings point.

    :param before: Unix seconds; what was used later is left alone
    """

    def __init__(self, store: RemoteStore, before: float) -> None:
        self.store, self.before = store, before

    async def find(self) -> Sequence[Stale]:
        """:raises ExecutorError: if the cloud cannot be asked"""
        return [*await unhurried(self._groups), *await unhurried(self._shared)]

    async def close(self) -> None:
        await self.store.close()

    async def _groups(self) -> list[StagedObjects]:
        """Task groups with objects in the bucket, the newest of which is old."""
        found: dict[str, StagedObjects] = {}
        async for page in self.store.entries(_PREFIX):
            for entry in page:
                name = entry.name.partition("/")[0]
                if (group := found.get(name) or self._group(name)) is None:
                    continue
                found[name] = group
                group.add(_PREFIX, entry)
        return [group for group in found.values() if group.changed_at < self.before]

    async def _shared(self) -> list[StagedObjects]:
        """Old objects that several task groups may have used."""
        found = [StagedObjects(store=self.store, name=name) for name in SHARED]
        for kind in found:
            async for page in self.store.entries(f"{kind.name}/"):
                for entry in page:
                    if entry.written_at < self.before:
                        kind.add(f"{kind.name}/", entry)
        return [kind for kind in found if kind.keys]

    def _group(self, name: str) -> StagedObjects | None:
        """A group by that name; None if it is not one of Covalent's."""
        if match := _GROUP.fullmatch(name):
            return StagedObjects(store=self.store, name=name, dispatch_id=str(uuid.UUID(match["dispatch"])))
        return StagedObjects(store=self.store, name=name) if name.startswith(SINGLE_PREFIX) else None
