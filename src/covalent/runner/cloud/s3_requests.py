"""Signed requests to one S3 bucket, repeated where that helps. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations

import http.client
import os
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .connections import Connections
from .credentials import Identity
from .errors import MissingObjectError, ObjectError
from .sigv4 import EMPTY_SHA256, quote_key, quote_query, signed_headers

#: How often a request is made before it counts as failed: half a minute of pauses, and some six minutes.
TRIES = 10
PATIENT_TRIES = 30

_LONGEST_PAUSE_S = 20.0

_BUSY = (408, 429, 500, 502, 503, 504)
_BUSY_CODES = ("ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown")
_RENEWABLE_CODES = ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired")
_UNKNOWN_CODES = ("InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch")
_REGION_CODES = ("AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect")
_ACTIONS = {"GET": "s3:GetObject", "PUT": "s3:PutObject", "LIST": "s3:ListBucket"}

#: The one identity of this process, for all buckets.
IDENTITY = Identity()


class Answer:
    """The end of a request: what was taken of the body, or the body of a refusal."""

    def __init__(self, status: int, headers: Any, content: Any) -> None:
        self.status, self.headers, self.content = status, headers, content

    def element(self, name: str) -> str:
        """The text of an XML element; empty if there is none."""
        found = re.search(b"<" + name.encode() + b">([^<]*)<", self.content if isinstance(self.content, bytes) else b"")
        return found.group(1).decode("utf-8", "replace") if found else ""


class S3Requests:
    """To one bucket, at ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` if set (by path), or at AWS."""

    def __init__(self, bucket: str) -> None:
        get = os.environ.get
        self.bucket = bucket
        self.region = get("COVALENT_REGION") or get("AWS_REGION") or get("AWS_DEFAULT_REGION") or "us-east-1"
        self.endpoint = get("AWS_ENDPOINT_URL_S3") or get("AWS_ENDPOINT_URL") or ""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        self._root, scheme, host = "/" + bucket, "https", f"s3.{self.region}.{domain}"
        if self.endpoint:
            parts = urlsplit(self.endpoint)
            self._root, scheme, host = parts.path.rstrip("/") + self._root, parts.scheme, parts.netloc
            if scheme not in ("http", "https") or not host:
                raise ObjectError(f"The endpoint {self.endpoint!r} is no address. Write it like https://host:port.")
        elif "." not in bucket:
            # The certificates of AWS hold for one level of names only, so a bucket with a dot goes by path.
            self._root, host = "", f"{bucket}.{host}"
        self._host, self._connections = host, Connections(scheme, host)

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

        :param headers: in lower case; read anew for each try
        :param body: bytes, or the path of a file
        :param digest: SHA-256 of the body
        :param take: reads a good response; by default, all of it
        :raises ObjectError: if there is none
        """
        path, text = self._root + quote_key("/" + key), quote_query(query or {})
        is_refused, pause_s = False, 0.0
        for left in range(tries - 1, -1, -1):
            credentials = IDENTITY.credentials(is_refused)
            asked = dict(headers or {}, host=self._host)
            asked = signed_headers(method, path, text, asked, digest, credentials, self.region)
            try:
                answer = self._send(method, path + ("?" + text if text else ""), asked, body, take)
            except (OSError, http.client.HTTPException) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise ObjectError(_no_certificates(self._host, error)) from None
                if not left:
                    raise ObjectError(_no_answer(self._host, self.uri(key), error)) from None
            else:
                code = answer.element("Code")
                is_expired = code in _RENEWABLE_CODES and not is_refused
                if not left or not (is_expired or answer.status in _BUSY or code in _BUSY_CODES):
                    return answer
                is_refused = is_expired
            # The first pause is none: most often, a connection that was kept open is no longer there.
            time.sleep(pause_s * (0.5 + os.urandom(1)[0] / 512))
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 or 0.2)
        raise AssertionError("the last try returns or raises")

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def close(self) -> None:
        """Close connections that are not in use."""
        self._connections.close()

    def refusal(self, what: str, key: str, answer: Answer) -> ObjectError:
        """The error for an answer that is not the one hoped for; ``what`` is GET, PUT or LIST."""
        code, said = answer.element("Code") or answer.status, answer.element("Message")
        uri, said = self.uri(key), f"{code}: {said}".rstrip(": ")
        region = answer.headers.get("x-amz-bucket-region") or answer.element("Region")
        if answer.status == 301 or code in _REGION_CODES:
            there = f"is in region {region}" if region else "is in another region"
            message = (
                f"{uri} is out of reach: the bucket {there}, not in {self.region}. Set the executor's region to that."
            )
        elif code == "NoSuchBucket":
            message = (
                f"There is no bucket {self.bucket} ({said}). Create it, or set s3_bucket_name to one that there is."
            )
        elif code in _UNKNOWN_CODES or code in _RENEWABLE_CODES:
            message = f"S3 does not accept the container's credentials for {uri} ({said}). Check the job's role, and its region."
        elif answer.status == 403:
            message = f"The container may not {what} {uri} ({said}). Allow {_ACTIONS[what]} on it in the job's role (batch_job_role_name)."
        elif answer.status == 404:
            message = f"{uri} is not there ({said}). It was deleted, or never written: run the workflow again."
            return MissingObjectError(message, answer.status)
        else:
            message = f"S3 refuses to {what} {uri} ({said}, status {answer.status})."
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


def _no_certificates(host: str, error: Exception) -> str:
    return (
        f"The image cannot check the certificate of {host} ({error}). Install CA certificates in the image (package ca-certificates), "
        "or set AWS_CA_BUNDLE to a file that holds them."
    )


def _no_answer(host: str, uri: str, error: Exception) -> str:
    return (
        f"{host} does not answer, so {uri} cannot be reached ({type(error).__name__}: {error}). The container needs a way there: "
        "a public address, a NAT gateway, or an endpoint for S3 in its network."
    )
