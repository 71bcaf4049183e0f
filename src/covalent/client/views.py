"""What a server answers, where that is not a value of :mod:`covalent.model`."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import DispatchInfo, Event, TaskInfo
from ..states import Cause, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    version: str
    pid: int
    data_dir: str
    address: str
    started_at: float
    python: str
    executable: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureView:
    type: str
    message: str
    traceback: str
    has_pickle: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeView:
    """An outcome with sizes in place of bytes."""

    status: Status
    cause: Cause | None = None
    message: str = ""
    failure: FailureView | None = None
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    peak_memory_mib: float | None = None
    cpu_s: float | None = None
    place: str = ""
    stdout_size: int = 0
    stderr_size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptView:
    attempt: int
    group_id: str
    submitted_at: float
    status: Status
    retried: bool = False
    outcome: OutcomeView | None = None
    missing: str = ""  #: Why logs and measurements could not be read, if they could not.


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView(TaskInfo):
    """A task with all its attempts, in order."""

    attempts: tuple[AttemptView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchPage:
    items: tuple[DispatchInfo, ...]
    next: str | None = None  #: What to ask for ``before``; None at the end.


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPage:
    items: tuple[TaskInfo, ...]
    next: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    items: tuple[Event, ...]
    next: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPart:
    """Some bytes of a task's output."""

    data: bytes
    next_offset: int
    complete: bool  #: The attempt has ended, and nothing comes after these bytes.
