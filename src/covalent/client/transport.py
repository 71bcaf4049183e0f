"""Requests to one server: pooled connections, its token, both versions, and patience while it starts again."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3

from .. import __version__
from ..config import data_dir
from ..errors import (
    AuthenticationError,
    ClientError,
    InterruptedServerError,
    NotFoundError,
    RequestError,
    ServerUnreachableError,
    VersionMismatchError,
)
from .border import border
from .locate import Target, locate
from .log_level import follow_setting

VERSION_HEADER = "X-Covalent-Version"
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
PATIENCE_S = 10.0
CHUNK = 1 << 20

T = TypeVar("T")

#: Addresses, as they were given, at which a server has answered this process.
_answered: set[str | None] = set()

log = logging.getLogger("covalent.client")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """The body of an answer, read as it comes."""

    def __init__(self, response: urllib3.BaseHTTPResponse, url: str) -> None:
        self._response, self._url = response, url

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes.

        :raises ServerUnreachableError: if the body ends before
        """
        with border(self._url):
            data = self._response.read(size)
        if len(data) != size:
            raise InterruptedServerError(self._url, "its answer ended too early")
        return data

    def finish(self) -> None:
        """Expect no more, so that the connection can be used again."""
        with border(self._url):
            self._response.read()

    def chunks(self) -> Iterator[bytes]:
        """The rest, in the pieces in which it arrives."""
        with border(self._url):
            yield from self._response.stream(CHUNK)


class Transport:
    """Requests to the server that ``address`` means, which may move between two of them.

    Every request made here may be repeated without harm, and is, for ``patience_s`` while a server that was there is not.
    """

    def __init__(self, address: str | None = None, patience_s: float = PATIENCE_S) -> None:
        self._address, self._patience_s = address, patience_s

    def target(self) -> Target:
        """:raises ConfigError: if the address is not one"""
        return locate(self._address)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> Answer:
        """Send it and return the whole answer.

        :raises ClientError: if there is no server, or it refuses
        """

        def once() -> Answer:
            with self._exchange(method, path, query, body, headers, timeout_s) as (response, url):
                with border(url):
                    data = response.read()
                return Answer(headers=response.headers, body=data)

        return self.patiently(once)

    @contextmanager
    def open(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> Iterator[Stream]:
        """GET, with an answer to be read as it comes; ``timeout_s`` is the longest silence.

        :raises ClientError: if there is no server, or it refuses
        """
        with ExitStack() as stack:

            def enter() -> tuple[urllib3.BaseHTTPResponse, str]:
                return stack.enter_context(self._exchange("GET", path, query, None, None, timeout_s))

            yield Stream(*self.patiently(enter))

    def patiently(self, attempt: Callable[[], T]) -> T:
        """Repeat ``attempt`` while it fails because the server is starting again."""
        give_up = time.monotonic() + self._patience_s
        pause_s = 0.05
        while True:
            try:
                result = attempt()
            except (ServerUnreachableError, RequestError) as error:
                never_there = type(error) is ServerUnreachableError and self._address not in _answered
                if never_there or not error.retryable or time.monotonic() + pause_s > give_up:
                    raise
                log.info("%s Trying again in %.2f s.", error, pause_s)
            else:
                _answered.add(self._address)
                return result
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 1.0)

    @contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        timeout_s: float,
    ) -> Iterator[tuple[urllib3.BaseHTTPResponse, str]]:
        """One request and its accepted answer, whose body is still to be read."""
        target = self.target()
        if not target.expected:
            raise ServerUnreachableError(target.url, f"none runs on the data directory {data_dir()}")
        given = {k: v for k, v in (query or {}).items() if v is not None}
        url = f"{target.url}/api/v1{path}" + (f"?{urlencode(given)}" if given else "")
        pool = _pool(os.getpid())
        log.debug("%s %s, %d bytes", method, url, len(body or b""))
        with border(target.url):
            response = pool.request(
                method,
                url,
                body=body,
                headers={**_standing_headers(target), **(headers or {})},
                preload_content=False,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=timeout_s),
            )
        try:
            _check(response, target.url)
            yield response, target.url
        finally:
            response.close()  # One that was read to its end has given its connection back before.


def expect_nobody() -> None:
    """Have the next request to a server that is gone fail at once: it was stopped on purpose."""
    _answered.clear()


@lru_cache(maxsize=1)
def _pool(process: int) -> urllib3.PoolManager:  # noqa: ARG001  (a forked process must not share sockets)
    follow_setting()
    return urllib3.PoolManager(maxsize=8)


def _standing_headers(target: Target) -> dict[str, str]:
    headers = {VERSION_HEADER: __version__, "User-Agent": f"covalent/{__version__}"}
    if target.token is not None:
        if not target.token.isascii() or not target.token.isprintable():
            raise AuthenticationError(target.url)
        headers["Authorization"] = f"Bearer {target.token}"
    return headers


def _check(response: urllib3.BaseHTTPResponse, url: str) -> None:
    """Let an answer pass that is a Covalent server's, of our version, and says yes."""
    version = response.headers.get(VERSION_HEADER)
    if version is None:
        if not response.headers:
            raise InterruptedServerError(url, "the connection broke")
        raise ClientError(f"What answers at {url} is not a Covalent server. Check the address and the port.")
    if version.split(".")[:2] != __version__.split(".")[:2]:
        raise VersionMismatchError(__version__, version)
    if response.status < 300:
        return
    if response.status == 401:
        raise AuthenticationError(url)
    with border(url):
        message = _message(response.read(), response.status)
    if response.status == 404:
        raise NotFoundError(message)
    raise RequestError(response.status, message)


def _message(body: bytes, status: int) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server refused the request with status {status} and did not say why."
