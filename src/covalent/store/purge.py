"""Deleting dispatches for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..errors import NotEndedError, NotFoundError
from .base import PurgeReport
from .codec import STATUS
from .database import Session

_DELETIONS: Final = (
    "purge_events",
    "purge_attempts",
    "purge_groups",
    "purge_executors",
    "purge_borrowed",
    "purge_tasks",
    "purge_payloads",
    "purge_object_refs",
    "purge_graphs",
    "purge_wishes",
    "purge_secrets",
    "purge_dispatches",
)


def purge(session: Session, dispatch_ids: Sequence[str] | None) -> PurgeReport:
    """See :meth:`.base.Store.purge`."""
    if dispatch_ids is None:
        found = session.all("lock_all")
    else:
        found = session.all("lock_with_all_below", ids=list(dispatch_ids))
        missing = set(dispatch_ids) - {dispatch_id for _, dispatch_id, _ in found}
        if missing:
            raise NotFoundError(f"There is no dispatch {', '.join(sorted(missing))}.")
    for _, dispatch_id, status in found:
        if not STATUS[status].is_final:
            raise NotEndedError(dispatch_id, STATUS[status])
    keys = [key for key, *_ in found]
    orphans = tuple(digest for (digest,) in session.all("orphaned_objects", dispatches=keys))
    session.run("leave_groups", dispatches=keys)
    session.run("leave_secrets", dispatches=keys)
    for deletion in _DELETIONS:
        session.run(deletion, dispatches=keys)
    return PurgeReport(dispatches=len(keys), orphaned_objects=orphans)
