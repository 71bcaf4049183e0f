"""What the API answers, where that differs from the values of ``model.py``. Never any bytes of a user."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path
from pydantic import BaseModel, Field

from ..dispatcher.details import Seen
from ..dispatcher.placement import Placement
from ..dispatcher.previews import Shown
from ..model import DispatchInfo, Event, NodeKind, Outcome, Requested, TaskFailure, TaskInfo
from ..states import Cause, Status
from ..store.base import TaskAtExecutor

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


class RedispatchRequest(BaseModel):
    reuse: bool = Field(
        default=False, description="Take the values of tasks that completed: they are the same, with the same inputs."
    )


class SignIn(BaseModel):
    ticket: str | None = Field(default=None, max_length=200, description="As `POST /tickets` answers it.")
    token: str | None = Field(default=None, max_length=1000, description="The server's token, in place of a ticket.")


class SignedIn(BaseModel):
    key: str | None = Field(
        description="To be sent with the cookie, in `X-Covalent-Key`; null for a browser that is signed in already."
    )


class Ticket(BaseModel):
    ticket: str
    expires_in_s: float


class Kept(BaseModel):
    id: str


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


class DispatchView(BaseModel):
    """A dispatch as its own page shows it."""

    id: str
    name: str
    status: Status
    created_at: float
    started_at: float | None
    ended_at: float | None
    error: str
    parent_id: str | None
    parent_node: int | None
    root_id: str
    redispatch_of: str | None
    reuse: bool
    tasks: int
    counts: dict[str, int] = Field(description="Tasks by status.")
    not_run: int = Field(description="Of those that are FAILED, how many never ran, because of others.")
    executors: tuple[str, ...] = Field(description="Short names of those that its tasks run on.")
    arguments_preview: str | None = Field(default=None, description="The arguments of the lattice, as bounded text.")
    result_preview: str | None = Field(default=None, description="What it returned, as bounded text.")

    @classmethod
    def of(cls, info: DispatchInfo, shown: Shown) -> DispatchView:
        fields = {name: getattr(info, name) for name in DispatchInfo.__dataclass_fields__}
        return cls(**fields, arguments_preview=shown.arguments or None, result_preview=shown.result or None)


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
    inputs_preview: str | None = Field(default=None, description="Its arguments, as bounded text.")
    output_preview: str | None = Field(default=None, description="What it returned, as bounded text.")
    job_id: str | None = Field(default=None, description="The job of a cloud's service that its last attempt runs as.")
    console_url: str | None = Field(default=None, description="That job in the console of its cloud.")
    requested: Requested | None = Field(
        default=None, description="What its executor asks for; null where it does not say."
    )

    @classmethod
    def of(cls, task: TaskInfo, attempts: list[Seen], placement: Placement, shown: Shown) -> TaskView:
        fields = {name: getattr(task, name) for name in TaskInfo.__dataclass_fields__}
        job = placement.job
        return cls(
            **fields,
            attempts=[AttemptView.of(a) for a in attempts],
            inputs_preview=shown.arguments or None,
            output_preview=shown.result or None,
            job_id=job.id if job else None,
            console_url=job.console_url if job else None,
            requested=placement.requested,
        )


class EventPage(Page[Event]):
    """Events of a dispatch, oldest first."""


class ExecutorTaskView(BaseModel):
    """A task that an executor has now."""

    dispatch_id: str
    dispatch_name: str
    node_id: int
    name: str
    status: Status
    attempt: int
    submitted_at: float | None
    started_at: float | None

    @classmethod
    def of(cls, task: TaskAtExecutor) -> ExecutorTaskView:
        return cls(**{name: getattr(task, name) for name in cls.model_fields})


class ExecutorFailureView(BaseModel):
    """A task that failed on an executor."""

    dispatch_id: str
    dispatch_name: str
    node_id: int
    name: str
    at: float | None
    cause: Cause | None
    message: str

    @classmethod
    def of(cls, task: TaskAtExecutor) -> ExecutorFailureView:
        fields = {name: getattr(task, name) for name in cls.model_fields if name != "at"}
        return cls(**fields, at=task.ended_at)


class ExecutorView(BaseModel):
    name: str = Field(description="Its short name, as tasks give it.")
    class_name: str
    about: str = Field(description="What it does, in a sentence or two.")
    problem: str = Field(description="Why it cannot be used here; empty if it can.")
    settings: dict[str, Any] = Field(description="What the configuration sets for it, without what may be a secret.")
    counts: dict[str, int] = Field(description="Tasks that it has or is about to be handed, by status.")
    groups: int = Field(description="Task groups that are out.")
    tasks: list[ExecutorTaskView] = Field(description="Some of the tasks that it has now, those first that run.")
    median_wait_s: float | None = Field(description="From being handed over to the start, of tasks of late.")
    failures: list[ExecutorFailureView] = Field(description="Tasks of late that failed on it, the last first.")
