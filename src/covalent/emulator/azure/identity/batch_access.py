"""Whom Batch lets in: principals with a role there, and whoever signs with the account's key.

Source: https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl

from ...http import Request
from ..refusal import RefusalError
from .tokens import BATCH_AUDIENCES, InvalidTokenError, Tokens, bearer

_SIGNED_HEADERS: Final = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)

#: Seconds by which the date of a signed request may be off.
_DATE_LIMIT_S: Final = 15 * 60


class BatchAccess:
    def __init__(self, account: str, key: str, tokens: Tokens) -> None:
        """
        :param key: of the account, in base64
        """
        self._account = account
        self._key = key
        self._tokens = tokens

    def __call__(self, request: Request) -> str:
        """Who asks, ``client`` or ``job``.

        :raises RefusalError: for whom Batch does not let in
        """
        authorization = request.headers.get("authorization", "")
        kind, _, shown = authorization.partition(" ")
        if kind == "SharedKey":
            self._check_signature(request, shown)
            return "client"
        text = bearer(authorization)
        if text is None:
            raise _invalid("The request has no authorization header, or one of an unknown scheme.")
        try:
            token = self._tokens.check(text)
        except InvalidTokenError as error:
            raise _invalid(str(error)) from error
        if token.audience not in BATCH_AUDIENCES:
            raise _invalid(
                f"The access token has been obtained from wrong audience or resource '{token.audience}'. It should exactly match "
                f"(including forward slash) with one of the allowed audiences '{BATCH_AUDIENCES[0]}'"
            )
        if not token.principal.has_batch:
            raise RefusalError("AuthorizationFailure", "This request is not authorized to perform this operation.")
        return token.caller

    def _check_signature(self, request: Request, shown: str) -> None:
        account, _, signature = shown.partition(":")
        date = request.headers.get("ocp-date") or request.headers.get("date", "")
        try:
            age_s = abs(time.time() - parsedate_to_datetime(date).timestamp())
        except ValueError:
            age_s = float("inf")
        if age_s > _DATE_LIMIT_S:
            raise _forged(f"The date of the request, {date!r}, is missing or too far from now.")
        if account != self._account or not hmac.compare_digest(signature, sign(request, account, self._key)):
            raise _forged(
                f"The MAC signature found in the HTTP request '{signature}' is not the same as any computed signature of the account "
                f"'{self._account}'."
            )


def sign(request: Request, account: str, key: str) -> str:
    """The signature of a request.

    :param key: in base64
    """
    headers = dict(request.headers)
    if headers.get("ocp-date"):
        headers["date"] = ""
    signed = [request.method, *(headers.get(name, "") for name in _SIGNED_HEADERS)]
    signed += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("ocp-") and headers[name]]
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.query):
        query.setdefault(name, value)
    signed.append(f"/{account}{request.path}")
    signed += [f"{name}:{query[name]}" for name in sorted(query)]
    digest = hmac.digest(base64.b64decode(key), "\n".join(signed).encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def _invalid(detail: str) -> RefusalError:
    """How Batch refuses a token."""
    return _unauthenticated("", detail, 401)


def _forged(detail: str) -> RefusalError:
    """How it refuses a signature."""
    return _unauthenticated(" including the signature", detail, 403)


def _unauthenticated(what: str, detail: str, status: int) -> RefusalError:
    return RefusalError(
        "AuthenticationFailed",
        f"Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly{what}.",
        details={"AuthenticationErrorDetail": detail},
        status=status,
    )
