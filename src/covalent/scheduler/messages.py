"""What the scheduler is told and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model import Blob, Changes, GroupRecord, Outcome, TaskRef, TaskUpdate


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Begin, or go on with what was loaded from the store."""

    at: float  #: Unix seconds, as everywhere.
    reused: Mapping[int, Outcome] = field(default_factory=dict)  #: Tasks whose value an earlier dispatch has.


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """An executor's news of one attempt. Late or repeated news is ignored."""

    at: float
    update: TaskUpdate


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildEnded:
    """The dispatch that a sublattice runs as has ended."""

    at: float
    node_id: int
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The wait that :class:`RetryLater` asked for is over."""

    at: float
    node_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel:
    """Somebody wants these tasks, or the whole dispatch (None), to end."""

    at: float
    node_ids: tuple[int, ...] | None = None


SchedulerEvent = Start | Progress | ChildEnded | Due | Cancel


@dataclass(frozen=True, kw_only=True, slots=True)
class SendGroup:
    """Hand a group to its executor, once the turn is stored."""

    group: GroupRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelAttempts:
    """Ask the executor to end these attempts; their outcomes still come as :class:`Progress`."""

    group_id: str
    refs: tuple[TaskRef, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryLater:
    """Send :class:`Due` for the task after ``delay_s`` seconds."""

    node_id: int
    delay_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StartChild:
    """Run the encoded submission that a sublattice's task returned as a dispatch of its own."""

    node_id: int
    attempt: int
    submission: Blob


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelChild:
    """Cancel the dispatch that this sublattice runs as."""

    node_id: int


Command = SendGroup | CancelAttempts | RetryLater | StartChild | CancelChild


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What a batch of events led to: first store ``changes``, then carry out ``commands``."""

    changes: Changes
    commands: tuple[Command, ...] = ()
    ended: bool = False  #: The dispatch has ended with this turn.
