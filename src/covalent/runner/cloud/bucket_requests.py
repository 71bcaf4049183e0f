"""Requests to one bucket of any service, repeated where that helps. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from .connections import Connections
from .errors import MissingObjectError, ObjectError

#: How often a request is made before it counts as failed: half a minute of pauses, and some six minutes.
TRIES = 10
PATIENT_TRIES = 30

EMPTY_SHA256 = hashlib.sha256().hexdigest()

_LONGEST_PAUSE_S = 20.0

_BUSY = (408, 429, 500, 502, 503, 504)
_BUSY_CODES = ("ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown")


class Answer:
    """The end of a request: what was taken of the body, or the body of a refusal."""

    def __init__(self, status: int, headers: Any, content: Any) -> None:
        self.status, self.headers, self.content = status, headers, content

    def element(self, name: str) -> str:
        """The text of an XML element; empty if there is none."""
        found = re.search(b"<" + name.encode() + b">([^<]*)<", self.content if isinstance(self.content, bytes) else b"")
        return found.group(1).decode("utf-8", "replace") if found else ""


class BucketRequests(ABC):
    """A service's class says where its buckets are, how requests are signed, and what it calls things.

    :param endpoint: scheme and host, and a path if there is one
    :param root: of the bucket below the endpoint: a slash and its name, or empty
    :raises ObjectError: if the endpoint is no address
    """

    scheme: str  #: Of the URIs of objects.
    service: str  #: Its name, for a person.
    ca_variable: str  #: The variable that names a file of certificates to trust.
    bucket_setting: str  #: The executor's setting that names the bucket.
    account: str  #: What of a job has to be allowed something, with the executor's setting.
    way: str  #: What leads from a private network to the service.
    actions: ClassVar[dict[str, str]]  #: What has to be allowed for GET, PUT and LIST.

    def __init__(self, bucket: str, endpoint: str, root: str) -> None:
        self.bucket, parts = bucket, urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ObjectError(f"The endpoint {endpoint!r} is no address. Write it like https://host:port.")
        self._root, self._host = parts.path.rstrip("/") + root, parts.netloc
        self._connections = Connections(parts.scheme, parts.netloc, os.environ.get(self.ca_variable, ""))

    @abstractmethod
    def _signed(
        self, method: str, path: str, query: str, headers: dict[str, str], digest: str, is_refused: bool
    ) -> dict[str, str]:
        """All headers of a request: those given, and those that say who asks.

        :param is_refused: the service did not accept who asked last
        :raises ObjectError: if there are no credentials
        """

    @abstractmethod
    def _is_expired(self, answer: Answer) -> bool:
        """Whether new credentials may help."""

    @abstractmethod
    def _special(self, uri: str, code: Any, said: str, answer: Answer) -> str:
        """What a refusal means that only this service knows; empty if it is none of those."""

    def request(
        self,
        method: str,
        key: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: Any = None,
        digest: str = EMPTY_SHA256,
        take: Callable[[Any], Any] | None = None,
        tries: int = TRIES,
    ) -> Answer:
        """Make a request until there is an answer that counts.

        :param key: empty for the bucket itself
        :param headers: in lower case; read anew for each try
        :param body: bytes, or the path of a file
        :param digest: SHA-256 of the body
        :param take: reads a good response; by default, all of it
        :raises ObjectError: if there is none
        """
        path, text = self._root + quote_key("/" + key) if key else self._root or "/", quote_query(query or {})
        is_refused, pause_s = False, 0.0
        for left in range(tries - 1, -1, -1):
            asked = self._signed(method, path, text, dict(headers or {}, host=self._host), digest, is_refused)
            try:
                answer = self._send(method, path + ("?" + text if text else ""), asked, body, take)
            except (OSError, http.client.HTTPException) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise ObjectError(self._no_certificates(error)) from None
                if not left:
                    raise ObjectError(self._no_answer(key, error)) from None
            else:
                is_expired = self._is_expired(answer) and not is_refused
                is_busy = answer.status in _BUSY or answer.element("Code") in _BUSY_CODES
                if not left or not (is_expired or is_busy):
                    return answer
                is_refused = is_expired
            # The first pause is none: most often, a connection that was kept open is no longer there.
            time.sleep(pause_s * (0.5 + os.urandom(1)[0] / 512))
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 or 0.2)
        raise AssertionError("the last try returns or raises")

    def uri(self, key: str) -> str:
        return f"{self.scheme}://{self.bucket}/{key}"

    def close(self) -> None:
        """Close connections that are not in use."""
        self._connections.close()

    def refusal(self, what: str, key: str, answer: Answer) -> ObjectError:
        """The error for an answer that is not the one hoped for; ``what`` is GET, PUT or LIST."""
        code, uri = answer.element("Code") or answer.status, self.uri(key)
        # Azure's message goes on with the request's number and its time.
        message = answer.element("Message").partition("\n")[0]
        said = ": ".join(filter(None, (str(code), message, answer.element("Details"))))
        message = self._special(uri, code, said, answer)
        if message:
            return ObjectError(message, answer.status)
        if code == "NoSuchBucket":
            message = f"There is no bucket {self.bucket} ({said}). Create it, or set {self.bucket_setting} to one that there is."
        elif answer.status == 403:
            message = (
                f"The container may not {what} {uri} ({said}). Allow {self.actions[what]} on it in {self.account}."
            )
        elif answer.status == 404:
            message = f"{uri} is not there ({said}). It was deleted, or never written: run the workflow again."
            return MissingObjectError(message, answer.status)
        else:
            message = f"{self.service} refuses to {what} {uri} ({said}, status {answer.status})."
        return ObjectError(message, answer.status)

    def _send(self, method: str, target: str, headers: dict[str, str], body: Any, take: Any) -> Answer:
        def read(response: Any) -> Answer:
            is_good = response.status in (200, 206)
            content = take(response) if take and is_good else response.read()
            return Answer(response.status, response.headers, content)

        if not isinstance(body, str):
            return self._connections.send(method, target, headers, body, read)  # type: ignore[no-any-return]
        with open(body, "rb") as stream:  # noqa: PTH123
            headers["content-length"] = str(os.fstat(stream.fileno()).st_size)
            return self._connections.send(method, target, headers, stream, read)  # type: ignore[no-any-return]

    def _no_certificates(self, error: Exception) -> str:
        return (
            f"The image cannot check the certificate of {self._host} ({error}). Install CA certificates in the image (package "
            f"ca-certificates), or set {self.ca_variable} to a file that holds them."
        )

    def _no_answer(self, key: str, error: Exception) -> str:
        return (
            f"{self._host} does not answer, so {self.uri(key)} cannot be reached ({type(error).__name__}: {error}). "
            f"The container needs a way there: a public address, a NAT gateway, or {self.way} in its network."
        )


def quote_key(key: str) -> str:
    """A key as services want it in a path: once encoded, with its slashes."""
    return quote(key, safe="/-_.~")


def quote_query(query: dict[str, str]) -> str:
    """Parameters in the one order and form in which they may be signed."""
    return "&".join(quote(name, safe="-_.~") + "=" + quote(query[name], safe="-_.~") for name in sorted(query))
