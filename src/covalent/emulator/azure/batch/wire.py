"""Calls as the service gets them, and answers as it gives them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from ...http import Request, Response
from ..refusal import RefusalError
from . import times
from .schema import missing, parse

_JSON: Final = "application/json;odata=minimalmetadata"

#: What the service takes at most. Source: https://learn.microsoft.com/rest/api/batchservice/task/add-collection
MAX_BODY_BYTES: Final = 1024 * 1024


class Version(NamedTuple):
    """What conditional headers are about."""

    etag: str
    modified: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    request: Request
    names: Mapping[str, str]  #: What stands in the path, decoded.
    query: Mapping[str, str]

    def parse(self, model: str) -> dict[str, Any]:
        """The body.

        :raises RefusalError: if the service does not take it
        """
        return parse(model, self._json())

    def parse_each(self, name: str) -> list[Any]:
        """What stands in the array that the body has under this name; nothing in it is looked at.

        :raises RefusalError: if it has none
        """
        found = self._json()
        if not isinstance(found, dict) or not isinstance(found.get(name), list):
            raise missing(name)
        return list(found[name])

    def _json(self) -> Any:
        if len(self.request.body) > MAX_BODY_BYTES:
            raise RefusalError(
                "RequestBodyTooLarge",
                "The size of the request body exceeds the maximum size permitted.",
                details={"MaxLimit": str(MAX_BODY_BYTES)},
            )
        kind = self.request.headers.get("content-type", "")
        if not kind.lower().startswith("application/json"):
            raise _invalid_header("Content-Type", kind)
        try:
            return json.loads(self.request.body or b"null")
        except ValueError as error:
            raise RefusalError(
                "InvalidRequestBody",
                "The specified Request Body is not syntactically valid.",
                details={"Reason": str(error)},
            ) from error

    def parse_optional(self, model: str) -> dict[str, Any]:
        """The same of a body that may be left out."""
        return self.parse(model) if self.request.body else {}

    def check_conditions(self, version: Version) -> None:
        """
        :raises RefusalError: if they do not hold
        """
        headers = self.request.headers
        wanted, unwanted = headers.get("if-match"), headers.get("if-none-match")
        is_kept = wanted in (None, "*", version.etag) and unwanted not in ("*", version.etag)
        modified = datetime.fromisoformat(version.modified).replace(microsecond=0)
        if since := headers.get("if-modified-since"):
            is_kept &= modified > _moment("If-Modified-Since", since)
        if since := headers.get("if-unmodified-since"):
            is_kept &= modified <= _moment("If-Unmodified-Since", since)
        if not is_kept:
            is_read = self.request.method in ("GET", "HEAD")
            raise RefusalError(
                "ConditionNotMet",
                "The condition specified in the conditional header(s) was not met.",
                status=304 if is_read else 412,
            )


#: Answers a call; with the scheduler's lock held.
Handler = Callable[[Call], Response]


class Route(NamedTuple):
    method: str
    path: str  #: With names in braces.
    operation: str
    handle: Handler


def answer(
    status: int, value: Any = None, *, version: Version | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """
    :param value: what the body holds, as JSON
    """
    found = {"dataserviceversion": "3.0", "request-id": str(uuid.uuid4()), **(headers or {})}
    if version is not None:
        found |= {"etag": version.etag, "last-modified": times.for_header(version.modified)}
    if value is None:
        return Response(status=status, headers=found)
    return Response(status=status, headers={**found, "content-type": _JSON}, body=json.dumps(value).encode())


def refused(refusal: RefusalError) -> Response:
    """As a ``BatchError``."""
    if refusal.status == 304:
        return Response(status=304, headers=refusal.headers)
    metadata = {"odata.metadata": "$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element"}
    body = {**metadata, **error_view(refusal)}
    return answer(refusal.status, body, headers=refusal.headers)


def error_view(refusal: RefusalError) -> dict[str, Any]:
    mark = f"RequestId:{uuid.uuid4()}\nTime:{times.now()}"
    shown: dict[str, Any] = {
        "code": refusal.code,
        "message": {"lang": "en-US", "value": f"{refusal.message}\n{mark}"},
    }
    if refusal.details:
        shown["values"] = [{"key": key, "value": value} for key, value in refusal.details.items()]
    return shown


def query_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query, keep_blank_values=True))


def _moment(name: str, text: str) -> datetime:
    """
    :raises RefusalError: if it is no time
    """
    try:
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise _invalid_header(name, text) from error


def _invalid_header(name: str, value: str) -> RefusalError:
    return RefusalError(
        "InvalidHeaderValue",
        "The value provided for one of the HTTP headers was not in the correct format.",
        details={"HeaderName": name, "HeaderValue": value},
    )
