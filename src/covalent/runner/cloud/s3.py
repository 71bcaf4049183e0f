"""Objects of an S3 bucket. Imports under Python 3.8."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from .bucket_client import BucketClient
from .s3_requests import IDENTITY, S3Requests


class S3Client(BucketClient, S3Requests):
    """As :class:`~.objects.ObjectClient` says."""

    #: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
    max_put_bytes = 5 * 1024**3

    listing: ClassVar[dict[str, str]] = {"list-type": "2", "encoding-type": "url"}

    def _creating(self, body: bytes | str) -> dict[str, str]:
        return {"if-none-match": "*"}

    def _name(self, text: str) -> str:
        return unquote_plus(text)

    def obstore(self) -> Any:
        def provide() -> dict[str, Any]:
            key_id, secret, token = IDENTITY.credentials()
            given = {"access_key_id": key_id, "secret_access_key": secret, "token": token or None}
            return {**given, "expires_at": IDENTITY.expires_at()}

        options: dict[str, Any] = {"virtual_hosted_style_request": not self.endpoint and "." not in self.bucket}
        if self.endpoint:
            options["endpoint"] = self.endpoint
        elif self.region.startswith("cn-"):
            # obstore only knows names below amazonaws.com.
            options["endpoint"] = "https://" + self._host
        made = importlib.import_module("obstore.store").S3Store
        client_options = {"allow_http": self.endpoint.startswith("http:")}
        return made(
            self.bucket, region=self.region, credential_provider=provide, client_options=client_options, **options
        )
