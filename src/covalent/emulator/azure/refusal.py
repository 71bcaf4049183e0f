"""What a service answers when it does not do what it was asked.

Sources: https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes,
https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: HTTP statuses of codes that their ends do not tell.
_STATUSES: Final = {
    "AccessDenied": 403,
    "AccountIsDisabled": 403,
    "AuthenticationFailed": 403,
    "AuthorizationFailure": 403,
    "AuthorizationPermissionMismatch": 403,
    "ConditionNotMet": 412,
    "InsufficientAccountPermissions": 403,
    "InternalError": 500,
    "InvalidAuthenticationInfo": 401,
    "InvalidRange": 416,
    "MissingContentLengthHeader": 411,
    "JobNotActive": 409,
    "NoAuthenticationInformation": 401,
    "NodeStateUnusable": 409,
    "NotImplemented": 501,
    "OperationInvalidForCurrentState": 409,
    "OperationTimedOut": 500,
    "PermissionDenied": 403,
    "PublicAccessNotPermitted": 409,
    "RequestBodyTooLarge": 413,
    "ServerBusy": 503,
    "TaskFilesCleanedup": 409,
    "TaskFilesUnavailable": 409,
    "TargetConditionNotMet": 412,
    "TooManyRequests": 429,
    "UnsupportedHttpVerb": 405,
    "invalid_client": 401,
    "temporarily_unavailable": 503,
}
_ENDS: Final = {
    "NotFound": 404,
    "Exists": 409,
    "QuotaReached": 409,
    "Completed": 409,
    "Terminating": 409,
    "NotActive": 409,
    "BeingTerminated": 409,
    "Disabled": 409,
    "BeingDeleted": 409,
    "BeingResized": 409,
}


class RefusalError(Exception):
    """A service refuses a call. Each service has a form of its own for it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        :param code: as the service calls it, for example ``JobNotFound``
        :param status: of HTTP; None takes the one that belongs to the code
        :param details: what the service says beside it, by its names
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or status_of(code)
        self.details = details or {}
        self.headers = headers or {}


class BrokenOffError(Exception):
    """There is to be no answer."""


def status_of(code: str) -> int:
    """The HTTP status of a code."""
    return _STATUSES.get(code) or next((status for end, status in _ENDS.items() if code.endswith(end)), 400)


def throttled(service: str) -> RefusalError:
    """How a service says that it is asked too often."""
    if service == "storage":
        return RefusalError("ServerBusy", "The server is busy.", headers={"retry-after": "1"})
    if service == "identity":
        return RefusalError(
            "temporarily_unavailable",
            "AADSTS90055: The server has terminated the request due to excessive request rate.",
            status=429,
            headers={"retry-after": "1"},
        )
    message = "The service is receiving too many requests. Wait for the time that Retry-After names."
    return RefusalError("TooManyRequests", message, headers={"retry-after": "1"})
