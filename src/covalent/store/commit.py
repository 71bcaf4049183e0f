"""Writing what one turn of the loop changed, and finding out why that could not be."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import IllegalTransitionError, StoreError, StoreUnavailableError
from ..model import Changes, DispatchStep
from ..states import Status
from .codec import TEXT, clean
from .database import Database, Session
from .history import already_stored, append_events
from .turn import Turn, attempt_before


class _StaleError(Exception):
    """Something is not where a step says that it is."""


def commit(database: Database, changes: Sequence[Changes]) -> None:
    """See :meth:`.base.Store.commit`."""
    ids = [change.dispatch_id for change in changes]
    try:
        database.write(lambda session: _write(session, Turn(changes, dict(session.all("lock_dispatches", ids=ids)))))
    except _StaleError:
        reason = database.read(lambda session: _explain(session, changes, database.where), consistent=True)
        if reason is not None:
            raise reason from None


def _write(session: Session, turn: Turn) -> None:
    for wave in turn.waves:
        stepped = session.run_rows("step_tasks", wave.plain) + session.run_rows("change_tasks", wave.full)
        if stepped != len(wave.plain) + len(wave.full):
            raise _StaleError
    for key, step in turn.steps:
        _step_dispatch(session, key, step)
    session.run_rows("add_groups", turn.groups)
    session.run_rows("add_attempts", turn.attempts)
    session.run_rows("add_outcomes", turn.outcomes)
    session.run_rows("add_object_refs", sorted(turn.object_refs))
    for key, group_id, handle in turn.handles:
        if not session.run("set_handle", dispatch=key, group_id=group_id, handle=handle):
            raise StoreError(f"There is no task group {group_id} to store a handle for.")
    for key, counts in turn.counts.items():
        session.run("count_tasks", dispatch=key, **{TEXT[status]: counts[status] for status in Status})
    append_events(session, turn.events)


def _step_dispatch(session: Session, key: int, step: DispatchStep) -> None:
    stepped = session.run(
        "step_dispatch",
        dispatch=key,
        source=TEXT[step.source],
        target=TEXT[step.target],
        started_at=step.at if step.target is Status.RUNNING else None,
        ended_at=step.at if step.target.is_final else None,
        error=clean(step.error),
    )
    if not stepped:
        raise _StaleError
    if step.target.is_final:
        session.run("drop_wishes", dispatch=key)


def _explain(session: Session, changes: Sequence[Changes], where: str) -> StoreError | None:
    """Why a commit was refused; None if nothing is wrong, because it was committed before and its answer was lost."""
    ids = [change.dispatch_id for change in changes]
    found = {dispatch_id: (key, status) for dispatch_id, key, status in session.all("dispatch_statuses", ids=ids)}
    turn = Turn(changes, {dispatch_id: key for dispatch_id, (key, _) in found.items()})
    if already_stored(session, turn.events):
        return None
    for change in changes:
        key, status = found[change.dispatch_id]
        error = _first_illegal(session, key, status, change)
        if error is not None:
            return error
    return StoreUnavailableError(where, "somebody else changed the same tasks at the same moment")


def _first_illegal(session: Session, key: int, status: str, change: Changes) -> IllegalTransitionError | None:
    nodes = [step.node_id for step in change.transitions]
    standing = {node: (state, attempt) for node, state, attempt in session.all("task_states", dispatch=key, nodes=nodes)}
    for step in change.transitions:
        if standing.get(step.node_id) != (step.source, attempt_before(step)):
            return IllegalTransitionError(change.dispatch_id, step.node_id, step.source, step.target)
        standing[step.node_id] = (step.target, step.attempt)
    for move in change.steps:
        if status != move.source:
            return IllegalTransitionError(change.dispatch_id, None, move.source, move.target)
        status = move.target
    return None
