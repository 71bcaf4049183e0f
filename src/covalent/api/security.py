"""Who may speak to the server: those who have the token, or whose browser was signed in with it, under names that are the server's own.

The token is asked for on loopback too, since any program and any page on the machine reaches loopback. A foreign ``Host`` means that
somebody's name was made to point here (DNS rebinding); a foreign ``Origin`` that a page of somebody else's sends the request.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import __version__
from .problems import problem
from .sessions import Sessions

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
VERSION_HEADER = "X-Covalent-Version"

#: What the server's own pages send with their cookie. Pages of other ports get the cookie too, but cannot know this.
KEY_HEADER = "X-Covalent-Key"

#: What browsers are told of every answer that does not say otherwise. Data is no page, wherever it is opened.
PROTECTION: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

#: The one request of the API for which nobody has to be signed in.
SIGN_IN = ("POST", "/api/v1/session")

#: Made with the token only: who has a cookie must not be able to make it last for ever.
TICKETS = "/api/v1/tickets"

#: Methods that change nothing.
READING = frozenset({"GET", "HEAD"})

#: Status, class and message of an error.
Refusal: TypeAlias = tuple[int, str, str]

#: The largest body of a request that is neither a dispatch nor a value.
BODY_BYTES = 1024 * 1024


class Guard:
    """Lets a request through to ``app``, or answers 401, 403 or 426 itself.

    :param names: what the server is called, beside the names of this machine
    """

    def __init__(self, app: ASGIApp, *, sessions: Sessions, names: Iterable[str]) -> None:
        self._app, self._sessions = app, sessions
        self._names = LOOPBACK | {name.lower() for name in (*names, socket.gethostname(), socket.getfqdn())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope, Headers(scope=scope))

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[VERSION_HEADER] = __version__
                for name, value in PROTECTION.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal is None:
            limited = receive if _takes_large(scope) else _bounded(receive)
            await self._app(scope, limited, send_with_version)
        else:
            status, kind, text = refusal
            await problem(status, kind, text)(scope, receive, send_with_version)

    def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 403, "ForbiddenError", f"This server is not called {host!r}."
        origin = headers.get("origin")
        if origin is not None and _place_of(origin) != host.lower():
            return 403, "ForbiddenError", f"Pages of {origin} may not use this server."
        if not is_api(scope):
            return None  # Files that everybody has who has installed Covalent.
        if not self._may_ask(scope, headers):
            return (
                401,
                "AuthenticationError",
                "The token is missing or wrong. In a browser, run 'covalent ui' to sign in.",
            )
        length = headers.get("content-length", "0")
        if not _takes_large(scope) and (not length.isdecimal() or int(length) > BODY_BYTES):
            return 413, "RequestError", f"The body of this request may have {BODY_BYTES} bytes at most."
        client = headers.get(VERSION_HEADER)
        if client is not None and client.split(".")[:2] != __version__.split(".")[:2]:
            text = f"The client is Covalent {client}, this server is {__version__}. Install the same version on both sides."
            return 426, "VersionMismatchError", text
        return None

    def _may_ask(self, scope: Scope, headers: Headers) -> bool:
        if self._sessions.is_token(_bearer(headers)):
            return True
        if (scope["method"], scope["path"]) == SIGN_IN:
            return _is_own_page(scope, headers)
        if scope["path"].rstrip("/") == TICKETS or not _is_own_page(scope, headers):
            return False
        return self._sessions.is_open(headers.get("cookie", ""), key_of(headers))

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # An address cannot be rebound.


def _place_of(origin: str) -> str | None:
    """Host and port of an ``Origin``; None if it is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def is_api(scope: Scope) -> bool:
    """Whether it asks for data, and not for a file of the pages."""
    path: str = scope["path"]
    return path == "/api" or path.startswith("/api/")


def key_of(headers: Headers) -> str:
    """The half of a sign-in that only our own pages have."""
    return headers.get(KEY_HEADER, "")


def _is_own_page(scope: Scope, headers: Headers) -> bool:
    """Whether a request that a browser signs by itself was meant: made by one of our pages, or by the person for it to be shown.

    Pages of other ports of this host count as the same site for cookies. Not for us.
    """
    site = headers.get("sec-fetch-site")
    if scope["method"] in READING:
        return site in (None, "same-origin", "none")
    # An origin that is there is our own: that was checked before.
    return site == "same-origin" or (site is None and "origin" in headers)


def _takes_large(scope: Scope) -> bool:
    """Whether the route reads its body itself, with a limit of its own."""
    path = scope["path"].rstrip("/")
    return path.endswith(("/dispatches", "/previews")) or "/objects/" in path


def _bounded(receive: Receive) -> Receive:
    """Ends a body that was not announced at the limit, so that what follows is refused as incomplete."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > BODY_BYTES else message

    return bounded


def _bearer(headers: Headers) -> bytes:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip().encode() if scheme.lower() == "bearer" else b""
