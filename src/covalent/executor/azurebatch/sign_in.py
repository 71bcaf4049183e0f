"""Credentials and clients, made with Azure's libraries: the one module that imports them."""

from __future__ import annotations

import logging
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from azure.batch import BatchClient
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy, SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpRequest as TransportRequest
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from ... import __version__
from .account import Account

__all__ = ["batch_client", "credential", "http_request"]

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 30.0

http_request = HttpRequest

# Of refusals that are not in JSON it writes tracebacks, before we get to say what they were.
logging.getLogger("azure.batch._utils.model_base").setLevel(logging.ERROR)
# Of sign-ins that fail it warns, and raises what we then tell.
logging.getLogger("azure.identity").setLevel(logging.ERROR)


def credential(account: Account) -> Any:
    """Who asks: the application whose secret is known, else whoever the usual chain of credentials finds.

    :raises ValueError: if a setting is one that the library does not take
    """
    if account.client_secret is None:
        named: dict[str, Any] = {"managed_identity_client_id": account.client_id} if account.client_id else {}
        if account.tenant_id:
            named["additionally_allowed_tenants"] = [account.tenant_id]
        found = DefaultAzureCredential(authority=account.cloud.authority, **named)
        return _InDirectory(found, account.tenant_id) if account.tenant_id else found
    elsewhere = {"transport": _Elsewhere(account.authority)} if account.authority else {}
    return ClientSecretCredential(
        account.tenant_id,
        account.client_id,
        account.client_secret.reveal(),
        authority=account.cloud.authority,
        retry_total=0,
        **elsewhere,
    )


def batch_client(account: Account, asking: TokenCredential) -> BatchClient:
    """A client that repeats nothing: the engine does."""
    is_open = account.url.startswith("http://")
    policy: type[BearerTokenCredentialPolicy[Any, Any]] = _InTheClear if is_open else BearerTokenCredentialPolicy
    return BatchClient(
        account.url,
        asking,
        authentication_policy=policy(asking, account.cloud.batch_scope),
        retry_policy=RetryPolicy.no_retries(),
        per_retry_policies=[_WholeRefusals()],
        transport=RequestsTransport(connection_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S),
        user_agent=f"covalent-batch/{__version__}",
    )


class _InDirectory:
    """Asks for tokens of one directory, also where whoever is signed in is at home in another one. A managed identity has but its own."""

    def __init__(self, asking: TokenCredential, tenant_id: str) -> None:
        self._asking, self._tenant_id = asking, tenant_id

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._asking.get_token(*scopes, **{"tenant_id": self._tenant_id, **options})


class _WholeRefusals(SansIOHTTPPolicy[Any, Any]):
    """Reads refusals, which are short, to their end, though all answers are streams: the library looks at what they say."""

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        if response.http_response.status_code >= 400:
            response.http_response.read()


class _InTheClear(BearerTokenCredentialPolicy[Any, Any]):
    """Shows its token without encryption too: to an emulator, where the address is one of ``http``."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.context.options["enforce_https"] = False
        super().on_request(request)


class _Elsewhere(RequestsTransport):  # type: ignore[misc]  # the library names it by a function
    """Sends all that is meant for a cloud's sign-in, under whatever name, to another address: the library takes none of ``http``."""

    def __init__(self, address: str) -> None:
        super().__init__(connection_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)
        self._address = urlsplit(address)

    def send(self, request: TransportRequest, **kwargs: Any) -> Any:
        scheme, netloc = self._address.scheme, self._address.netloc
        request.url = urlunsplit(urlsplit(request.url)._replace(scheme=scheme, netloc=netloc))
        return super().send(request, **kwargs)
