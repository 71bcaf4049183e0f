"""Requests to one bucket of Cloud Storage, through its XML API. Imports under Python 3.8, and is part of the bootstrap.

Statuses and codes: https://cloud.google.com/storage/docs/xml-api/reference-status
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from .bucket_requests import Answer, BucketRequests
from .google_identity import GoogleIdentity

#: The one identity of this process, for all buckets.
GOOGLE_IDENTITY = GoogleIdentity()


class GSRequests(BucketRequests):
    """To one bucket, at ``STORAGE_EMULATOR_HOST`` if set, or at Google."""

    scheme, service, ca_variable = "gs", "Cloud Storage", "SSL_CERT_FILE"
    bucket_setting, account = "bucket_name", "the roles of the job's service account (service_account_email)"
    way = "Private Google Access"
    actions: ClassVar[dict[str, str]] = {
        "GET": "storage.objects.get",
        "PUT": "storage.objects.create",
        "LIST": "storage.objects.list",
    }

    def __init__(self, bucket: str) -> None:
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
        # Google's libraries take it with and without a scheme.
        self.endpoint = emulator if "://" in emulator or not emulator else "http://" + emulator
        super().__init__(bucket, self.endpoint or "https://storage.googleapis.com", "/" + bucket)

    def _signed(
        self, method: str, path: str, query: str, headers: dict[str, str], digest: str, is_refused: bool
    ) -> dict[str, str]:
        token = GOOGLE_IDENTITY.credentials(is_refused)
        return dict(headers, authorization="Bearer " + token) if token else headers

    def _is_expired(self, answer: Answer) -> bool:
        return answer.status == 401

    def _special(self, uri: str, code: Any, said: str, answer: Answer) -> str:
        if answer.status == 401:
            return (
                f"Cloud Storage does not accept the container's token for {uri} ({said}). "
                "Check that the job's service account (service_account_email) exists and is enabled."
            )
        if answer.status == 403 and ("scope(s)" in said or "authentication scopes" in said):
            return (
                f"The container's token does not reach as far as {uri} ({said}). "
                "Give the job's service account the access scope https://www.googleapis.com/auth/cloud-platform."
            )
        return ""
