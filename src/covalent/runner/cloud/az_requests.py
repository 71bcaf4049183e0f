"""Requests to one container of Blob Storage. Imports under Python 3.8, and is part of the bootstrap.

Statuses and codes: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

import os
from email.utils import formatdate
from typing import Any, ClassVar

from .azure_identity import AzureIdentity
from .bucket_requests import Answer, BucketRequests
from .names import BLOB_ENDPOINT_VARIABLE

#: The version of the service's interface that is spoken: the first with objects of 5,000 MiB in one request.
_VERSION = "2019-12-12"

#: The one identity of this process, for all containers.
AZURE_IDENTITY = AzureIdentity()


class AZRequests(BucketRequests):
    """To one container, at the endpoint that the environment names (by path), or at its storage account.

    :param bucket: container and account, as ``container@account.blob.core.windows.net``
    """

    scheme, service, ca_variable = "az", "Blob Storage", "SSL_CERT_FILE"
    bucket_setting, account = "container_name", "the roles of the pool's managed identity (user_assigned_identity)"
    way = "a private endpoint of the storage account"
    actions: ClassVar[dict[str, str]] = dict.fromkeys(
        ("GET", "PUT", "LIST"), 'reading and writing ("Storage Blob Data Contributor")'
    )

    def __init__(self, bucket: str) -> None:
        self.container, _, self.host = bucket.partition("@")
        self.account_name = self.host.partition(".")[0]
        emulator = os.environ.get(BLOB_ENDPOINT_VARIABLE, "").rstrip("/")
        #: Of the account: what containers are below.
        self.endpoint = emulator + "/" + self.account_name if emulator else "https://" + self.host
        super().__init__(bucket, self.endpoint, "/" + self.container)

    def _signed(
        self, method: str, path: str, query: str, headers: dict[str, str], digest: str, is_refused: bool
    ) -> dict[str, str]:
        token = AZURE_IDENTITY.credentials(is_refused)
        said = {"x-ms-version": _VERSION, "x-ms-date": formatdate(usegmt=True), "authorization": "Bearer " + token}
        return dict(headers, **said)

    def _is_expired(self, answer: Answer) -> bool:
        return answer.status == 401 or answer.element("Code") == "AuthenticationFailed"

    def _special(self, uri: str, code: Any, said: str, answer: Answer) -> str:
        if self._is_expired(answer):
            return (
                f"Blob Storage does not accept the container's token for {uri} ({said}). "
                "Check that the pool's managed identity (user_assigned_identity) is of the storage account's tenant."
            )
        if code == "AuthorizationFailure":
            return (
                f"The network rules of {self.host} keep the container away from {uri} ({said}). "
                "Allow the pool's subnet in the storage account, or give it a private endpoint there."
            )
        if code in ("ContainerNotFound", "ContainerBeingDeleted"):
            return (
                f"There is no container {self.container} in the storage account {self.host} ({said}). "
                f"Create it, or set {self.bucket_setting} to one that there is."
            )
        return ""
