"""Pools and their nodes."""

from __future__ import annotations

import itertools
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .settings import PoolSettings

if TYPE_CHECKING:
    from .tasks import Task

#: How many nodes that are gone a pool still lists.
_REMEMBERED: Final = 20


@dataclass(kw_only=True, slots=True, eq=False)
class Node:
    """Changed by the scheduler alone."""

    id: str
    pool: Pool
    root: Path
    is_dedicated: bool
    since: float = field(default_factory=time.time)  #: Unix seconds.
    lost_as: str = ""  #: The state in which it was lost: ``preempted`` or ``unknown``.
    used_slots: int = 0
    tasks: dict[int, Task] = field(default_factory=dict)  #: Those on it now, by their identity.
    total_run: int = 0
    total_succeeded: int = 0

    @property
    def state(self) -> str:
        return self.lost_as or ("running" if self.tasks else "idle")

    @property
    def free_slots(self) -> int:
        return 0 if self.lost_as else self.pool.settings.slots_per_node - self.used_slots


class Pool:
    """Nodes that come and go; those that are lost are replaced at once."""

    def __init__(self, settings: PoolSettings, directory: Path, *, is_auto: bool = False) -> None:
        """
        :param directory: below which its nodes have their directories
        :param is_auto: whether it belongs to one job
        """
        self.settings = settings
        self.id = settings.id
        self.is_auto = is_auto
        self.since = time.time()
        self._directory = directory
        self._numbers = itertools.count(1)
        self.nodes: list[Node] = []
        self.gone: deque[Node] = deque(maxlen=_REMEMBERED)
        if not settings.resize_errors and settings.autoscale_error is None:
            self.nodes = [self._node(number < settings.nodes) for number in range(settings.nodes + settings.spot_nodes)]

    @property
    def free_slots(self) -> int:
        return sum(node.free_slots for node in self.nodes)

    def room(self, slots: int) -> Node | None:
        """A node on which that many slots are free. The emptiest one, so that tasks are spread."""
        found = max(self.nodes, key=lambda node: node.free_slots, default=None)
        return found if found is not None and found.free_slots >= slots else None

    def replace(self, node: Node, lost_as: str) -> bool:
        """Lose a node and get another one; false if it was lost before."""
        if node.lost_as:
            return False
        node.lost_as = lost_as
        self.nodes.remove(node)
        self.gone.append(node)
        self.nodes.append(self._node(node.is_dedicated))
        return True

    def find(self, node_id: str) -> Node | None:
        return next((node for node in (*self.nodes, *self.gone) if node.id.lower() == node_id.lower()), None)

    def _node(self, is_dedicated: bool) -> Node:
        kind = "" if is_dedicated else "p"
        name = f"tvm{kind}s_{secrets.token_hex(16)}_{next(self._numbers)}"
        return Node(id=name, pool=self, root=self._directory / name, is_dedicated=is_dedicated)


#: Makes the pool of a job that brings a specification of one.
MakePool = Callable[[PoolSettings], Pool]
