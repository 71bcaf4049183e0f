"""Errors of Google's libraries as ours."""

from __future__ import annotations

import google.api_core.exceptions as api
import google.auth.exceptions as auth
import pytest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.gcpbatch.border import RefusedError, translated

CALL_ERRORS = [
    kind for kind in vars(api).values() if isinstance(kind, type) and issubclass(kind, api.GoogleAPICallError)
]
AUTH_ERRORS = [
    kind for kind in vars(auth).values() if isinstance(kind, type) and issubclass(kind, auth.GoogleAuthError)
]

#: What says that no answer came, or that it may be another one later.
PASSING = {
    "Aborted", "BadGateway", "Cancelled", "DataLoss", "DeadlineExceeded", "GatewayTimeout", "InternalServerError",
    "ServerError", "ServiceUnavailable", "TimeoutError", "TransportError", "Unknown",
}  # fmt: skip


@pytest.mark.parametrize("kind", [*CALL_ERRORS, *AUTH_ERRORS], ids=lambda kind: kind.__name__)
def test_every_error_of_googles_libraries_becomes_one_of_ours(kind):
    error = translated(kind("the reason"), "doing it")
    assert isinstance(error, ExecutorError)
    assert "doing it" in str(error)
    assert "the reason" in str(error)
    assert isinstance(error, ServiceUnreachableError) == (kind.__name__ in PASSING)
    assert isinstance(error, ThrottledError) == (kind.__name__ in ("ResourceExhausted", "TooManyRequests"))


def test_errors_that_are_retried_too_often_are_no_answer():
    assert isinstance(translated(api.RetryError("too long", None), "doing it"), ServiceUnreachableError)


def test_an_error_of_authentication_that_passes_is_no_answer():
    assert isinstance(translated(auth.RefreshError("busy", retryable=True), "doing it"), ServiceUnreachableError)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (api.PermissionDenied("Batch API has not been used in project 1 before or it is disabled"), "Enable the API"),
        (api.PermissionDenied("caller does not have access to act as service account x@y"), "serviceAccountUser"),
        (api.PermissionDenied("Permission 'batch.jobs.create' denied on resource"), "roles/batch.jobsEditor"),
        (api.PermissionDenied("Permission denied on 'locations/us-esat1' (or it may not exist): location"), "Set region"),
        (api.NotFound("Location us-nowhere1 is not found"), "Set region"),
        (api.PermissionDenied("Project 'nobodys' not found or permission denied"), "Check project_id"),
        (api.InvalidArgument("allowed_locations field is invalid"), "Correct allowed_locations"),
        (api.InvalidArgument("Machine type n9-huge is not found"), "Correct machine_type"),
        (api.InvalidArgument("service account x is invalid"), "service_account_email"),
        (api.InvalidArgument("memory_mib must be positive"), "Correct vcpus, memory"),
        (api.Unauthenticated("Request had invalid authentication credentials"), "Sign in again"),
        (auth.DefaultCredentialsError("Your default credentials were not found"), "gcloud auth application-default"),
        (auth.RefreshError("invalid_grant: Token has been expired or revoked"), "Sign in again"),
        (auth.RefreshError("invalid_grant: Invalid JWT Signature."), "make a new key"),
        (auth.RefreshError("invalid_grant: Invalid grant: account not found"), "make a new key"),
        (auth.RefreshError("invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes)"), "Set the clock"),
        (api.ServiceUnavailable("Getting metadata from plugin failed with error: ('invalid_grant: x')"), "Sign in again"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_refusal_says_what_to_do(error, remedy):
    found = translated(error, "doing it")
    assert isinstance(found, RefusedError)
    assert remedy in str(found)
    assert not found.retryable


def test_a_refusal_without_a_remedy_is_told_in_the_words_of_google():
    found = translated(api.FailedPrecondition("Not now."), "doing it")
    assert str(found) == "Google refused when doing it (FailedPrecondition: Not now)."
