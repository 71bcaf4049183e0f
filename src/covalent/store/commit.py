"""Writing what one turn of the loop changed, and finding out why that could not be."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import IllegalTransitionError, StoreError, StoreUnavailableError
from ..model import Changes, DispatchStep
from ..states import Status
from .codec import TEXT
from .database import Database, Session
from .history import append_events, are_stored
from .turn import Turn, attempt_before


class _StaleError(Exception):
    """Something is not where a step says that it is."""


class Commits:
    """The commits of one store, which remembers the one that may or may not have happened."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_doubt: list[Changes] | None = None

    def commit(self, changes: Sequence[Changes]) -> None:
        """See :meth:`.base.Store.commit`."""
        wanted = list(changes)
        was_in_doubt, self._in_doubt = self._in_doubt == wanted, None
        try:
            self._commit(wanted, was_in_doubt)
        except StoreUnavailableError:
            self._in_doubt = wanted
            raise

    def _commit(self, changes: list[Changes], was_in_doubt: bool) -> None:
        ids = [change.dispatch_id for change in changes]
        try:
            self._database.write(
                lambda session: _write(session, Turn(changes, dict(session.all("lock_dispatches", ids=ids))))
            )
        except _StaleError:
            if was_in_doubt and self._database.read(lambda session: _happened(session, changes), consistent=True):
                return
            error = self._database.read(lambda session: _explain(session, changes), consistent=True)
            if error is None:
                reason = "somebody else changed the same tasks at the same moment"
                error = StoreUnavailableError(self._database.where, reason)
            raise error from None


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
        error=step.error,
    )
    if not stepped:
        raise _StaleError
    if step.target.is_final:
        session.run("drop_wishes", dispatch=key)


def _happened(session: Session, changes: Sequence[Changes]) -> bool:
    ids = [change.dispatch_id for change in changes]
    keys = {dispatch_id: key for dispatch_id, key, _ in session.all("dispatch_statuses", ids=ids)}
    return are_stored(session, Turn(changes, keys).events)


def _explain(session: Session, changes: Sequence[Changes]) -> StoreError | None:
    """The first step that is not from where its task or dispatch is; None if there is none any more."""
    ids = [change.dispatch_id for change in changes]
    found = {dispatch_id: (key, status) for dispatch_id, key, status in session.all("dispatch_statuses", ids=ids)}
    errors = (_first_illegal(session, *found[change.dispatch_id], change) for change in changes)
    return next((error for error in errors if error is not None), None)


def _first_illegal(session: Session, key: int, status: str, change: Changes) -> IllegalTransitionError | None:
    nodes = [step.node_id for step in change.transitions]
    standing = {
        node: (state, attempt) for node, state, attempt in session.all("task_states", dispatch=key, nodes=nodes)
    }
    for step in change.transitions:
        if standing.get(step.node_id) != (step.source, attempt_before(step)):
            return IllegalTransitionError(change.dispatch_id, step.node_id, step.source, step.target)
        standing[step.node_id] = (step.target, step.attempt)
    for move in change.steps:
        if status != move.source:
            return IllegalTransitionError(change.dispatch_id, None, move.source, move.target)
        status = move.target
    return None
