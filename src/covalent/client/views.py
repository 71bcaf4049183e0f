"""What a server answers, where that is not a value of :mod:`covalent.model`."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import DispatchInfo, Event, Requested, TaskInfo
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
    inputs_preview: str | None = (
        None  #: What it was called with the last time, as short text; None if that is not known.
    )
    output_preview: str | None = None  #: What it returned, likewise.
    job_id: str | None = None  #: The job of a cloud's service that its last attempt runs as.
    console_url: str | None = None  #: Where the cloud's own pages show that job.
    requested: Requested | None = None  #: What its executor asks for.


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchView(DispatchInfo):
    """A dispatch with its arguments and its result as short text, where they are known."""

    arguments_preview: str | None = None
    result_preview: str | None = None


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
