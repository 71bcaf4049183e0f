"""The identity that Azure gives to a pool's machines and their containers. Imports under Python 3.8, and is part of the bootstrap.

A token of the pool's managed identity, from the machine's metadata service (IMDS), at ``AZURE_POD_IDENTITY_AUTHORITY_HOST`` if set, as in
Azure's own libraries. Answers, and which of them to ask again for:
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

import http.client
import json
import os
import time
from urllib.parse import quote

from .errors import CredentialsError
from .identity import Identity, ask

#: The same in all of Azure's clouds: https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory
_RESOURCE = "https://storage.azure.com/"

#: How often a token is asked for: a machine answers few at a time, and all that start on it ask.
_TOKEN_TRIES = 10
#: What passes besides failures: the service is being changed or renewed (404, 410), or has too much to do.
_PASSING = (404, 410, 429)

_IDENTITY_ADVICE = (
    "Give the pool a managed identity that may read and write the container, name it in user_assigned_identity if the pool has several, "
    "and do not close the way from tasks to the metadata service."
)


class AzureIdentity(Identity):
    """Credentials are an access token."""

    def _find(self) -> tuple[str, float]:
        host = os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or "http://169.254.169.254"
        client = os.environ.get("AZURE_CLIENT_ID")
        uri = (
            host.rstrip("/")
            + "/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
            + quote(_RESOURCE, safe="")
            + ("&client_id=" + quote(client, safe="") if client else "")
        )
        try:
            found = json.loads(ask("GET", uri, {"Metadata": "true"}, _TOKEN_TRIES, _PASSING))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CredentialsError(
                f"The container cannot get a token of its managed identity ({error}). {_IDENTITY_ADVICE}"
            ) from None
        try:
            return "" + found["access_token"], time.time() + float(found["expires_in"])
        except (KeyError, TypeError, ValueError):
            raise CredentialsError(
                f"What the container got as a token of its managed identity is none. {_IDENTITY_ADVICE}"
            ) from None
