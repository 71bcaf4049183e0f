"""Numbering events, and finding them again."""

from __future__ import annotations

from collections.abc import Sequence

from .database import Row, Session


def append_events(session: Session, events: Sequence[Row]) -> None:
    """Store events, in order: the columns of the table without the number.

    Call it last. From here on every other transaction that stores events waits until this one ends, so nobody can ever see a number
    before all smaller ones are there to be seen: who reads on from the last number seen misses nothing.
    """
    if not events:
        return
    session.run("take_numbers", count=len(events))
    ((last,),) = session.all("last_number")
    first = last - len(events) + 1
    session.run_rows("add_events", [(seq, *event) for seq, event in enumerate(events, first)])


def are_stored(session: Session, events: Sequence[Row]) -> bool:
    """Whether exactly these events, in this order, were stored by one transaction."""
    if not events:
        return False
    dispatch, node, attempt, status, at, *_ = events[0]
    numbers = session.all("numbers_of_event", dispatch=dispatch, node=node, attempt=attempt, status=status, at=at)
    return any(
        [row[1:] for row in session.all("events_between", first=first, last=first + len(events) - 1)] == list(events)
        for (first,) in numbers
    )
