"""Writing what one turn of the loop changed, and finding out why that could not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..errors import IllegalTransitionError, StoreError, StoreUnavailableError
from ..model import Changes, DispatchStep
from ..states import Status
from .codec import TEXT
from .database import Database, Session
from .history import append_events, are_stored, lock_standings
from .turn import Turn, Wave, attempt_before

#: The most steps that are written at once.
FEW_STEPS: Final = 8


class _StaleError(Exception):
    """Something is not where a step says that it is."""


class Commits:
    """The commits of one store, which remembers the one that may or may not have happened."""

    def __init__(self, database: Database[Any]) -> None:
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

    def commit_at_once(self, changes: Sequence[Changes]) -> bool:
        """See :meth:`.base.Store.commit_at_once`."""
        if self._in_doubt or sum(len(change.transitions) for change in changes) > FEW_STEPS:
            return False
        wanted = list(changes)
        try:
            return self._database.write_at_once(lambda session: _write(session, wanted))
        except StoreUnavailableError:
            self._in_doubt = wanted
            return False
        except (_StaleError, StoreError):
            return False

    def _commit(self, changes: list[Changes], was_in_doubt: bool) -> None:
        try:
            self._database.write(lambda session: _write(session, changes))
        except _StaleError:
            if was_in_doubt and self._database.read(lambda session: _happened(session, changes), consistent=True):
                return
            error = self._database.read(lambda session: _explain(session, changes), consistent=True)
            if error is None:
                reason = "somebody else changed the same tasks at the same moment"
                error = StoreUnavailableError(self._database.where, reason)
            raise error from None


def _write(session: Session, changes: Sequence[Changes]) -> None:
    standings = lock_standings(session, [change.dispatch_id for change in changes])
    turn = Turn(changes, {dispatch_id: standing.key for dispatch_id, standing in standings.items()})
    for wave in turn.waves:
        _step_tasks(session, wave)
    for key, step in turn.steps:
        _step_dispatch(session, key, step)
    session.run_rows("add_groups", turn.groups)
    session.run_rows("add_object_refs", sorted(turn.object_refs))
    for key, group_id, handle in turn.handles:
        if not session.run("set_handle", dispatch=key, group_id=group_id, handle=handle):
            raise StoreError(f"There is no task group {group_id} to store a handle for.")
    for standing in standings.values():
        append_events(session, standing, turn.events[standing.key], turn.moved[standing.key])


def _step_tasks(session: Session, wave: Wave) -> None:
    stepped = session.run_rows("step_tasks", wave.plain)
    stepped += session.run_rows("submit_tasks", wave.submitted)
    stepped += session.run_rows("change_tasks", wave.full)
    if stepped != len(wave.plain) + len(wave.submitted) + len(wave.full):
        raise _StaleError
    session.run_rows("end_attempts", wave.ended)


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
