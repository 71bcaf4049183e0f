"""Signing in to Artifact Registry.

Source: documentation of Artifact Registry, "Set up authentication for Docker", on access tokens.
"""

from __future__ import annotations

from typing import Final

from ...secrets import Secret
from ..login import Login
from .session import StoreCredentials

#: Of whoever signs in with an access token.
_NOBODY: Final = "oauth2accesstoken"


def sign_in() -> Login:
    """What opens registries for an hour at most, as far as whoever asks is allowed.

    :raises ExecutorError: if there are no usable credentials
    """
    return Login(username=_NOBODY, password=Secret(StoreCredentials()()["token"]))
