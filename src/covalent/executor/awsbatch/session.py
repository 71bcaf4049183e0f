"""Credentials and clients: one session and one client of each service for an account and region.

Nothing here retries: the engine does, and a submission whose answer was lost must be looked up before it is repeated.
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import ExecutorError, hint
from ...troubles import Trouble
from .border import translated

if TYPE_CHECKING:
    import boto3

#: Calls to AWS that are under way at once.
THREADS: Final = 8

CONNECT_TIMEOUT_S: Final = 10
READ_TIMEOUT_S: Final = 30

#: How long object storage uses credentials before it asks for them again; botocore renews them in time by itself.
CREDENTIALS_TTL: Final = timedelta(minutes=10)

#: What asks for the next page, and what names it, of operations that do not call both ``nextToken``.
_NEXT: Final = {"list_objects_v2": ("ContinuationToken", "NextContinuationToken")}

#: What the names of services end with in most regions.
DOMAIN: Final = "amazonaws.com"

SERVICES: Final = ("batch", "sts", "iam", "logs", "s3")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whose resources are used, and where. What is empty is found as every AWS program finds it: environment, files, machine."""

    credentials: str = ""  #: Path of a shared credentials file.
    profile: str = ""
    region: str

    def session_options(self) -> dict[str, Any]:
        """Keyword arguments for ``boto3.Session``.

        :raises ExecutorError: if there is no such file
        """
        options: dict[str, Any] = {"region_name": self.region}
        if self.profile:
            options["profile_name"] = self.profile
        if self.credentials:
            options["botocore_session"] = self._reading_file()
            # Without a profile, variables of the environment would win over the file that somebody named.
            options.setdefault("profile_name", "default")
        return options

    def _reading_file(self) -> Any:
        import botocore.session

        path = Path(self.credentials).expanduser()
        if not path.is_file():
            raise ExecutorError(
                f"credentials names the file {path}, which does not exist on this machine. Correct it, or leave it out.",
                trouble=Trouble.NO_CREDENTIALS,
            )
        session = botocore.session.get_session()
        session.set_config_variable("credentials_file", str(path))
        return session

    def session(self) -> boto3.Session:
        """A new session. Slow: it reads files.

        :raises ExecutorError: if boto3 is missing, or file, profile or region are wrong
        """
        try:
            import boto3
        except ImportError as error:
            raise ExecutorError(
                "The AWS Batch executor needs boto3 and obstore where the server runs: pip install "
                "'covalent-batch[aws]'",
                trouble=Trouble.MISSING_PACKAGE,
            ) from error
        from botocore.exceptions import BotoCoreError

        try:
            session = boto3.Session(**self.session_options())
            _refuse_unknown_region(session, self.region)
        except BotoCoreError as error:
            raise translated(error, "reading the AWS configuration") from error
        return session


def _refuse_unknown_region(session: boto3.Session, region: str) -> None:
    """A mistyped region has no address, and what cannot be reached is waited for."""
    if endpoint("batch"):
        return
    known = [r for p in session.get_available_partitions() for r in session.get_available_regions("batch", p)]
    if region not in known:
        raise ExecutorError(
            f"region is {region!r}, where AWS Batch is not to be had as far as the installed boto3 knows."
            f"{hint(region, known)} A newer boto3 knows newer regions.",
            trouble=Trouble.WRONG_REGION,
        )


def endpoint(service: str) -> str | None:
    """The address of a service that the environment names in place of Amazon's own, as every AWS program understands it."""
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    return os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL") or None


def partition_of(region: str) -> str:
    """What ARNs there begin with, after ``arn:``."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def consoles_of(region: str) -> str:
    """What the names of the consoles of regions end with. Source: AWS General Reference, "AWS Management Console endpoints"."""
    endings = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
    return endings.get(partition_of(region), "console.aws.amazon.com")


def domain_of(region: str) -> str:
    """What the names of services there end with."""
    return f"{DOMAIN}.cn" if region.startswith("cn-") else DOMAIN


def store_endpoint(region: str) -> str | None:
    """Where S3 is, for obstore, which only knows names below amazonaws.com; None if that is right."""
    domain = domain_of(region)
    return None if domain == DOMAIN else f"https://s3.{region}.{domain}"


class StoreCredentials:
    """What obstore asks for credentials: those of the account, from boto3. It is asked in threads of its own."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._lock = threading.Lock()
        self._found: Any = None

    def __call__(self) -> dict[str, Any]:
        """:raises ExecutorError: if there are none"""
        with self._lock:
            self._found = self._found or _credentials(self.account.session())
            frozen = self._found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + CREDENTIALS_TTL,
        }


def _credentials(session: boto3.Session) -> Any:
    from botocore.exceptions import BotoCoreError, NoCredentialsError

    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise translated(error, "looking for AWS credentials") from error
    if found is None:
        raise translated(NoCredentialsError(), "looking for AWS credentials")
    return found


class Clients:
    """One client of each service, called in a few threads."""

    def __init__(self, clients: Mapping[str, Any]) -> None:
        self._clients = clients
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")

    @classmethod
    async def open(cls, account: Account) -> Clients:
        """:raises ExecutorError: if there are no usable credentials"""
        return await asyncio.to_thread(lambda: cls(_clients(account)))

    async def call(self, service: str, operation: str, what: str, **arguments: Any) -> dict[str, Any]:
        """One call; ``what`` is it in words, for errors.

        :raises ThrottledError: if the service wants fewer calls
        :raises ServiceUnreachableError: if no answer came
        :raises RefusedError: if the service refuses
        """
        method = getattr(self._clients[service], operation)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(_called, method, what, arguments))

    async def items(self, service: str, operation: str, what: str, part: str, **arguments: Any) -> AsyncIterator[Any]:
        """What all pages of an answer hold under ``part``; errors as of :meth:`call`."""
        while True:
            answer = await self.call(service, operation, what, **arguments)
            for item in answer.get(part, ()):
                yield item
            name, token = _NEXT.get(operation, ("nextToken", "nextToken"))
            if not answer.get(token):
                return
            arguments[name] = answer[token]

    def definitions(self, what: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        """All revisions of job definitions that are asked for: AWS shows a hundred at a time. Errors as of :meth:`call`."""
        return self.items("batch", "describe_job_definitions", what, "jobDefinitions", **arguments)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()


def _called(method: Any, what: str, arguments: dict[str, Any]) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: dict[str, Any] = method(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise translated(error, what) from error
    return answer


def _clients(account: Account) -> dict[str, Any]:
    from botocore.config import Config

    from ... import __version__

    session = account.session()
    _credentials(session)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        max_pool_connections=THREADS,
        user_agent_extra=f"covalent-batch/{__version__}",
    )
    return {service: session.client(service, config=config) for service in SERVICES}
