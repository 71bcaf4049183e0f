"""How a browser is let in without ever holding the token: a ticket that works once, and a cookie with a key that say until when.

Browsers send a cookie to all ports of its host, so to servers of other people too. Hence the key: the page keeps it where only pages
of its own origin can read it, and the cookie is nothing without it. Both are signed with the token, so they outlive the server's
process and end with the token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .ended import Ended

#: Seconds in which a ticket can be used, if nobody says less.
TICKET_S: Final = 600

#: Seconds that a browser stays signed in.
SESSION_S: Final = 30 * 24 * 3600

#: Tickets that may be waiting to be used; the oldest go first.
MOST_TICKETS: Final = 1000


class Opened(NamedTuple):
    """The two halves that let a browser in."""

    cookie: str
    key: str


class Sessions:
    """Tickets and cookies of one server.

    :param data_dir: where those that were ended are kept
    :param clock: gives Unix seconds
    """

    def __init__(self, token: str, data_dir: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._token, self._clock = token.encode(), clock
        self._tickets: dict[bytes, float] = {}
        self._ended = Ended(data_dir / "sessions-ended")
        # Browsers send the cookies of one port of a host to all of its ports: two servers must not overwrite each other's.
        self.cookie_name = f"covalent-{self._signature('name')[:12]}"

    def is_token(self, given: bytes) -> bool:
        """Whether it is the server's token."""
        return hmac.compare_digest(self._token, given)

    # Tickets

    def ticket(self, life_s: float = TICKET_S) -> str:
        """A new ticket."""
        now = self._clock()
        self._tickets = {digest: ends for digest, ends in self._tickets.items() if ends > now}
        while len(self._tickets) >= MOST_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(24)
        self._tickets[_digest(ticket)] = now + life_s
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Whether the ticket is good; it is not any more afterwards."""
        return self._tickets.pop(_digest(ticket), 0.0) > self._clock()

    # Cookies

    def begin(self) -> Opened:
        """A new cookie, and the key that goes with it."""
        key = secrets.token_urlsafe(24)
        said = f"{int(self._clock()) + SESSION_S}.{secrets.token_urlsafe(12)}"
        return Opened(f"{said}.{self._signature(said, key)}", key)

    def is_open(self, cookies: str, key: str) -> bool:
        """Whether a ``Cookie`` header holds a cookie of ours that has not ended, and the key is the one that goes with it."""
        return self._said(cookies, key) is not None

    def end(self, cookies: str, key: str) -> None:
        """Have the cookie in a ``Cookie`` header be of no use any more, wherever it was copied to, also after a restart."""
        while (said := self._said(cookies, key)) is not None:
            self._ended.add(said, until=_until(said), now=self._clock())

    def _said(self, cookies: str, key: str) -> str | None:
        """What the cookie says that is open."""
        if not key:
            return None
        for value in self._values(cookies):
            said, _, signature = value.rpartition(".")
            is_ours = hmac.compare_digest(self._signature(said, key).encode(), signature.encode("utf-8", "replace"))
            if is_ours and _until(said) > self._clock() and said not in self._ended:
                return said
        return None

    def _values(self, cookies: str) -> Iterator[str]:
        # Other servers of this host have cookies of every form, which come along: they must cost nothing and break nothing.
        for pair in cookies.split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == self.cookie_name:
                yield value.strip()

    def _signature(self, said: str, key: str = "") -> str:
        text = f"covalent session {said} {_digest(key).hex()}"
        return hmac.new(self._token, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _until(said: str) -> int:
    """When a cookie that we signed ends by itself."""
    return int(said.partition(".")[0])


def _digest(secret: str) -> bytes:
    # Looked up by its digest: how long that takes says nothing of how much of a guess was right.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
