"""Bearer tokens: given out, recognized, and over after a time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from .principals import Principal

#: Audiences of Batch in the public cloud and in the sovereign ones, of which not even the slash may be missing.
#: Source: https://learn.microsoft.com/azure/batch/batch-aad-auth
BATCH_AUDIENCES: Final = (
    "https://batch.core.windows.net/",
    "https://batch.core.usgovcloudapi.net/",
    "https://batch.chinacloudapi.cn/",
)
_STORAGE: Final = "storage.azure.com"

#: Hosts of everything that tokens are given out for.
_HOSTS: Final = (
    *(urlsplit(each).hostname for each in BATCH_AUDIENCES),
    _STORAGE,
    "management.azure.com",
    "containerregistry.azure.net",
    "vault.azure.net",
)


class InvalidTokenError(Exception):
    """A token opens nothing; the message says why, as the services do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    text: str
    principal: Principal
    audience: str  #: What it is good for, for example ``https://storage.azure.com``.
    caller: str  #: Who has it: ``client`` or ``job``.
    expires_at: float  #: Seconds since the epoch.


class Tokens:
    """Those that have been given out. Safe to use from several threads."""

    def __init__(self, lifetime_s: int, clock: Callable[[], float] = time.time) -> None:
        self.lifetime_s = lifetime_s
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}

    def issue(self, principal: Principal, audience: str, caller: str) -> Token:
        token = Token(
            text=f"emulated-{secrets.token_urlsafe(32)}",
            principal=principal,
            audience=audience,
            caller=caller,
            expires_at=self._clock() + self.lifetime_s,
        )
        with self._lock:
            self._tokens[token.text] = token
        return token

    def caller(self, authorization: str) -> str:
        """``client`` or ``job``; whoever shows no token of a job is a client."""
        token = self._tokens.get(bearer(authorization) or "")
        return token.caller if token else "client"

    def check(self, text: str) -> Token:
        """:raises InvalidTokenError: if it is no token, or is over"""
        token = self._tokens.get(text)
        if token is None:
            raise InvalidTokenError("Signature validation failed. The token was not issued by this tenant.")
        if token.expires_at <= self._clock():
            raise InvalidTokenError("Lifetime validation failed. The token is expired.")
        return token


def bearer(authorization: str) -> str | None:
    """The token in a header."""
    kind, _, text = authorization.partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def is_resource(address: str) -> bool:
    """Whether there is something that tokens for this address are good for."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host in _HOSTS or host.partition(".")[2].startswith("blob."))


def is_storage(audience: str) -> bool:
    """Whether a token for this audience is good for Blob Storage.

    Source: https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory (resource ID)
    """
    host = urlsplit(audience).hostname or ""
    return host == _STORAGE or host.partition(".")[2].startswith("blob.")
