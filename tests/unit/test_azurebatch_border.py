"""Errors of Azure's libraries as ours."""

from __future__ import annotations

import json
from typing import Any

import azure.core.exceptions as core
import azure.identity as identity
import pytest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.azurebatch.border import RefusedError, translated
from covalent.troubles import Trouble

KINDS = {
    kind
    for module in (core, identity)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, core.AzureError)
}

#: What says that no answer came, or that it could not be read to its end.
PASSING = {
    "DecodeError", "IncompleteReadError", "ResponseNotReadError", "ServiceRequestError", "ServiceRequestTimeoutError",
    "ServiceResponseError", "ServiceResponseTimeoutError", "StreamClosedError", "StreamConsumedError",
}  # fmt: skip


class Answer:
    """An answer of Azure's, as far as errors look at one."""

    reason, request = "reason", "request"

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        self.status_code, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def read(self) -> bytes:
        return self._body

    def text(self) -> str:
        return self._body.decode()


def batch_error(status: int, code: str, message: str, *values: tuple[str, str], **headers: str) -> Exception:
    """As the client for Azure Batch raises it."""
    text = {"lang": "en-US", "value": f"{message}\nRequestId:1\nTime:2"}
    body = {"code": code, "message": text, "values": [{"key": key, "value": value} for key, value in values]}
    return core.HttpResponseError(message="no", response=Answer(status, body, **headers))  # type: ignore[arg-type]


def raised(kind: type[Exception]) -> Exception:
    if kind is core.TooManyRedirectsError:
        return kind([])
    if kind in (core.ODataV4Error, core.ResponseNotReadError, core.StreamClosedError, core.StreamConsumedError):
        return kind(Answer(400, {}))
    return kind("the reason")


@pytest.mark.parametrize("kind", sorted(KINDS, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_every_error_of_azures_libraries_becomes_one_of_ours(kind):
    found = translated(raised(kind), "doing it")
    assert isinstance(found, ExecutorError)
    assert "doing it" in str(found)
    assert kind.__name__ in str(found)
    assert isinstance(found, ServiceUnreachableError) == (kind.__name__ in PASSING)
    assert not isinstance(found, ThrottledError)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_service_that_fails_gave_no_answer(status):
    assert isinstance(translated(batch_error(status, "InternalError", "Oops."), "doing it"), ServiceUnreachableError)


@pytest.mark.parametrize(
    "error",
    [
        batch_error(429, "TooManyRequests", "Slow down."),
        batch_error(503, "ServerBusy", "Later."),
        batch_error(503, "Unavailable", "Later.", Retry_After="7"),
    ],
    ids=str,
)
def test_a_service_that_wants_fewer_calls_is_throttled(error):
    assert isinstance(translated(error, "doing it"), ThrottledError)


def test_the_quota_of_active_jobs_is_waited_for_and_explained():
    found = translated(
        batch_error(409, "ActiveJobAndScheduleQuotaReached", "The account has reached it."), "making a job"
    )
    assert isinstance(found, ThrottledError)
    assert "as its quota allows" in str(found)
    assert "covalent gc azurebatch" in str(found)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [  # As Entra ID and Azure Batch say it.
        (core.ClientAuthenticationError("AADSTS90002: Tenant 'x' not found."), "Correct tenant_id"),
        (core.ClientAuthenticationError("AADSTS700016: Application 'x' was not found"), "Correct client_id"),
        (core.ClientAuthenticationError("AADSTS7000215: Invalid client secret provided."), "Correct client_secret"),
        (core.ClientAuthenticationError("AADSTS7000222: The provided client secret keys are expired"), "has expired"),
        (core.ClientAuthenticationError("AADSTS500011: The resource principal was not found"), "batch_account_domain"),
        (core.ClientAuthenticationError("AADSTS53003: Access has been blocked"), "administrator"),
        (core.ClientAuthenticationError("DefaultAzureCredential failed to retrieve a token"), "az login"),
        (identity.CredentialUnavailableError("none here"), "az login"),
        (ValueError("Invalid tenant id provided. You can locate it"), "Correct tenant_id"),
        (batch_error(403, "AuthorizationFailure", "Not authorized."), "Azure Batch Job Submitter"),
        (batch_error(403, "SomethingElse", "Not you."), "Azure Batch Job Submitter"),
        (batch_error(401, "AuthenticationFailed", "No.", ("AuthenticationErrorDetail", "audience")), "audience"),
        (batch_error(404, "PoolNotFound", "The specified pool does not exist."), "Correct pool_id"),
        (batch_error(400, "InvalidPropertyValue", "Bad.", ("PropertyName", "containerSettings")), "base_image_uri"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_whoever_is_refused_is_told_what_to_do(error, remedy):
    found = translated(error, "doing it")
    assert (type(found), found.retryable) == (RefusedError, False)
    assert remedy in str(found)


def test_a_sign_in_that_another_moment_may_let_pass_is_no_refusal():
    error = core.ClientAuthenticationError("AADSTS90033: A transient error has occurred. Please try again.")
    assert isinstance(translated(error, "signing in"), ServiceUnreachableError)


def test_a_sign_in_that_did_not_get_there_is_no_refusal():
    refused = core.ClientAuthenticationError("Authentication failed: Connection refused")
    refused.__cause__ = core.ServiceRequestError("Connection refused")
    error = translated(refused, "signing in")
    assert isinstance(error, ServiceUnreachableError)
    assert error.trouble is Trouble.UNREACHABLE


def test_a_refusal_has_azures_code_and_status_and_words_but_not_the_ids_of_the_request():
    found = translated(batch_error(409, "JobExists", "It exists."), "making it")
    assert isinstance(found, RefusedError)
    assert (found.code, found.status) == ("JobExists", 409)
    assert str(found) == "Azure refused when making it (JobExists: It exists)."


def test_an_answer_that_is_no_json_is_told_by_its_status():
    error = core.HttpResponseError(message="proxy", response=Answer(407, b"<html>"))  # type: ignore[arg-type]
    found = translated(error, "doing it")
    assert isinstance(found, RefusedError)
    assert found.status == 407
