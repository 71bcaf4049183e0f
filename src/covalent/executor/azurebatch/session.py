"""One account: who asks, where blobs lie, and the calls. Nothing here retries: the engine does."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote
from weakref import WeakValueDictionary

import msgspec

from ...errors import ExecutorError, ServiceUnreachableError
from ...troubles import Trouble
from ..batch.executor import Bucket
from .account import Account
from .border import translated
from .clouds import REGISTRY_SCOPE, STORAGE_SCOPE

T = TypeVar("T")

#: Name URLs of an emulator: in place of the Batch account, of all storage accounts, and of where one signs in.
BATCH_VARIABLE: Final = "COVALENT_AZURE_BATCH_ENDPOINT"
STORAGE_VARIABLE: Final = "COVALENT_AZURE_STORAGE_ENDPOINT"
AUTHORITY_VARIABLE: Final = "COVALENT_AZURE_AUTHORITY"

#: Of the API, whatever the library's own is: what is written and read here was written for it.
API_VERSION: Final = "2025-06-01"

#: Calls that are under way at once.
THREADS: Final = 8

#: How long object storage uses a token before it asks for one again; the library renews them in time by itself.
_TOKEN_TTL: Final = timedelta(minutes=3)

_JSON: Final = "application/json; odata=minimalmetadata"


def bucket(account: Account, host: str, container: str, prefix: str) -> Bucket:
    """A container of blobs, or of what takes its place.

    :param host: of the storage account
    """
    uri = f"az://{'/'.join(filter(None, (f'{container}@{host}', prefix)))}"
    name = host.partition(".")[0]
    address = os.environ.get(STORAGE_VARIABLE)
    endpoint = f"{address.rstrip('/')}/{name}" if address else f"https://{host}"
    options: dict[str, Any] = {
        "account_name": name,
        "endpoint": endpoint,
        "credential_provider": StoreCredentials(account),
    }
    if endpoint.startswith("http://"):
        options["client_options"] = {"allow_http": True}
    return Bucket(uri=uri, options=options)


class StoreCredentials:
    """What obstore asks for a token. It is asked in threads of its own."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._credential: Any = None

    def __call__(self) -> dict[str, Any]:
        """:raises ExecutorError: if there are no usable credentials"""
        with self._lock:
            self._credential = self._credential or _credential(self._account)
            token = _translating("signing in to Azure Storage", lambda: self._credential.get_token(STORAGE_SCOPE))
            return {"token": token.token, "expires_at": datetime.now(UTC) + _TOKEN_TTL}


def registry_token(account: Account) -> str:
    """One for Azure Container Registry. It opens registries: nobody may see it.

    :raises ExecutorError: if there is none to be had
    """
    credential = _credential(account)
    found = _translating("signing in to Azure", lambda: credential.get_token(REGISTRY_SCOPE))
    return str(found.token)


class Page(msgspec.Struct, Generic[T]):
    """One answer of several to a question for a list."""

    value: list[T]
    next_link: str | None = msgspec.field(name="odata.nextLink", default=None)


class Clients:
    """One client, called in a few threads."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="azure")
        self._credential: Any = None
        self._client: Any = None
        self._requests: Any = None

    @classmethod
    async def open(cls, account: Account) -> Clients:
        """:raises ExecutorError: if Azure's libraries are missing, or a setting is one that they do not take"""
        clients = cls(account)
        await clients._run(clients._open)
        return clients

    def _open(self) -> None:
        self._credential = _credential(self._account)
        from .sign_in import batch_client, http_request

        self._client = batch_client(self._account, self._credential)
        self._requests = http_request

    async def sign_in(self) -> None:
        """Get a token.

        :raises ExecutorError: if there is none to be had
        """
        await self.token()

    async def token(self) -> str:
        """One for Azure Batch. It opens the account: nobody may see it.

        :raises ExecutorError: if there is none to be had
        """
        scope = self._account.cloud.batch_scope
        found = await self._run(lambda: _translating("signing in to Azure", lambda: self._credential.get_token(scope)))
        return str(found.token)

    async def call(
        self,
        method: str,
        path: str,
        what: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> bytes:
        """One call; what it answers.

        :param path: below the account's URL
        :param what: in words, for errors
        :raises ThrottledError: if the service wants fewer calls
        :raises ServiceUnreachableError: if no answer came
        :raises RefusedError: if the service refuses
        """
        query = {"api-version": API_VERSION, **(params or {})}
        return await self._run(lambda: self._send(method, f"{{endpoint}}{path}", what, query, headers or {}, body))

    async def get(self, path: str, what: str, kind: type[T], **params: str) -> T:
        """What a question is answered; ``params`` are given without the dollar sign. Errors as of :meth:`call`."""
        query = {"api-version": API_VERSION, **_query(params)}
        return await self._run(lambda: _decoded(self._send("GET", f"{{endpoint}}{path}", what, query), kind, what))

    async def items(self, path: str, what: str, kind: type[T], **params: str) -> list[T]:
        """What all pages of an answer hold; otherwise as :meth:`get`."""
        return await self._run(lambda: self._items(path, what, kind, _query(params)))

    async def some(self, path: str, what: str, kind: type[T], **params: str) -> list[T]:
        """What the first page of an answer holds; otherwise as :meth:`get`."""
        return (await self.get(path, what, Page[kind], **params)).value  # type: ignore[valid-type]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _items(self, path: str, what: str, kind: type[T], query: Mapping[str, str]) -> list[T]:
        found: list[T] = []
        url: str | None = f"{{endpoint}}{path}"
        params: Mapping[str, str] = {"api-version": API_VERSION, **query}
        while url:
            page = _decoded(self._send("GET", url, what, params), Page[kind], what)  # type: ignore[valid-type]
            found += page.value
            url = page.next_link
            # The way to the next page need not name the version, which the service wants to know each time.
            params = {} if "api-version=" in (url or "") else {"api-version": API_VERSION}
        return found

    def _send(
        self,
        method: str,
        url: str,
        what: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> bytes:
        content = {"Content-Type": _JSON} if body is not None else {}
        request = self._requests(
            method, url, params=dict(params), headers={"Accept": _JSON, **content, **(headers or {})}, content=body
        )

        def send() -> bytes:
            # As a stream, for otherwise the library decodes every answer, which is then done twice.
            return bytes(self._client.send_request(request, stream=True).read())

        return _translating(what, send)


def part(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")


def _query(params: Mapping[str, str]) -> dict[str, str]:
    """Parameters of OData, in which ``maxresults`` has no dollar sign."""
    return {name if name == "maxresults" else f"${name}": value for name, value in params.items()}


def _decoded(data: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise ServiceUnreachableError(f"Azure's answer makes no sense when {what} ({error}): {data[:200]!r}") from None


#: Those in use, with their tokens: one for each account. They go with their last user.
_credentials: Final[WeakValueDictionary[Account, Any]] = WeakValueDictionary()
_lock: Final = threading.Lock()


def _credential(account: Account) -> Any:
    try:
        from .sign_in import credential
    except ImportError as error:
        raise ExecutorError(
            "The Azure Batch executor needs azure-batch, azure-identity and obstore where the server runs: "
            "pip install 'covalent-batch[azure]'",
            trouble=Trouble.MISSING_PACKAGE,
        ) from error
    with _lock:
        found = _credentials.get(account)
        if found is None:
            found = _translating("looking for Azure credentials", lambda: credential(account))
            _credentials[account] = found
        return found


def _translating(what: str, call: Callable[[], T]) -> T:
    from azure.core.exceptions import AzureError

    try:
        return call()
    except (AzureError, ValueError) as error:
        raise translated(error, what) from error
