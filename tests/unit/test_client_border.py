"""Every error of the HTTP library becomes one of ours."""

from __future__ import annotations

import http.client
import inspect
import socket
from typing import Any

import pytest
import urllib3.exceptions as foreign
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection

from covalent.client.border import border, mapped
from covalent.errors import ClientError, ConfigError, CovalentError, InterruptedServerError, ServerUnreachableError

URL = "http://127.0.0.1:48008"

#: What the constructors of the library's errors ask for, by the name of the parameter.
ARGUMENTS: dict[str, Any] = {
    "pool": HTTPConnectionPool("127.0.0.1"),
    "conn": HTTPConnection("127.0.0.1"),
    "url": "/",
    "message": "because",
    "error": OSError("because"),
    "reason": socket.gaierror(-2, "Name or service not known"),
    "host": "example.org",
    "location": "x",
    "scheme": "ftp",
    "partial": 3,
    "expected": 5,
    "response": HTTPResponse(b""),
    "length": b"x",
    "defects": [],
    "unparsed_data": b"",
    "retries": 3,
}


def made(kind: type[foreign.HTTPError]) -> foreign.HTTPError:
    wanted = inspect.signature(kind.__init__).parameters
    if "args" in wanted:
        return kind("because")
    return kind(**{name: ARGUMENTS[name] for name in wanted if name != "self"})


KINDS = [
    kind
    for _, kind in inspect.getmembers(foreign, inspect.isclass)
    if issubclass(kind, foreign.HTTPError) and kind.__module__ == foreign.__name__
]


def test_the_library_has_the_errors_that_are_walked():
    assert len(KINDS) > 25


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_of_the_library_is_mapped_and_says_where(kind):
    error = mapped(made(kind), URL)
    assert isinstance(error, CovalentError)
    assert URL in str(error)
    assert "object at 0x" not in str(error)


@pytest.mark.parametrize(
    ("raised", "expected", "says"),
    [
        (made(foreign.NewConnectionError), ServerUnreachableError, "(because)"),
        (
            foreign.NewConnectionError(ARGUMENTS["conn"], "[Errno 111] Connection refused"),
            ServerUnreachableError,
            "refused",
        ),
        (made(foreign.NameResolutionError), ServerUnreachableError, "its name is unknown"),
        (made(foreign.ReadTimeoutError), InterruptedServerError, "too long to answer"),
        (made(foreign.ProtocolError), InterruptedServerError, "the connection broke"),
        (
            foreign.MaxRetryError(ARGUMENTS["pool"], "/", made(foreign.SSLError)),
            ServerUnreachableError,
            "no secure connection",
        ),
        (made(foreign.LocationParseError), ConfigError, "is not the address of a server"),
        (made(foreign.UnrewindableBodyError), ClientError, "could not be made"),
        (http.client.BadStatusLine("x"), InterruptedServerError, "the connection broke"),
        (ConnectionResetError(104, "reset"), InterruptedServerError, "the connection broke"),
    ],
)
def test_the_kind_of_error_says_whether_the_server_was_there(raised, expected, says):
    with pytest.raises(CovalentError) as caught, border(URL):
        raise raised
    assert type(caught.value) is expected
    assert says in str(caught.value)
    assert caught.value.__cause__ is raised


def test_only_errors_of_the_library_are_mapped():
    with pytest.raises(KeyError), border(URL):
        raise KeyError("mine")
