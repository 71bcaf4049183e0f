"""Errors of boto3 as ours."""

from __future__ import annotations

import string

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.awsbatch.border import RefusedError, translated
from covalent.troubles import Trouble

#: What says that no answer came.
UNREACHABLE = {
    "HTTPClientError",
    "ConnectionError",
    "EndpointConnectionError",
    "SSLError",
    "ConnectionClosedError",
    "ReadTimeoutError",
    "ConnectTimeoutError",
    "ProxyConnectionError",
    "ResponseStreamingError",
    "ResponseParserError",
    "IncompleteReadError",
}


def all_of(kind: type[Exception]) -> list[type[Exception]]:
    return [found for sub in kind.__subclasses__() for found in (sub, *all_of(sub))]


def made(kind: type[Exception]) -> Exception:
    fields = {name for _, name, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if name}
    more = {"last_response": {}} if kind is WaiterError else {}
    return kind(**dict.fromkeys(fields, "x"), **more)


def client_error(code: str, status: int = 400, message: str = "the reason") -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


@pytest.mark.parametrize(
    "kind",
    sorted(
        {k for k in all_of(BotoCoreError) if k.__module__ == botocore.exceptions.__name__}, key=lambda k: k.__name__
    ),
    ids=lambda kind: kind.__name__,
)
def test_every_error_of_botocore_becomes_one_of_ours(kind):
    error = translated(made(kind), "doing it")
    assert isinstance(error, ExecutorError)
    assert "doing it" in str(error)
    assert isinstance(error, ServiceUnreachableError) == (kind.__name__ in UNREACHABLE)


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "ThrottlingException", "SlowDown", "RequestLimitExceeded"]
)
def test_a_wish_for_fewer_calls_is_told_from_a_failure(code):
    assert isinstance(translated(client_error(code, 503), "doing it"), ThrottledError)
    assert isinstance(translated(client_error("Whatever", 429), "doing it"), ThrottledError)


def test_a_failure_of_the_service_is_no_answer():
    assert isinstance(translated(client_error("InternalError", 500), "doing it"), ServiceUnreachableError)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("ExpiredToken", "Sign in again"),
        ("ExpiredTokenException", "Sign in again"),
        ("UnrecognizedClientException", "Check the access key"),
        ("InvalidClientTokenId", "Check the access key"),
        ("SignatureDoesNotMatch", "Check the access key"),
        ("RequestTimeTooSkewed", "clock"),
        ("AccessDeniedException", "Give whoever runs the Covalent server that permission"),
    ],
)
def test_a_refusal_says_what_to_do(code, remedy):
    error = translated(client_error(code), "doing it")
    assert isinstance(error, RefusedError)
    assert str(error).startswith(f"AWS refused when doing it ({code}: the reason). ")
    assert remedy in str(error)
    assert error.is_denied == (code == "AccessDeniedException")
    assert not error.retryable


@pytest.mark.parametrize(
    "said",
    [
        "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)",
        "Signature not yet current: 20260101T001000Z is still later than 20260101T000500Z",
    ],
)
def test_a_signature_of_another_time_is_told_from_a_wrong_key(said):
    error = translated(client_error("SignatureDoesNotMatch", message=said), "doing it")
    assert error.trouble is Trouble.WRONG_CLOCK
    assert "Set the clock" in str(error)


def test_a_refusal_without_a_remedy_is_told_in_the_words_of_aws():
    assert str(translated(client_error("ClientException", message="Wrong."), "doing it")) == (
        "AWS refused when doing it (ClientException: Wrong)."
    )
