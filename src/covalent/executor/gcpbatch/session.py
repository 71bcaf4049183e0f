"""Credentials and clients: one of each for a project and region.

Nothing here retries: the engine does.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from ...errors import ExecutorError
from ...troubles import Trouble
from ..batch.executor import Bucket
from .border import translated

T = TypeVar("T")

#: Names the address, as ``host:port``, of an emulator that takes the place of Google Batch and Cloud Logging. Without encryption.
ENDPOINT_VARIABLE: Final = "COVALENT_GCP_BATCH_ENDPOINT"

#: Names the URL of an emulator that takes the place of Cloud Storage, as Google's own programs understand it.
STORAGE_VARIABLE: Final = "STORAGE_EMULATOR_HOST"

#: Names the project of those who name none, as in Google's own libraries.
PROJECT_VARIABLE: Final = "GOOGLE_CLOUD_PROJECT"

#: Calls that are under way at once.
THREADS: Final = 8

TIMEOUT_S: Final = 30.0

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_BATCH: Final = "batch.googleapis.com"
_LOGGING: Final = "logging.googleapis.com"

#: A channel that has lost its way looks for it again soon; patience is the engine's.
_CHANNEL: Final = (
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)

#: How long object storage uses a token before it asks for one again; google-auth renews them in time by itself.
_TOKEN_TTL: Final = timedelta(minutes=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whose resources are used, and where."""

    project: str
    region: str

    @property
    def parent(self) -> str:
        """What jobs belong to."""
        return f"projects/{self.project}/locations/{self.region}"


def bucket(name: str, prefix: str) -> Bucket:
    """A bucket of Cloud Storage, or of what takes its place."""
    uri = f"gs://{'/'.join(filter(None, (name, prefix)))}"
    address = os.environ.get(STORAGE_VARIABLE)
    if not address:
        return Bucket(uri=uri, options={"credential_provider": StoreCredentials()})
    address = address if "://" in address else f"http://{address}"
    client_options = {"allow_http": address.startswith("http://")}
    return Bucket(uri=uri, options={"base_url": address, "bearer_token": "anonymous", "client_options": client_options})


class StoreCredentials:
    """What obstore asks for a token. It is asked in threads of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None

    def __call__(self) -> dict[str, Any]:
        """:raises ExecutorError: if there are no usable credentials"""
        with self._lock:
            self._credentials = self._credentials or _credentials()
            return {"token": _token(self._credentials), "expires_at": datetime.now(UTC) + _TOKEN_TTL}


class Clients:
    """One client of each service, called in a few threads."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="google")
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._batch: Any = None
        self._logging: Any = None

    @classmethod
    async def open(cls, account: Account) -> Clients:
        """:raises ExecutorError: if Google's libraries are missing, or there are no credentials"""
        clients = cls(account)
        await asyncio.get_running_loop().run_in_executor(clients._threads, clients._open)
        return clients

    def _open(self) -> None:
        try:
            from google.cloud.batch_v1 import BatchServiceClient
            from google.cloud.batch_v1.services.batch_service.transports import BatchServiceGrpcTransport
        except ImportError as error:
            raise _without_libraries() from error
        if not os.environ.get(ENDPOINT_VARIABLE):
            self._credentials = _credentials()
        self._batch = BatchServiceClient(transport=self._transport(BatchServiceGrpcTransport, _BATCH))

    def principal(self) -> str:
        """Who asks, as far as the credentials say; empty where an emulator asks for none."""
        if self._credentials is None:
            return ""
        email = getattr(self._credentials, "service_account_email", "") or getattr(self._credentials, "account", "")
        return str(email or f"somebody with credentials of the kind {type(self._credentials).__name__}")

    async def renew(self) -> None:
        """Get a token, unless there is a good one.

        :raises ExecutorError: if there is none to be had
        """
        if self._credentials is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, _token, self._credentials)

    async def batch(self, what: str, call: Callable[[Any], T]) -> T:
        """One call of Google Batch: ``call`` gets its client. ``what`` is it in words, for errors.

        :raises ThrottledError: if the service wants fewer calls
        :raises ServiceUnreachableError: if no answer came
        :raises RefusedError: if the service refuses
        """
        return await self._called(what, lambda: call(self._batch))

    async def logging(self, what: str, call: Callable[[Any], T]) -> T:
        """The same for Cloud Logging."""
        return await self._called(what, lambda: call(self._logging_client()))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in filter(None, (self._batch, self._logging)):
            client.transport.close()

    async def _called(self, what: str, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _translating, what, call)

    def _logging_client(self) -> Any:
        with self._lock:
            if self._logging is None:
                # Slow to import, and most servers never show a log.
                from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
                from google.cloud.logging_v2.services.logging_service_v2.transports import LoggingServiceV2GrpcTransport

                self._logging = LoggingServiceV2Client(
                    transport=self._transport(LoggingServiceV2GrpcTransport, _LOGGING)
                )
            return self._logging

    def _transport(self, kind: Any, host: str) -> Any:
        if address := os.environ.get(ENDPOINT_VARIABLE):
            import grpc

            return kind(channel=grpc.insecure_channel(address, [*_CHANNEL, ("grpc.enable_http_proxy", 0)]))
        return kind(channel=kind.create_channel(f"{host}:443", credentials=self._credentials, options=_CHANNEL))


def _translating(what: str, call: Callable[[], T]) -> T:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        return call()
    except (GoogleAPIError, GoogleAuthError) as error:
        raise translated(error, what) from error


def _credentials() -> Any:
    """Those that every program of Google's finds: a key file, a signed-in user, or the machine's own account."""
    try:
        import google.auth
    except ImportError as error:
        raise _without_libraries() from error

    return _translating("looking for Google credentials", lambda: google.auth.default(scopes=_SCOPES))[0]


def _without_libraries() -> ExecutorError:
    return ExecutorError(
        "The Google Batch executor needs google-cloud-batch, google-cloud-logging and obstore where the server runs: "
        "pip install 'covalent-batch[gcp]'",
        trouble=Trouble.MISSING_PACKAGE,
    )


def _token(credentials: Any) -> str:
    from google.auth.transport.requests import Request

    if not credentials.valid:
        _translating("renewing Google credentials", lambda: credentials.refresh(Request()))
    return str(credentials.token)
