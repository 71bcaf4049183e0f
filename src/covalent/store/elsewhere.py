"""What is kept in places that are not the dispatcher's: by whom, what more is known of it, and what is to be deleted there."""

from __future__ import annotations

from collections.abc import Sequence

from ..model import ExecutorSpec, Outcome
from . import codec
from .base import Leftovers
from .database import Session


def executors(session: Session, dispatch_id: str, limit: int) -> list[ExecutorSpec]:
    """See :meth:`.base.Store.executors`."""
    return [codec.executor(row) for row in session.all("executors_nearest_first", id=dispatch_id, limit=limit)]


def replace_outcome(session: Session, dispatch_id: str, node_id: int, attempt: int, outcome: Outcome) -> None:
    """See :meth:`.base.Store.replace_outcome`."""
    # Held, so that no purge takes the dispatch away and leaves the references to files.
    session.lock_rows("lock_dispatches", ids=[dispatch_id])
    found = session.one("dispatch_key", id=dispatch_id)
    if found is None:
        return
    which = {"dispatch": found[0], "node": node_id, "attempt": attempt, "status": codec.TEXT[outcome.status]}
    if session.run("replace_outcome", body=codec.encode_outcome(outcome), **which):
        session.run("date_task", started_at=outcome.started_at, ended_at=outcome.ended_at, **which)
        digests = sorted(set(codec.object_digests(outcome)))
        session.run_rows("add_object_refs", [(found[0], digest) for digest in digests])


def leftovers(session: Session, limit: int) -> list[Leftovers]:
    """See :meth:`.base.Store.leftovers`."""
    found = []
    for name, options in session.all("executors_of_leftovers"):
        rows = session.all("leftovers", name=name, options=options, limit=limit)
        group_ids = tuple(group_id for (group_id,) in rows)
        found.append(Leftovers(executor=codec.executor((name, options)), group_ids=group_ids))
    return found


def forget_leftovers(session: Session, group_ids: Sequence[str]) -> None:
    """See :meth:`.base.Store.forget_leftovers`."""
    session.run("forget_leftovers", group_ids=list(group_ids))
    session.run("forget_secrets")
