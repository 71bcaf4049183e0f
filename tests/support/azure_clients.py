"""The emulated Azure as real clients see it: azure-identity, obstore, azure-storage-blob, and plain HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from azure.core.pipeline.transport import RequestsTransport
from obstore.store import AzureStore

from covalent.testing import EmulatedAzure

STORAGE, BATCH = "https://storage.azure.com", "https://batch.core.windows.net/"
VERSION = "2023-11-03"


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(method: str, url: str, body: bytes | Iterable[bytes] | None = None, **headers: str) -> Answer:
    """What plain HTTP says; in names of headers underscores stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)  # type: ignore[arg-type]
    try:
        with urllib.request.urlopen(request) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def sign_in(azure: EmulatedAzure, tenant: str = "tenant-id", **changes: str | None) -> Answer:
    """What the token endpoint says; a field that is None is left out."""
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "client_id": "client-id",
        "client_secret": "client-secret",
        "scope": f"{STORAGE}/.default",
    }
    given = {name: value for name, value in (form | changes).items() if value is not None}
    url = f"{azure.environment['COVALENT_AZURE_AUTHORITY']}/{tenant}/oauth2/v2.0/token"
    return ask("POST", url, urlencode(given).encode())


def token(azure: EmulatedAzure, audience: str = STORAGE) -> str:
    """Of the application."""
    text: str = sign_in(azure, scope=f"{audience}/.default").json["access_token"]
    return text


def imds(azure: EmulatedAzure, *, metadata: str = "true", **query: str) -> Answer:
    """What the metadata service of the clients' machine says."""
    wanted = {"api-version": "2018-02-01", "resource": STORAGE, **query}
    place = azure.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
    named = {name: value for name, value in wanted.items() if value}
    return ask("GET", f"{place}/metadata/identity/oauth2/token?{urlencode(named)}", metadata=metadata)


def identity_token(azure: EmulatedAzure, client_id: str) -> str:
    """Of a managed identity."""
    text: str = imds(azure, client_id=client_id).json["access_token"]
    return text


def account_key(azure: EmulatedAzure) -> str:
    pairs = azure.environment["AZURE_STORAGE_CONNECTION_STRING"].split(";")
    return dict(pair.split("=", 1) for pair in pairs if pair)["AccountKey"]


def blobs(azure: EmulatedAzure, container: str = "covalent", **credential: str) -> AzureStore:
    """obstore's view of a container, with ``bearer_token`` or ``account_key``; the application's token unless given."""
    credential = credential or {"bearer_token": token(azure)}
    return AzureStore(
        container,
        account_name="covalentbatch",
        endpoint=f"{azure.storage_endpoint}/covalentbatch",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
        **credential,  # type: ignore[arg-type]
    )


class ToTheEmulator(RequestsTransport):
    """Sends whatever it is given to one address: azure-identity takes none of ``http``."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, request: Any, **options: Any) -> Any:
        parts = urlsplit(request.url)
        request.url = request.url.replace(f"{parts.scheme}://{parts.netloc}", self._address, 1)
        return super().send(request, **options)
