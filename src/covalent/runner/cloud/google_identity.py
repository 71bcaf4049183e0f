"""The identity that Google gives to a machine and its containers. Imports under Python 3.8, and is part of the bootstrap.

A token of the job's service account, from the metadata server, at ``GCE_METADATA_HOST`` if set, as in Google's own libraries:
https://cloud.google.com/compute/docs/access/authenticate-workloads
"""

from __future__ import annotations

import http.client
import json
import os
import time

from .errors import CredentialsError
from .identity import Identity, ask

_ACCOUNT_ADVICE = (
    "Give the job a service account that may read and write the bucket (service_account_email), and do not close the way from the "
    "container to the metadata server."
)


class GoogleIdentity(Identity):
    """Credentials are an access token; empty where storage is emulated and there is no metadata server."""

    def _find(self) -> tuple[str, float]:
        host = os.environ.get("GCE_METADATA_HOST")
        if not host and os.environ.get("STORAGE_EMULATOR_HOST"):
            return "", float("inf")
        uri = f"http://{host or 'metadata.google.internal'}/computeMetadata/v1/instance/service-accounts/default/token"
        try:
            found = json.loads(ask("GET", uri, {"Metadata-Flavor": "Google"}))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CredentialsError(
                f"The container cannot get a token of its service account ({error}). {_ACCOUNT_ADVICE}"
            ) from None
        try:
            return "" + found["access_token"], time.time() + found["expires_in"]
        except (KeyError, TypeError):
            raise CredentialsError(
                f"What the container got as a token of its service account is none. {_ACCOUNT_ADVICE}"
            ) from None
