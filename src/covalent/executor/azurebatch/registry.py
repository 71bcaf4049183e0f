"""Signing in to Azure Container Registry: a token of Entra ID is exchanged for one of the registry's.

Source: documentation of Azure Container Registry, "Registry authentication" and "Azure Container Registry integration with Entra ID".
"""

from __future__ import annotations

import json
from typing import Any, Final

import urllib3

from ...errors import ImageError, ServiceUnreachableError
from ...secrets import Secret
from ..login import Login
from .account import Account
from .session import registry_token

_TIMEOUT: Final = urllib3.Timeout(connect=10, read=30)

#: Of whoever signs in with a token of the registry's.
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"


def sign_in(account: Account, host: str, *, is_encrypted: bool = True) -> Login:
    """What opens the registry for some hours, as far as whoever asks is allowed.

    :raises ExecutorError: if there is no token to be had
    :raises ImageError: if the registry does not take it
    """
    form = {"grant_type": "access_token", "service": host, "access_token": registry_token(account)}
    if account.tenant_id:
        form["tenant"] = account.tenant_id
    url = f"{'https' if is_encrypted else 'http'}://{host}/oauth2/exchange"
    try:
        with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as pool:
            answer = pool.request("POST", url, fields=form, encode_multipart=False)
    except urllib3.exceptions.HTTPError as error:
        raise ServiceUnreachableError(
            f"The registry {host} gave no answer when signing in ({error}). Check its name, and the network."
        ) from error
    token = _decoded(answer.data).get("refresh_token")
    if answer.status != 200 or not isinstance(token, str):
        raise ImageError(
            f"The registry {host} refused the sign-in (HTTP {answer.status}, {_said(answer.data)}). Give whoever pushes the role 'AcrPush' "
            "on it; new roles take some minutes to count."
        )
    return Login(username=_NOBODY, password=Secret(token))


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(data: bytes) -> str:
    errors = _decoded(data).get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return f"{errors[0].get('code')}: {errors[0].get('message')}"
    return "no reason given"
