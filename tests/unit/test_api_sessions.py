"""Tickets and cookies."""

from __future__ import annotations

import stat
import time
from pathlib import Path

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
def sessions(clock: Clock, tmp_path: Path) -> Sessions:
    return Sessions("the token", tmp_path, clock=clock)


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


def test_a_ticket_may_be_good_for_less(sessions, clock):
    ticket = sessions.ticket(60)
    clock.now += 61
    assert not sessions.redeem(ticket)


def test_tickets_that_nobody_uses_make_room_for_others(sessions):
    tickets = [sessions.ticket() for _ in range(MOST_TICKETS + 1)]
    assert not sessions.redeem(tickets[0])
    assert sessions.redeem(tickets[-1])


def test_a_cookie_is_good_until_it_ends_also_after_a_restart(sessions, clock, tmp_path):
    value, key = sessions.begin()
    assert Sessions("the token", tmp_path, clock=clock).is_open(cookie(sessions, value), key)
    clock.now += SESSION_S + 1
    assert not sessions.is_open(cookie(sessions, value), key)


def test_a_cookie_is_nothing_without_its_own_key(sessions):
    value, _ = sessions.begin()
    _, another = sessions.begin()
    for key in ("", another, "é"):
        assert not sessions.is_open(cookie(sessions, value), key)


def test_a_cookie_ends_with_the_token(sessions, clock, tmp_path):
    other = Sessions("another token", tmp_path, clock=clock)
    value, key = sessions.begin()
    assert other.cookie_name != sessions.cookie_name
    assert not other.is_open(cookie(other, value), key)


def test_a_cookie_ends_when_somebody_signs_out_also_after_a_restart(sessions, clock, tmp_path):
    (value, key), (another, its_key) = sessions.begin(), sessions.begin()
    sessions.end(cookie(sessions, value), key)
    for server in (sessions, Sessions("the token", tmp_path, clock=clock)):
        assert not server.is_open(cookie(sessions, value), key)
        assert server.is_open(cookie(sessions, another), its_key)


def test_who_signed_out_is_kept_privately_and_no_longer_than_it_matters(sessions, clock, tmp_path):
    value, key = sessions.begin()
    sessions.end(cookie(sessions, value), key)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in file.read_text()
    clock.now += SESSION_S + 1
    value, key = sessions.begin()
    sessions.end(cookie(sessions, value), key)
    assert len(file.read_text().splitlines()) == 1


def test_only_who_has_a_session_can_end_it(sessions, tmp_path):
    value, key = sessions.begin()
    sessions.end(cookie(sessions, value), "")
    sessions.end("a=b", key)
    assert sessions.is_open(cookie(sessions, value), key)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change", [lambda v: "9" + v, lambda v: v[:-1], lambda v: v + "0", lambda v: "", lambda v: "é.é.é"]
)
def test_a_cookie_that_was_changed_is_none(sessions, change):
    value, key = sessions.begin()
    assert not sessions.is_open(cookie(sessions, change(value)), key)


@pytest.mark.parametrize("header", ["", ";", "=", "a=b; ;;", '"', "covalent-=x", "x" * 10_000])
def test_whatever_else_a_browser_sends_is_no_cookie_of_ours(sessions, header):
    assert not sessions.is_open(header, sessions.begin().key)


@pytest.mark.parametrize(
    "odd",
    ['prefs={"a": 1, "b": [2]}', "flag", "name=two words", "name=Zoë", 'q="open', "a@b[]=1", "=", "expires=x", "$x=1"],
)
def test_odd_cookies_of_other_ports_do_not_matter(sessions, odd):
    value, key = sessions.begin()
    own = f"{sessions.cookie_name}={value}"
    for header in (f"{odd}; {own}", f"{own}; {odd}", f"{odd};{own};{odd}"):
        assert sessions.is_open(header, key)


def test_another_cookie_of_the_same_name_does_not_hide_ours(sessions):
    value, key = sessions.begin()
    assert sessions.is_open(f"{sessions.cookie_name}=x; {sessions.cookie_name}={value}", key)


@pytest.mark.parametrize("piece", ["a", ";", "a=b;", '"', '"\\', "a " * 10, "{name}=x;"])
def test_a_header_of_60_kb_costs_nothing(sessions, piece):
    piece = piece.replace("{name}", sessions.cookie_name)
    header = (piece * 60_000)[:60_000]
    begin = time.process_time()
    assert not sessions.is_open(header, sessions.begin().key)
    assert time.process_time() - begin < 0.2


def test_the_token_is_compared_as_a_whole(sessions):
    assert sessions.is_token(b"the token")
    assert not sessions.is_token(b"the toke")
    assert not sessions.is_token(b"")
