"""What a service answers when it does not do what it was asked: each protocol has a form of its own."""

from __future__ import annotations

import json
import uuid
from typing import Final
from xml.sax.saxutils import escape

from ..http import Response

#: The protocols of the services that differ from ``json``; from botocore's service models.
_PROTOCOLS: Final = {"batch": "rest-json", "s3": "rest-xml", "iam": "query", "sts": "query", "ec2": "ec2"}

#: How each service words that there are too many calls: code and status.
_THROTTLED: Final = {
    "batch": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "ec2": ("RequestLimitExceeded", 503),
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
}

#: The status of codes for which it is not 400.
_STATUSES: Final = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "InvalidAccessKeyId": 403,
    "InvalidClientTokenId": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationToken": 403,
    "MissingAuthenticationTokenException": 403,
    "SignatureDoesNotMatch": 403,
    "UnrecognizedClientException": 403,
    "InternalError": 500,
    "InternalFailure": 500,
    "ServerException": 500,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "PreconditionFailed": 412,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "TooManyRequestsException": 429,
}


class RefusalError(Exception):
    """A service refuses a call."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or _STATUSES.get(code, 400)


def throttled(service: str) -> RefusalError:
    """As the service words it."""
    code, status = _THROTTLED.get(service, ("ThrottlingException", 400))
    return RefusalError(code, "Too Many Requests" if status == 429 else "Rate exceeded", status)


def answer(service: str, refusal: RefusalError) -> Response:
    """The response that carries it."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-requestid": request_id, "x-amz-request-id": request_id}
    protocol = _PROTOCOLS.get(service, "json")
    if protocol in ("json", "rest-json"):
        headers |= {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": refusal.code}
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
    else:
        headers["content-type"] = "text/xml"
        error = f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message>"
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            + {
                "rest-xml": f"<Error>{error}<RequestId>{request_id}</RequestId></Error>",
                "query": (
                    f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
                    f"<RequestId>{request_id}</RequestId></ErrorResponse>"
                ),
                "ec2": f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
            }[protocol]
        )
    return Response(status=refusal.status, headers=headers, body=body.encode())
