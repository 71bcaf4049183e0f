"""Why a task ended that left no outcome: what the service says of it, held against its table of reasons in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...model import Outcome
from ...runner.cloud.names import EXIT_REASONS
from ...states import Cause, Status
from .service import JobState, ReasonPattern, TaskView

#: What the service is told when tasks are ended; a sign of it where the service has no flag of its own.
CANCEL_REASON: Final = "Cancelled through Covalent"

#: One exit code may stand for several causes, so the more certain signs come first.
ORDER: Final = (
    Cause.TIMEOUT,
    Cause.PREEMPTED,
    Cause.HOST,
    Cause.IMAGE,
    Cause.OUT_OF_MEMORY,
    Cause.ENVIRONMENT,
    Cause.CONFIG,
    Cause.QUOTA,
    Cause.LOST,
    Cause.USER,
)

#: Causes by which a task that never started is known not to have run.
_BEFORE_START: Final = frozenset({Cause.PREEMPTED, Cause.HOST, Cause.IMAGE, Cause.CONFIG, Cause.QUOTA, Cause.CANCELLED})


def explain(
    task: TaskView, reasons: Iterable[ReasonPattern], *, memory_mib: float | None = None, asked: bool = False
) -> Outcome:
    """The outcome of a task that has ended without leaving one.

    :param memory_mib: what it was given
    :param asked: whether somebody has asked for its end
    """
    if asked or task.is_cancelled or CANCEL_REASON in task.status_reason:
        return _outcome(
            task, Cause.CANCELLED, f"It was cancelled ({task.place})." if task.place else "It was cancelled."
        )
    if task.state is JobState.SUCCEEDED:
        return _outcome(task, Cause.UNKNOWN, _SILENT)
    rows = [*RUNNER_REASONS, *reasons]
    for cause in ORDER:
        for row in rows:
            if row.cause is cause and _matches(row, task):
                message = row.message
                if cause is Cause.OUT_OF_MEMORY and memory_mib is not None:
                    message = f"{message} It was given {memory_mib:,.0f} MiB."
                return _outcome(task, cause, message)
    return _outcome(
        task, Cause.UNKNOWN, f"It ended without an outcome, for a reason that is not known here ({_said(task)})."
    )


def lost(job: str) -> Outcome:
    """The outcome of a task whose job the service does not know any more."""
    message = f"The service does not know the job {job} any more, and the task has left no outcome in the bucket."
    return Outcome(status=Status.FAILED, cause=Cause.LOST, message=message)


def unreadable(error: Exception, cause: Cause) -> Outcome:
    """The outcome of a task that has ended and whose outcome cannot be read.

    :param cause: CONFIG if access to it is refused, UNKNOWN if it makes no sense
    """
    return Outcome(status=Status.FAILED, cause=cause, message=f"It has ended, but its outcome cannot be read: {error}")


def _matches(row: ReasonPattern, task: TaskView) -> bool:
    if row.exit_codes and task.exit_code not in row.exit_codes:
        return False
    if row.text is not None and not (row.text.search(task.status_reason) or row.text.search(task.reason)):
        return False
    return bool(row.exit_codes) or row.text is not None


def _outcome(task: TaskView, cause: Cause, message: str) -> Outcome:
    never_ran = task.attempt == 1 and task.started_at is None and task.exit_code is None
    words = ": ".join(dict.fromkeys(filter(None, (task.status_reason, task.reason))))
    shown = words and words not in message and cause is not Cause.CANCELLED and cause is not Cause.UNKNOWN
    return Outcome(
        status=Status.CANCELLED if cause is Cause.CANCELLED else Status.FAILED,
        cause=cause,
        message=f"{message} (The service says: {words})" if shown else message,
        started_at=task.started_at,
        ended_at=task.ended_at,
        exit_code=task.exit_code,
        place=task.place,
        started=not (never_ran and cause in _BEFORE_START),
    )


def _said(task: TaskView) -> str:
    said = [word for word in (task.status_reason, task.reason) if word]
    if task.exit_code is not None:
        said.append(f"exit code {task.exit_code}")
    return "; ".join(said) or "the service gives none"


_SILENT: Final = (
    "The container ended as if all were well, but left no outcome in the bucket. If the image has an ENTRYPOINT that does not run the "
    "command that it is given, remove it; otherwise the end of the task's log may tell more."
)

#: Ends of the runner itself, before it could write an outcome.
RUNNER_REASONS: Final = tuple(
    ReasonPattern(cause=Cause(cause), message=message, exit_codes=(code,))
    for code, (cause, message) in EXIT_REASONS.items()
)
