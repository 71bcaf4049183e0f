"""Who works on which dispatch, and what the others want of him."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import NotFoundError
from .base import CancelWish
from .database import Session


def acquire(session: Session, owner: str, at: float, stale_s: float) -> list[str]:
    """See :meth:`.base.Store.acquire`."""
    # One at a time. Locks on the rows alone would not do: who waits for one looks at the other dispatcher's sign of life as it was
    # before he waited, and takes away what that one has just taken.
    session.lock("acquire")
    session.run("heartbeat", owner=owner, at=at)
    session.run("take_over", owner=owner, alive_since=at - stale_s)
    session.run("forget_dispatchers", alive_since=at - stale_s)
    return [dispatch_id for (dispatch_id,) in session.all("unfinished_of", owner=owner)]


def claim(session: Session, dispatch_id: str, owner: str) -> bool:
    """See :meth:`.base.Store.claim`."""
    return bool(session.run("claim", id=dispatch_id, owner=owner))


def request_cancel(session: Session, dispatch_id: str, node_ids: Sequence[int] | None) -> None:
    """See :meth:`.base.Store.request_cancel`."""
    if session.one("dispatch_key", id=dispatch_id) is None:
        raise NotFoundError(f"There is no dispatch {dispatch_id}.")
    session.run("add_wish", id=dispatch_id, nodes=None if node_ids is None else json.dumps(list(node_ids)))


def cancels(session: Session, owner: str) -> list[CancelWish]:
    """See :meth:`.base.Store.cancels`."""
    return [
        CancelWish(seq=seq, dispatch_id=dispatch_id, node_ids=None if nodes is None else tuple(json.loads(nodes)))
        for seq, dispatch_id, nodes in session.all("wishes_of", owner=owner)
    ]
