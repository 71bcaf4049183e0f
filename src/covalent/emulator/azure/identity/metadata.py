"""The metadata service of a machine (IMDS), which gives out tokens of its managed identities: for each set of identities one of its own,
since a real one knows its machine.

Source: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from ...http import Address, HttpServer, Request, Response, listen
from ..gate import Call, Gate
from ..refusal import BrokenOffError, RefusalError
from .principals import Principal
from .sign_in import answer, unknown_resource
from .tokens import Tokens, is_resource

PATH: Final = "/metadata/identity/oauth2/token"

#: Parameters that name an identity: by its client id, or by its resource id.
_BY_RESOURCE: Final = ("mi_res_id", "msi_res_id")

_Application = Callable[[Request], Response | None]


class Metadata:
    """Of machines that have these identities."""

    def __init__(self, identities: Mapping[str, Principal], tokens: Tokens, gate: Gate) -> None:
        """
        :param identities: all that exist, by their ids in lower case
        """
        self._identities = identities
        self._tokens = tokens
        self._gate = gate

    def of_machine(self, identities: Iterable[str], caller: str) -> _Application:
        """What a machine sees that has these.

        :param caller: who uses the machine: ``client`` or ``job``
        """
        assigned = {each.lower(): self._identities[each.lower()] for each in identities}
        return lambda request: self._answer(assigned, caller, request)

    def _answer(self, assigned: Mapping[str, Principal], caller: str, request: Request) -> Response | None:
        try:
            with self._gate(Call(service="identity", operation="ManagedIdentityToken", caller=caller)) as passage:
                response = answer(200, self._token(assigned, caller, request))
                passage.received = len(response.body)
            return response
        except RefusalError as error:
            body = {"error": error.code, "error_description": error.message}
            return answer(error.status, body, error.headers)
        except BrokenOffError:
            return None

    def _token(self, assigned: Mapping[str, Principal], caller: str, request: Request) -> dict[str, Any]:
        if request.path.rstrip("/") != PATH:
            raise RefusalError("not_found", f"There is no {request.path} here.", status=404)
        if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
            raise RefusalError("invalid_request", "Required metadata header not specified")
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        for name in ("api-version", "resource"):
            if name not in query:
                raise RefusalError("invalid_request", f"Required query variable '{name}' is missing")
        if not is_resource(query["resource"]):
            raise unknown_resource(query["resource"])
        principal = _chosen(assigned, query)
        token = self._tokens.issue(principal, query["resource"], caller)
        return {
            "access_token": token.text,
            "client_id": principal.client_id,
            "expires_in": str(self._tokens.lifetime_s),
            "expires_on": str(int(token.expires_at)),
            "ext_expires_in": str(self._tokens.lifetime_s),
            "not_before": str(int(time.time()) - 300),
            "resource": query["resource"],
            "token_type": "Bearer",
        }


class MetadataServers:
    """Addresses of metadata services for machines of jobs, made when they are first needed."""

    def __init__(self, host: str, metadata: Metadata) -> None:
        self._host = host
        self._metadata = metadata
        self._lock = threading.Lock()
        self._servers: dict[tuple[str, ...], HttpServer] = {}

    def address(self, identities: Sequence[str]) -> Address:
        """Where a machine with these identities finds it."""
        key = tuple(identities)
        with self._lock:
            if key not in self._servers:
                server = self._servers[key] = listen(self._host, 0)
                server.start(self._metadata.of_machine(key, "job"))
            return self._servers[key].address

    def stop(self) -> None:
        for server in self._servers.values():
            server.stop()


def _chosen(assigned: Mapping[str, Principal], query: Mapping[str, str]) -> Principal:
    """:raises RefusalError: if it is none of them, or could be several"""
    named = query.get("client_id") or next(
        (query[each].rpartition("/")[2] for each in _BY_RESOURCE if each in query), ""
    )
    if named:
        if named.lower() not in assigned:
            raise RefusalError("invalid_request", "Identity not found")
        return assigned[named.lower()]
    if not assigned:
        raise RefusalError("invalid_request", "Identity not found")
    if len(assigned) > 1:
        raise RefusalError(
            "invalid_request",
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
        )
    return next(iter(assigned.values()))
