"""Who asks: clients, who need no credentials here, and jobs, whose tokens their metadata servers give out."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...errors import EmulatorError
from .refusal import RefusalError

#: What a client may send that cannot do without a token.
CLIENT_TOKEN: Final = "anonymous"  # noqa: S105 # it opens nothing but an emulator

#: Seconds after which Google Batch gives a job up whose machines do not report.
#: Source: https://cloud.google.com/batch/docs/troubleshooting ("No VM has agent reporting correctly")
SILENCE_S: Final = 1080.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A service account."""

    email: str
    silent_s: float | None = None  #: Seconds until its jobs fail, because it may not report for their machines.

    @classmethod
    def parse(cls, text: str) -> Account:
        """``EMAIL``, ``EMAIL=silent`` or ``EMAIL=silent:SECONDS``.

        :raises EmulatorError: if it is something else
        """
        email, separator, kind = text.partition("=")
        word, has_seconds, seconds = kind.partition(":")
        try:
            silent_s = (float(seconds) if has_seconds else SILENCE_S) if separator else None
        except ValueError:
            silent_s = -1.0
        if not email or (separator and word != "silent") or (silent_s is not None and silent_s < 0):
            raise EmulatorError(
                f"{text!r} is no service account. Write EMAIL, or EMAIL=silent or EMAIL=silent:SECONDS for one that lacks "
                "roles/batch.agentReporter."
            )
        return cls(email=email, silent_s=silent_s)


class Identities:
    """Service accounts, and who has which token. Safe to use from several threads."""

    def __init__(self, accounts: Sequence[Account], default: str) -> None:
        """
        :param accounts: those that exist; none stands for all that anybody names
        :param default: the account of jobs that name none
        """
        self.default = default
        self._accounts = {account.email: account for account in accounts}
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}  # of jobs, by the email of their account

    def account(self, email: str) -> Account:
        """:raises RefusalError: if nobody may use it, because it does not exist"""
        email = email or self.default
        if self._accounts and email not in self._accounts and email != self.default:
            raise RefusalError(
                "PERMISSION_DENIED",
                f"The caller does not have access to act as the specified service account: {email}. Permission "
                "'iam.serviceAccounts.actAs' denied on resource (or it may not exist).",
            )
        return self._accounts.get(email) or Account(email=email)

    def token(self, email: str) -> str:
        """What jobs of this account show; always the same."""
        with self._lock:
            if email not in self._tokens:
                self._tokens[email] = f"ya29.emulated-job-{secrets.token_urlsafe(24)}"
            return self._tokens[email]

    def caller(self, authorization: str) -> str:
        """``client`` or ``job``."""
        return "job" if _token(authorization) in self._tokens.values() else "client"

    def check(self, authorization: str) -> None:
        """:raises RefusalError: if what is shown is nobody's token"""
        token = _token(authorization)
        if token not in ("", CLIENT_TOKEN) and token not in self._tokens.values():
            raise RefusalError(
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
                "authentication credential.",
            )


def _token(authorization: str) -> str:
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else authorization
