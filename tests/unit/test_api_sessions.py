"""Tickets and cookies."""

from __future__ import annotations

import pytest

from covalent.api.sessions import MOST_TICKETS, SESSION_S, TICKET_S, Sessions


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions("the token", clock=clock)


def cookie(sessions: Sessions, value: str) -> str:
    return f"other=1; {sessions.cookie_name}={value}; more=2"


def test_a_ticket_is_good_once(sessions):
    ticket = sessions.ticket()
    assert sessions.redeem(ticket)
    assert not sessions.redeem(ticket)
    assert not sessions.redeem("made up")
    assert not sessions.redeem("")


def test_a_ticket_is_good_for_a_while(sessions, clock):
    ticket = sessions.ticket()
    clock.now += TICKET_S
    assert not sessions.redeem(ticket)


def test_tickets_that_nobody_uses_make_room_for_others(sessions):
    tickets = [sessions.ticket() for _ in range(MOST_TICKETS + 1)]
    assert not sessions.redeem(tickets[0])
    assert sessions.redeem(tickets[-1])


def test_a_cookie_is_good_until_it_ends_also_after_a_restart(sessions, clock):
    value = sessions.begin()
    assert Sessions("the token", clock=clock).is_open(cookie(sessions, value))
    clock.now += SESSION_S + 1
    assert not sessions.is_open(cookie(sessions, value))


def test_a_cookie_ends_with_the_token(sessions, clock):
    other = Sessions("another token", clock=clock)
    value = sessions.begin()
    assert other.cookie_name != sessions.cookie_name
    assert not other.is_open(cookie(other, value))


def test_a_cookie_ends_when_somebody_signs_out(sessions):
    value, another = sessions.begin(), sessions.begin()
    sessions.end(cookie(sessions, value))
    assert not sessions.is_open(cookie(sessions, value))
    assert sessions.is_open(cookie(sessions, another))


@pytest.mark.parametrize(
    "change", [lambda v: "9" + v, lambda v: v[:-1], lambda v: v + "0", lambda v: "", lambda v: "é.é.é"]
)
def test_a_cookie_that_was_changed_is_none(sessions, change):
    assert not sessions.is_open(cookie(sessions, change(sessions.begin())))


@pytest.mark.parametrize("header", ["", ";", "=", "a=b; ;;", '"', "covalent-=x", "x" * 10_000])
def test_whatever_else_a_browser_sends_is_no_cookie_of_ours(sessions, header):
    assert not sessions.is_open(header)


def test_the_token_is_compared_as_a_whole(sessions):
    assert sessions.is_token(b"the token")
    assert not sessions.is_token(b"the toke")
    assert not sessions.is_token(b"")
