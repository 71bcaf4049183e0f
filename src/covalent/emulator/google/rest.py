"""Batch, its operations and Logging over REST.

Sources: https://cloud.google.com/batch/docs/reference/rest, https://cloud.google.com/logging/docs/reference/v2/rest
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote

from google.protobuf.json_format import MessageToJson, ParseDict, ParseError

from ..http import Request, Response
from .refusal import RefusalError
from .services import Services

_LOCATION: Final = r"projects/[^/]+/locations/[^/]+"
_JOB: Final = rf"{_LOCATION}/jobs/[^/:]+"


class _Route(NamedTuple):
    method: str
    path: re.Pattern[str]  #: Its groups are fields of the request.
    operation: str
    body: str | None = None  #: The field that the body is; empty if it is the whole request.


_ROUTES: Final = tuple(
    _Route(method, re.compile(path), operation, body)
    for method, path, operation, body in (
        ("POST", rf"/v1/(?P<parent>{_LOCATION})/jobs", "CreateJob", "job"),
        ("GET", rf"/v1/(?P<parent>{_LOCATION})/jobs", "ListJobs", None),
        ("GET", rf"/v1/(?P<name>{_JOB})", "GetJob", None),
        ("DELETE", rf"/v1/(?P<name>{_JOB})", "DeleteJob", None),
        ("POST", rf"/v1/(?P<name>{_JOB}):cancel", "CancelJob", ""),
        ("GET", rf"/v1/(?P<parent>{_JOB}/taskGroups/[^/]+)/tasks", "ListTasks", None),
        ("GET", rf"/v1/(?P<name>{_JOB}/taskGroups/[^/]+/tasks/[^/]+)", "GetTask", None),
        ("GET", rf"/v1/(?P<name>{_LOCATION})/operations", "ListOperations", None),
        ("GET", rf"/v1/(?P<name>{_LOCATION}/operations/[^/]+)", "GetOperation", None),
        ("DELETE", rf"/v1/(?P<name>{_LOCATION}/operations/[^/]+)", "DeleteOperation", None),
        ("POST", r"/v2/entries:list", "ListLogEntries", ""),
    )
)

#: Paths below which nothing else is.
PREFIXES: Final = ("/v1/projects/", "/v2/entries")


class RestApi:
    def __init__(self, services: Services) -> None:
        self._services = services

    def __call__(self, request: Request) -> Response:
        """
        :raises RefusalError: if the service refuses
        :raises BrokenOffError: if the connection is to break off
        """
        for route in _ROUTES:
            found = route.path.fullmatch(unquote(request.path))
            if found and route.method == request.method:
                asked = self._request(route, found.groupdict(), request)
                answer = self._services.call(route.operation, asked, request.headers.get("authorization", ""))
                return Response(
                    headers={"content-type": "application/json; charset=UTF-8"},
                    body=MessageToJson(answer).encode(),
                )
        raise RefusalError("NOT_FOUND", f"There is no {request.method} {request.path}.")

    def _request(self, route: _Route, names: dict[str, str], request: Request) -> Any:
        """:raises RefusalError: if it is none"""
        # Those that ask for a form of the answer are for every service.
        query = {name: values[0] for name, values in parse_qs(request.query).items() if name not in ("alt", "$alt")}
        fields: dict[str, Any] = {**query, **names}
        try:
            if route.body is not None:
                body = json.loads(request.body or b"{}")
                fields |= {route.body: body} if route.body else body
            return ParseDict(fields, self._services.find(route.operation).request())
        except (ValueError, TypeError, ParseError) as error:
            raise RefusalError("INVALID_ARGUMENT", f"Invalid JSON payload received. {error}") from error
