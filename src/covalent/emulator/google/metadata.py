"""A machine's metadata server: for each service account one of its own, since a real one knows its machine.

Source: https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from ..http import Address, HttpServer, Request, Response, listen
from .identity import Identities

_ROOT: Final = "/computeMetadata/v1/"
_FLAVOR: Final = {"metadata-flavor": "Google", "server": "Metadata Server for VM"}
_LIFETIME_S: Final = 3599
_SCOPES: Final = "https://www.googleapis.com/auth/cloud-platform"
_NUMBER: Final = 123456789012  #: Of the project.


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    project: str
    zone: str


class MetadataServers:
    """Made when they are first needed."""

    def __init__(self, host: str, place: Place, identities: Identities, is_unreachable: Callable[[], bool]) -> None:
        self._host = host
        self._place = place
        self._identities = identities
        self._is_unreachable = is_unreachable
        self._lock = threading.Lock()
        self._servers: dict[str, HttpServer] = {}

    def address(self, email: str) -> Address:
        """Where a machine of this account finds its metadata."""
        with self._lock:
            if email not in self._servers:
                server = self._servers[email] = listen(self._host, 0)
                server.start(lambda request: self._answer(email, request))
            return self._servers[email].address

    def stop(self) -> None:
        for server in self._servers.values():
            server.stop()

    def _answer(self, email: str, request: Request) -> Response | None:
        if self._is_unreachable():
            return None
        if request.headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in request.headers:
            return _text(403, "Missing Metadata-Flavor:Google header.")
        if request.path == "/":
            return _text(200, "computeMetadata/\n")
        found = self._values(email).get(request.path.removeprefix(_ROOT).rstrip("/"))
        if found is None or not request.path.startswith(_ROOT):
            return _text(404, "The requested metadata key does not exist.")
        is_recursive = parse_qs(request.query).get("recursive", ["false"])[0].lower() == "true"
        if isinstance(found, dict) and not is_recursive and "access_token" not in found:
            return _text(200, "".join(f"{name}\n" for name in found))
        return _text(200, found) if isinstance(found, str) else _json(found)

    def _values(self, email: str) -> dict[str, Any]:
        token = {
            "access_token": self._identities.token(email),
            "expires_in": _LIFETIME_S,
            "token_type": "Bearer",
        }
        account = {"aliases": ["default"], "email": email, "scopes": [_SCOPES]}
        values: dict[str, Any] = {
            "project/project-id": self._place.project,
            "project/numeric-project-id": str(_NUMBER),
            "instance/zone": f"projects/{_NUMBER}/zones/{self._place.zone}",
            "instance/service-accounts": {"default": account, email: account},
            "universe/universe-domain": "googleapis.com",
        }
        for name in ("default", email):
            below = f"instance/service-accounts/{name}"
            values |= {below: account, f"{below}/email": email, f"{below}/scopes": _SCOPES, f"{below}/token": token}
        return values


def _text(status: int, text: str) -> Response:
    return Response(status=status, headers={**_FLAVOR, "content-type": "application/text"}, body=text.encode())


def _json(value: dict[str, Any]) -> Response:
    return Response(headers={**_FLAVOR, "content-type": "application/json"}, body=json.dumps(value).encode())
