"""Who may speak to the server: those who have the token, from pages and under names that are the server's own.

The token is asked for on loopback too, since any program and any page on the machine reaches loopback. A foreign ``Host`` means that
somebody's name was made to point here (DNS rebinding); a foreign ``Origin`` that a page of somebody else's sends the request.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import __version__
from .problems import problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
VERSION_HEADER = "X-Covalent-Version"

#: The largest body of a request that is neither a dispatch nor a value.
BODY_BYTES = 1024 * 1024


class Guard:
    """Lets a request through to ``app``, or answers 401, 403 or 426 itself.

    :param names: what the server is called, beside the names of this machine
    """

    def __init__(self, app: ASGIApp, *, token: str, names: Iterable[str]) -> None:
        self._app, self._token = app, token.encode()
        self._names = LOOPBACK | {name.lower() for name in (*names, socket.gethostname(), socket.getfqdn())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope), large=_takes_large(scope))

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-covalent-version", __version__.encode())]
            await send(message)

        if refusal is None:
            limited = receive if _takes_large(scope) else _bounded(receive)
            await self._app(scope, limited, send_with_version)
        else:
            status, kind, text = refusal
            await problem(status, kind, text)(scope, receive, send_with_version)

    def _refusal(self, headers: Headers, *, large: bool) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 403, "ForbiddenError", f"This server is not called {host!r}."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "ForbiddenError", f"Pages of {origin} may not use this server."
        if not hmac.compare_digest(self._token, _bearer(headers)):
            return 401, "AuthenticationError", "The token is missing or wrong."
        length = headers.get("content-length", "0")
        if not large and (not length.isdecimal() or int(length) > BODY_BYTES):
            return 413, "RequestError", f"The body of this request may have {BODY_BYTES} bytes at most."
        client = headers.get(VERSION_HEADER)
        if client is not None and client.split(".")[:2] != __version__.split(".")[:2]:
            text = f"The client is Covalent {client}, this server is {__version__}. Install the same version on both sides."
            return 426, "VersionMismatchError", text
        return None

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


def _takes_large(scope: Scope) -> bool:
    """Whether the route reads its body itself, with a limit of its own."""
    path = scope["path"].rstrip("/")
    return path.endswith("/dispatches") or "/objects/" in path


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
