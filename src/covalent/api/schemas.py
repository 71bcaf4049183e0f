"""What the API answers, where that differs from the values of ``model.py``. Never any bytes of a user."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Path
from pydantic import BaseModel, Field

from ..dispatcher.details import Seen
from ..model import Event, NodeKind, Outcome, TaskFailure, TaskInfo
from ..states import Cause, Status

T = TypeVar("T")

LARGEST_INT = 2**31 - 1

DispatchId = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$", description="The id of a dispatch, as `POST /dispatches` answers it.")
]
NodeId = Annotated[int, Path(ge=0, le=LARGEST_INT, description="The number of a task in its dispatch, from 0.")]


class Problem(BaseModel):
    class Detail(BaseModel):
        type: str = Field(description="The class of the error.")
        message: str = Field(description="What happened, to what, and what to do.")

    error: Detail


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: int | str | None = Field(description="What to pass to get the next page; null at the end.")


class Health(BaseModel):
    version: str
    python: str
    executable: str
    pid: int
    data_dir: str
    address: str
    started_at: float


class Submitted(BaseModel):
    dispatch_id: str


class CancelRequest(BaseModel):
    task_ids: list[Annotated[int, Field(ge=0, le=LARGEST_INT)]] | None = Field(
        default=None, description="Tasks to cancel; null for the whole dispatch."
    )


class Message(BaseModel):
    message: str


class Sentence(BaseModel):
    sentence: str


class Purged(BaseModel):
    dispatches: int


class FailureView(BaseModel):
    type: str
    message: str
    traceback: str
    has_pickle: bool

    @classmethod
    def of(cls, failure: TaskFailure) -> FailureView:
        has_pickle = failure.pickled is not None
        return cls(type=failure.type, message=failure.message, traceback=failure.traceback, has_pickle=has_pickle)


class OutcomeView(BaseModel):
    status: Status
    cause: Cause | None
    message: str
    failure: FailureView | None
    started_at: float | None
    ended_at: float | None
    exit_code: int | None
    peak_memory_mib: float | None
    cpu_s: float | None
    place: str
    stdout_size: int
    stderr_size: int

    @classmethod
    def of(cls, outcome: Outcome) -> OutcomeView:
        return cls(
            status=outcome.status,
            cause=outcome.cause,
            message=outcome.message,
            failure=FailureView.of(outcome.failure) if outcome.failure else None,
            started_at=outcome.started_at,
            ended_at=outcome.ended_at,
            exit_code=outcome.exit_code,
            peak_memory_mib=outcome.peak_memory_mib,
            cpu_s=outcome.cpu_s,
            place=outcome.place,
            stdout_size=outcome.stdout.size if outcome.stdout else 0,
            stderr_size=outcome.stderr.size if outcome.stderr else 0,
        )


class AttemptView(BaseModel):
    attempt: int
    group_id: str
    submitted_at: float
    status: Status
    retried: bool
    outcome: OutcomeView | None
    missing: str = Field(default="", description="Why logs and measurements could not be read, if they could not.")

    @classmethod
    def of(cls, seen: Seen) -> AttemptView:
        attempt = seen.attempt
        return cls(
            attempt=attempt.attempt,
            group_id=attempt.group_id,
            submitted_at=attempt.submitted_at,
            status=attempt.status,
            retried=attempt.retried,
            outcome=OutcomeView.of(attempt.outcome) if attempt.outcome else None,
            missing=str(seen.missing) if seen.missing else "",
        )


class TaskView(BaseModel):
    node_id: int
    name: str
    status: Status
    attempt: int
    kind: NodeKind
    executor: str
    started_at: float | None
    ended_at: float | None
    cause: Cause | None
    message: str
    child_id: str | None
    reused: bool
    attempts: list[AttemptView]

    @classmethod
    def of(cls, task: TaskInfo, attempts: list[Seen]) -> TaskView:
        fields = {name: getattr(task, name) for name in TaskInfo.__dataclass_fields__}
        return cls(**fields, attempts=[AttemptView.of(a) for a in attempts])


class EventPage(Page[Event]):
    """Events of a dispatch, oldest first."""
