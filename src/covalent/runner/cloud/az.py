"""Objects of a container of Blob Storage. Imports under Python 3.8."""

from __future__ import annotations

import importlib
from html import unescape
from typing import Any, ClassVar

from .az_requests import AZURE_IDENTITY, AZRequests
from .bucket_client import BucketClient
from .bucket_requests import Answer
from .md5 import content_md5


class AZClient(BucketClient, AZRequests):
    """As :class:`~.objects.ObjectClient` says."""

    #: Source: https://learn.microsoft.com/rest/api/storageservices/put-blob#remarks
    max_put_bytes = 5000 * 1024**2

    listing: ClassVar[dict[str, str]] = {"restype": "container", "comp": "list"}
    key_element, cursor_element, cursor = "Name", "NextMarker", "marker"

    def _creating(self, body: bytes | str) -> dict[str, str]:
        # The service compares the bytes that it got before there is an object.
        return {"if-none-match": "*", "x-ms-blob-type": "BlockBlob", "content-md5": content_md5(body)}

    def _is_there(self, answer: Answer) -> bool:
        return answer.status == 412 or answer.element("Code") == "BlobAlreadyExists"

    def _name(self, text: str) -> str:
        return unescape(text)

    def obstore(self) -> Any:
        def provide() -> dict[str, Any]:
            token = AZURE_IDENTITY.credentials()
            return {"token": token, "expires_at": AZURE_IDENTITY.expires_at()}

        return importlib.import_module("obstore.store").AzureStore(
            self.container,
            account_name=self.account_name,
            endpoint=self.endpoint,
            credential_provider=provide,
            client_options={"allow_http": self.endpoint.startswith("http:")},
        )
