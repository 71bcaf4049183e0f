"""What a service answers when it does not do what it was asked.

Sources: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto, https://cloud.google.com/apis/design/errors,
https://cloud.google.com/storage/docs/xml-api/reference-status
"""

from __future__ import annotations

import json
from typing import Final
from xml.sax.saxutils import escape

from ..http import Response

#: Codes of ``google.rpc.Code``, with their HTTP statuses and how Cloud Storage's XML API calls them.
_CODES: Final = {
    "ABORTED": (409, "OperationAborted"),
    "ALREADY_EXISTS": (409, "BucketAlreadyOwnedByYou"),
    "DEADLINE_EXCEEDED": (504, "RequestTimeout"),
    "FAILED_PRECONDITION": (400, "PreconditionFailed"),
    "INTERNAL": (500, "InternalError"),
    "INVALID_ARGUMENT": (400, "InvalidArgument"),
    "NOT_FOUND": (404, "NoSuchKey"),
    "OUT_OF_RANGE": (400, "InvalidRange"),
    "PERMISSION_DENIED": (403, "AccessDenied"),
    "RESOURCE_EXHAUSTED": (429, "SlowDown"),
    "UNAUTHENTICATED": (401, "AuthenticationRequired"),
    "UNAVAILABLE": (503, "ServiceUnavailable"),
    "UNIMPLEMENTED": (501, "NotImplemented"),
}

#: The same, by the names of Cloud Storage.
_OF_STORAGE: Final = {
    "BadDigest": "INVALID_ARGUMENT",
    "InvalidSecurity": "PERMISSION_DENIED",
    "MethodNotAllowed": "UNIMPLEMENTED",
    "NoSuchBucket": "NOT_FOUND",
    "NoSuchUpload": "NOT_FOUND",
    **{storage: code for code, (_, storage) in _CODES.items()},
}

_STATUSES: Final = {"PreconditionFailed": 412, "InvalidRange": 416, "MethodNotAllowed": 405}


class RefusalError(Exception):
    """A service refuses a call."""

    def __init__(self, code: str, message: str) -> None:
        """
        :param code: one of ``google.rpc.Code``, or as Cloud Storage's XML API has it; others count as INVALID_ARGUMENT
        """
        super().__init__(message)
        self.message = message
        self.grpc_code = code if code in _CODES else _OF_STORAGE.get(code, "INVALID_ARGUMENT")
        self.storage_code = _CODES[code][1] if code in _CODES else code
        self.status = _STATUSES.get(code, _CODES[self.grpc_code][0])


class BrokenOffError(Exception):
    """There is to be no answer."""


def json_answer(refusal: RefusalError) -> Response:
    """As REST has it."""
    error = {"code": refusal.status, "message": refusal.message, "status": refusal.grpc_code}
    errors = [{"message": refusal.message, "domain": "global", "reason": refusal.storage_code}]
    body = json.dumps({"error": {**error, "errors": errors}}).encode()
    return Response(status=refusal.status, headers={"content-type": "application/json; charset=UTF-8"}, body=body)


def xml_answer(refusal: RefusalError) -> Response:
    """As Cloud Storage's XML API has it."""
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{escape(refusal.storage_code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error>"
    )
    return Response(
        status=refusal.status, headers={"content-type": "application/xml; charset=UTF-8"}, body=body.encode()
    )
