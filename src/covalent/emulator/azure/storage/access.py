"""Whom Blob Storage lets in with a bearer token. Keys of the account and signatures made with them are Azurite's business.

Source: https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..identity.principals import Application
from ..identity.tokens import InvalidTokenError, Tokens, bearer, is_storage
from ..refusal import RefusalError
from .operations import Operation

#: Since this version the service takes bearer tokens.
_FIRST_VERSION: Final = "2017-11-09"


class StorageAccess:
    def __init__(self, account: str, application: Application, tokens: Tokens) -> None:
        self._account = account
        self._tenant_id = application.tenant_id
        self._tokens = tokens

    def caller(self, headers: Mapping[str, str]) -> str:
        """Who asks: ``client`` or ``job``."""
        return self._tokens.caller(headers.get("authorization", ""))

    def check(self, operation: Operation, headers: Mapping[str, str]) -> bool:
        """Whether the request is to be handed on in the emulator's own name; otherwise as it is.

        :raises RefusalError: for whom the service does not let in
        """
        if operation.account != self._account:
            raise RefusalError(
                "ResourceNotFound",
                f"There is no storage account {operation.account!r}. This emulator has {self._account!r}, at /{self._account}.",
            )
        text = bearer(headers.get("authorization", ""))
        if text is None:
            return False
        if headers.get("x-ms-version", "") < _FIRST_VERSION:
            raise RefusalError(
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including "
                "the signature.",
                details={"AuthenticationErrorDetail": "Authentication scheme Bearer is not supported in this version."},
            )
        try:
            token = self._tokens.check(text)
        except InvalidTokenError as error:
            raise self._unauthenticated(str(error)) from error
        if not is_storage(token.audience):
            raise self._unauthenticated("Audience validation failed. Audience did not match.")
        if not token.principal.may_use(operation.container):
            raise RefusalError(
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )
        return True

    def _unauthenticated(self, detail: str) -> RefusalError:
        challenge = (
            f"Bearer authorization_uri=https://login.microsoftonline.com/{self._tenant_id}/oauth2/authorize "
            "resource_id=https://storage.azure.com"
        )
        return RefusalError(
            "InvalidAuthenticationInfo",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
            details={"AuthenticationErrorDetail": detail},
            headers={"www-authenticate": challenge},
        )
