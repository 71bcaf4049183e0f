"""Numbering the events of each dispatch, and finding them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..states import Cause, Status
from .codec import decode_counts, encode_counts
from .database import Row, Session

#: Events in order, by the key of their dispatch: the columns of the table without the numbers and the counts.
Events = Mapping[int, Sequence[Row]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where the history of a dispatch ends."""

    key: int
    seq: int  #: Of its last event; 0 before the first.
    counts: Mapping[str, int]  #: As :func:`.codec.decode_counts` gives them.


def lock_standings(session: Session, ids: Sequence[str]) -> dict[str, Standing]:
    """Those of these dispatches that exist, by id. Nobody else adds to their histories before the transaction ends.

    So nobody ever sees an event before all with smaller numbers are there to be seen: who reads on from the last number seen
    misses nothing.
    """
    # Two queries: one alone would see the history as it was before it waited for the lock.
    session.lock_rows("lock_dispatches", ids=ids)
    return {
        dispatch_id: Standing(key=key, seq=seq, counts=decode_counts(counts))
        for dispatch_id, key, seq, counts in session.all("standings", ids=ids)
    }


def append_events(
    session: Session, standing: Standing, events: Sequence[Row], moved: Mapping[Status | Cause, int]
) -> None:
    """Store what a turn adds to the history of one dispatch.

    :param moved: by how much the number of tasks in each status changes, and of those that fail without having run
    """
    rows = [(standing.key, seq, *event, "") for seq, event in enumerate(events, standing.seq + 1)]
    if rows:
        rows[-1] = (*rows[-1][:-1], encode_counts(standing.counts, moved))
        session.run_rows("add_events", rows)


def are_stored(session: Session, events: Events) -> bool:
    """Whether exactly these events, in this order, were stored by one transaction."""
    wanted = {key: list(rows) for key, rows in events.items() if rows}
    return bool(wanted) and all(_is_stored(session, key, rows) for key, rows in wanted.items())


def _is_stored(session: Session, key: int, events: list[Row]) -> bool:
    node, attempt, status, at, *_ = events[0]
    numbers = session.all("numbers_of_event", dispatch=key, node=node, attempt=attempt, status=status, at=at)
    return any(
        session.all("events_between", dispatch=key, first=first, last=first + len(events) - 1) == events
        for (first,) in numbers
    )
