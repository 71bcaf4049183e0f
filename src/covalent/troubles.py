"""Troubles that can be put in a word. What an error says of them in full is its own."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """What is wrong with an account, or with how it is set up, for programs: as ``covalent doctor --json`` says it."""

    NO_CREDENTIALS = "no-credentials"  #: None were found.
    EXPIRED_CREDENTIALS = "expired-credentials"
    WRONG_CREDENTIALS = "wrong-credentials"  #: Nobody's, or not those of this account.
    WRONG_REGION = "wrong-region"  #: There is no such region, or what is needed lies in another one.
    UNREACHABLE = "unreachable-endpoint"  #: No answer came.
    NO_PERMISSION = "no-permission"  #: To do what was tried.
    MISSING_BUCKET = "missing-bucket"  #: Or container of blobs.
    MISSING_QUEUE = "missing-queue"
    DISABLED_QUEUE = "disabled-queue"  #: It is there, and takes or runs no jobs.
    MISSING_POOL = "missing-pool"
    BAD_POOL = "bad-pool"  #: It is there, and cannot run tasks.
    MISSING_IMAGE = "missing-image"  #: Its registry, which is open to everybody, does not have it.
    MISSING_ROLE = "missing-role"  #: Or an identity that has none.
    MISSING_API = "missing-api"  #: It is not enabled.
    MISSING_PROJECT = "missing-project"  #: Or account.
    MISSING_PACKAGE = "missing-package"  #: A library is not installed.
    WRONG_CLOCK = "wrong-clock"
    WRONG_SETTING = "wrong-setting"
    QUOTA = "quota"  #: Less is allowed than is asked for.
