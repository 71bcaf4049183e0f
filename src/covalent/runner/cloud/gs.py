"""Objects of a bucket of Cloud Storage. Imports under Python 3.8."""

from __future__ import annotations

import importlib
from html import unescape
from typing import Any, ClassVar

from .bucket_client import BucketClient
from .gs_requests import GOOGLE_IDENTITY, GSRequests
from .md5 import content_md5


class GSClient(BucketClient, GSRequests):
    """As :class:`~.objects.ObjectClient` says."""

    #: Source: https://cloud.google.com/storage/quotas#objects
    max_put_bytes = 5 * 1024**4

    listing: ClassVar[dict[str, str]] = {"list-type": "2"}

    def _creating(self, body: bytes | str) -> dict[str, str]:
        # The service compares the bytes that it got before there is an object.
        return {"x-goog-if-generation-match": "0", "content-md5": content_md5(body)}

    def _name(self, text: str) -> str:
        return unescape(text)

    def obstore(self) -> Any:
        def provide() -> dict[str, Any]:
            token = GOOGLE_IDENTITY.credentials()
            return {"token": token, "expires_at": GOOGLE_IDENTITY.expires_at()}

        options: dict[str, Any] = {"credential_provider": provide}
        if not GOOGLE_IDENTITY.credentials():
            options = {"skip_signature": True}
        if self.endpoint:
            options.update(base_url=self.endpoint, client_options={"allow_http": self.endpoint.startswith("http:")})
        return importlib.import_module("obstore.store").GCSStore(self.bucket, **options)
