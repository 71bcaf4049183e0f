"""Signature Version 4, checked as the real services check it, so that a client that signs wrongly is not let through here.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from ..http import Request
from .refusal import RefusalError

_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>\w+)"
)
_HEX_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"

#: How services other than S3 word what S3 has a code of its own for.
_QUERY_SERVICES: Final = ("iam", "sts", "ec2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a caller signs with."""

    access_key: str
    secret_key: str
    session_token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signed:
    scope: str  #: ``date/region/service/aws4_request``
    headers: tuple[str, ...]
    signature: str
    at: str  #: ``YYYYMMDDTHHMMSSZ``
    query: tuple[tuple[str, str], ...]  #: Decoded; without the signature itself.
    payload: str  #: Digest of the body, or what stands for it.
    token: str


def check(request: Request, service: str, credentials: Credentials | None) -> None:
    """See whether the request is signed with these credentials.

    :param credentials: those of the access key that the request names; None if there are none
    :raises RefusalError: if it is not, as the service words it
    """
    signed = _read(request)
    if signed is None:
        raise _unsigned(service)
    if credentials is None:
        raise _unknown_key(service)
    if credentials.session_token and not hmac.compare_digest(credentials.session_token.encode(), signed.token.encode()):
        raise _unknown_key(service)
    _check_headers(request, service, signed)
    expected = _signature(_text_to_sign(request, service, signed), credentials.secret_key, signed.scope)
    if not hmac.compare_digest(expected, signed.signature):
        code = "SignatureDoesNotMatch" if service in ("s3", *_QUERY_SERVICES) else "InvalidSignatureException"
        raise RefusalError(
            code,
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        )
    if _HEX_DIGEST.fullmatch(signed.payload) and hashlib.sha256(request.body).hexdigest() != signed.payload:
        raise RefusalError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def _check_headers(request: Request, service: str, signed: _Signed) -> None:
    """What has to be signed, and what has to be there."""
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in signed.headers]
    if unsigned or "host" not in signed.headers:
        raise RefusalError("AccessDenied", "There were headers present in the request which were not signed")
    if service == "s3" and "authorization" in request.headers and "x-amz-content-sha256" not in request.headers:
        raise RefusalError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")


def _read(request: Request) -> _Signed | None:
    headers = request.headers
    query = parse_qsl(request.query, keep_blank_values=True)
    found = _AUTHORIZATION.match(headers.get("authorization", ""))
    if found:
        return _Signed(
            scope=found["credential"].partition("/")[2],
            headers=tuple(found["headers"].split(";")),
            signature=found["signature"],
            at=headers.get("x-amz-date", ""),
            query=tuple(query),
            payload=headers.get("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest(),
            token=headers.get("x-amz-security-token", ""),
        )
    given = dict(query)
    if "X-Amz-Signature" not in given:
        return None
    return _Signed(
        scope=given.get("X-Amz-Credential", "").partition("/")[2],
        headers=tuple(given.get("X-Amz-SignedHeaders", "").split(";")),
        signature=given["X-Amz-Signature"],
        at=given.get("X-Amz-Date", ""),
        query=tuple((name, value) for name, value in query if name != "X-Amz-Signature"),
        payload=headers.get("x-amz-content-sha256", _UNSIGNED),
        token=given.get("X-Amz-Security-Token", ""),
    )


def _text_to_sign(request: Request, service: str, signed: _Signed) -> str:
    # Every service but S3 encodes the path a second time.
    path = quote(unquote(request.path)) if service == "s3" else quote(request.path)
    canonical = "\n".join(
        (
            request.method,
            path.replace("%7E", "~"),
            _canonical_query(signed.query),
            *_canonical_headers(request.headers, signed.headers),
            "",
            ";".join(signed.headers),
            signed.payload,
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"AWS4-HMAC-SHA256\n{signed.at}\n{signed.scope}\n{digest}"


def _canonical_query(query: Iterable[tuple[str, str]]) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_headers(headers: Mapping[str, str], names: Iterable[str]) -> Iterable[str]:
    return (f"{name}:{' '.join(headers.get(name, '').split())}" for name in names)


def _signature(text: str, secret_key: str, scope: str) -> str:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _unsigned(service: str) -> RefusalError:
    if service == "s3":
        return RefusalError("AccessDenied", "Access Denied")
    code = "MissingAuthenticationToken" if service in _QUERY_SERVICES else "MissingAuthenticationTokenException"
    return RefusalError(code, "Missing Authentication Token")


def _unknown_key(service: str) -> RefusalError:
    if service == "s3":
        return RefusalError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    code = "InvalidClientTokenId" if service in _QUERY_SERVICES else "UnrecognizedClientException"
    return RefusalError(code, "The security token included in the request is invalid.")
