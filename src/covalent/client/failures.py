"""Why a dispatch did not complete: every task that failed by itself, as text or as the exception that it raised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from ..errors import NotFoundError, RequestError, TaskError
from ..model import DispatchInfo, TaskInfo
from ..states import Cause, Status
from .server import Server
from .views import AttemptView

#: So many failures are told with traceback and output, so many in all; of those between, one line each.
TOLD_IN_FULL = 5
TOLD = 20
_TAIL_BYTES = 16 * 1024  # More than an interpreter writes that dies of a signal.
_TAIL_LINES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A task that failed, and the dispatch that it belongs to: the one asked for, or a sublattice's."""

    dispatch_id: str
    task: TaskInfo
    is_nested: bool

    @property
    def headline(self) -> str:
        where = f" of sublattice {self.dispatch_id}" if self.is_nested else ""
        cause = f" [{self.task.cause}]" if self.task.cause else ""
        return f"Task {self.task.node_id} ({self.task.name}){where} failed{cause}: {self.task.message}"


def failures(server: Server, dispatch_id: str, *, nested: bool = False) -> Iterator[Failure]:
    """Tasks that failed by themselves, not because of another, those of sublattices in place of the sublattice."""
    for task in server.tasks(dispatch_id, status=Status.FAILED):
        if task.cause is Cause.UPSTREAM:
            continue
        below = list(failures(server, task.child_id, nested=True)) if task.child_id else []
        yield from below or [Failure(dispatch_id=dispatch_id, task=task, is_nested=nested)]


def error_text(server: Server, info: DispatchInfo) -> str | None:
    """What went wrong in a dispatch, the first failures in full; None if nothing did."""
    if info.status not in (Status.FAILED, Status.CANCELLED):
        return None
    found = failures(server, info.id)
    parts = [str(_described(server, failure)) for failure in islice(found, TOLD_IN_FULL)]
    lines = [_first_line(failure.headline) for failure in islice(found, TOLD - TOLD_IN_FULL)]
    if untold := sum(1 for _ in found):
        lines.append(f"… and {untold} more.")
    if lines:
        parts.append("\n".join(lines))
    if info.status is Status.CANCELLED:
        parts.insert(0, "The dispatch was cancelled.")
    return "\n\n".join(parts) or info.error or "The dispatch failed without saying why."


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip()


def task_error_text(server: Server, dispatch_id: str, task: TaskInfo) -> str | None:
    """What went wrong in one task; None if nothing did."""
    if task.status is not Status.FAILED:
        return None
    if task.cause is Cause.UPSTREAM:
        return task.message
    return str(_described(server, Failure(dispatch_id=dispatch_id, task=task, is_nested=False)))


def raise_failure(server: Server, info: DispatchInfo) -> NoReturn:
    """Raise for a dispatch that ended without a result: the exception of the first task that failed.

    It is raised from a :class:`TaskError` with the remote traceback, or that alone is, where the exception cannot be had.
    """
    first = min(failures(server, info.id), key=lambda f: f.task.ended_at or 0.0, default=None)
    if first is None:
        cancelled = info.status is Status.CANCELLED
        raise TaskError(
            f"Dispatch {info.id} was cancelled." if cancelled else info.error or f"Dispatch {info.id} failed.",
            cause=Cause.CANCELLED if cancelled else None,
        )
    described = _described(server, first)
    original = _original(server, first)
    if original is None:
        raise described
    raise original.with_traceback(None) from described


def log_tail(server: Server, dispatch_id: str, node_id: int, attempt: AttemptView) -> str:
    """The last lines that an attempt wrote, errors last."""
    texts = [f"({attempt.missing})"] if attempt.missing else []
    for stream, size in _sizes(attempt):
        if size:
            try:
                offset = max(0, size - _TAIL_BYTES)
                part = server.log(dispatch_id, node_id, stream, attempt=attempt.attempt, offset=offset)
            except (RequestError, NotFoundError) as error:
                # What is known of the failure is worth more than the end of its output.
                texts.append(f"({stream} cannot be read: {error})")
                continue
            texts += _last(part.data.decode("utf-8", "replace").splitlines())
    return "\n".join(texts[-_TAIL_LINES:])


def _last(lines: Sequence[str]) -> Sequence[str]:
    """Those that tell most. An interpreter that died of a signal has written its calls with the innermost first."""
    crashes = [number for number, line in enumerate(lines) if line.startswith("Fatal Python error:")]
    return lines[crashes[-1] :][:_TAIL_LINES] if crashes else lines[-_TAIL_LINES:]


def _sizes(attempt: AttemptView) -> list[tuple[str, int]]:
    outcome = attempt.outcome
    return [("stdout", outcome.stdout_size), ("stderr", outcome.stderr_size)] if outcome else []


def _described(server: Server, failure: Failure) -> TaskError:
    """With traceback and the end of the output."""
    task = server.task(failure.dispatch_id, failure.task.node_id)
    attempt = task.attempts[-1] if task.attempts else None
    remote = attempt.outcome.failure if attempt and attempt.outcome else None
    return TaskError(
        failure.headline,
        cause=failure.task.cause,
        node_id=failure.task.node_id,
        remote_traceback=remote.traceback if remote else "",
        log_tail=log_tail(server, failure.dispatch_id, failure.task.node_id, attempt) if attempt else "",
    )


def _original(server: Server, failure: Failure) -> Exception | None:
    """The exception that the task raised, if it can travel. A ``SystemExit`` is not to end this process, too."""
    try:
        bundle = server.bundle(failure.dispatch_id, "failure", failure.task.node_id)
    except (NotFoundError, RequestError):
        return None
    with bundle:
        try:
            raised = bundle.load()
        except Exception:  # noqa: BLE001  (its class may not exist here, and opening it may run anything)
            return None
    return raised if isinstance(raised, Exception) else None
