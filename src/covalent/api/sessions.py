"""How a browser is let in without ever holding the token: a ticket that works once, and a cookie that says until when.

A cookie is signed with the token, so it outlives the server's process and ends with the token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final

#: Seconds in which a ticket can be used.
TICKET_S: Final = 3600

#: Seconds that a browser stays signed in.
SESSION_S: Final = 30 * 24 * 3600

#: Tickets that may be waiting to be used; the oldest go first.
MOST_TICKETS: Final = 1000


class Sessions:
    """Tickets and cookies of one server.

    :param clock: gives Unix seconds
    """

    def __init__(self, token: str, *, clock: Callable[[], float] = time.time) -> None:
        self._token, self._clock = token.encode(), clock
        self._tickets: dict[bytes, float] = {}
        self._ended: dict[str, float] = {}
        # Browsers send the cookies of one port of a host to all of its ports: two servers must not overwrite each other's.
        self.cookie_name = f"covalent-{self._signature('name')[:12]}"

    def is_token(self, given: bytes) -> bool:
        """Whether it is the server's token."""
        return hmac.compare_digest(self._token, given)

    # Tickets

    def ticket(self) -> str:
        """A new ticket."""
        now = self._clock()
        self._tickets = {digest: ends for digest, ends in self._tickets.items() if ends > now}
        while len(self._tickets) >= MOST_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(24)
        self._tickets[_digest(ticket)] = now + TICKET_S
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Whether the ticket is good; it is not any more afterwards."""
        return self._tickets.pop(_digest(ticket), 0.0) > self._clock()

    # Cookies

    def begin(self) -> str:
        """The value of a new cookie."""
        said = f"{int(self._clock()) + SESSION_S}.{secrets.token_urlsafe(12)}"
        return f"{said}.{self._signature(said)}"

    def is_open(self, cookies: str) -> bool:
        """Whether a ``Cookie`` header holds a cookie of ours that has not ended."""
        value = self._value(cookies)
        if value is None:
            return False
        said, _, signature = value.rpartition(".")
        if not hmac.compare_digest(self._signature(said).encode(), signature.encode("utf-8", "replace")):
            return False
        return int(said.partition(".")[0]) > self._clock() and value not in self._ended

    def end(self, cookies: str) -> None:
        """Have the cookie in a ``Cookie`` header be of no use any more, wherever it was copied to."""
        now = self._clock()
        self._ended = {value: until for value, until in self._ended.items() if until > now}
        if self.is_open(cookies) and (value := self._value(cookies)) is not None:
            self._ended[value] = now + SESSION_S

    def _value(self, cookies: str) -> str | None:
        try:
            found = SimpleCookie(cookies).get(self.cookie_name)
        except CookieError:
            return None
        return None if found is None else found.value

    def _signature(self, said: str) -> str:
        return hmac.new(self._token, f"covalent session {said}".encode(), hashlib.sha256).hexdigest()


def _digest(ticket: str) -> bytes:
    # Looked up by its digest: how long that takes says nothing of how much of a guess was right.
    return hashlib.sha256(ticket.encode("utf-8", "replace")).digest()
