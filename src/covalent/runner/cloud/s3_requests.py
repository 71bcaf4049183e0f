"""Signed requests to one S3 bucket. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from .bucket_requests import Answer, BucketRequests
from .credentials import AWSIdentity
from .sigv4 import signed_headers

_RENEWABLE_CODES = ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired")
_UNKNOWN_CODES = ("InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch")
_REGION_CODES = ("AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect")

#: The one identity of this process, for all buckets.
IDENTITY = AWSIdentity()


class S3Requests(BucketRequests):
    """To one bucket, at ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` if set (by path), or at AWS."""

    scheme, service, ca_variable = "s3", "S3", "AWS_CA_BUNDLE"
    bucket_setting, account = "s3_bucket_name", "the job's role (batch_job_role_name)"
    way = "an endpoint for S3"
    actions: ClassVar[dict[str, str]] = {"GET": "s3:GetObject", "PUT": "s3:PutObject", "LIST": "s3:ListBucket"}

    def __init__(self, bucket: str) -> None:
        get = os.environ.get
        self.region = get("COVALENT_REGION") or get("AWS_REGION") or get("AWS_DEFAULT_REGION") or "us-east-1"
        self.endpoint = get("AWS_ENDPOINT_URL_S3") or get("AWS_ENDPOINT_URL") or ""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        host = f"s3.{self.region}.{domain}"
        if self.endpoint or "." in bucket:
            # The certificates of AWS hold for one level of names only, so a bucket with a dot goes by path.
            super().__init__(bucket, self.endpoint or "https://" + host, "/" + bucket)
        else:
            super().__init__(bucket, f"https://{bucket}.{host}", "")

    def _signed(
        self, method: str, path: str, query: str, headers: dict[str, str], digest: str, is_refused: bool
    ) -> dict[str, str]:
        return signed_headers(method, path, query, headers, digest, IDENTITY.credentials(is_refused), self.region)

    def _is_expired(self, answer: Answer) -> bool:
        return answer.element("Code") in _RENEWABLE_CODES

    def _special(self, uri: str, code: Any, said: str, answer: Answer) -> str:
        if answer.status == 301 or code in _REGION_CODES:
            region = answer.headers.get("x-amz-bucket-region") or answer.element("Region")
            there = f"is in region {region}" if region else "is in another region"
            return (
                f"{uri} is out of reach: the bucket {there}, not in {self.region}. Set the executor's region to that."
            )
        if code in _UNKNOWN_CODES or code in _RENEWABLE_CODES:
            return f"S3 does not accept the container's credentials for {uri} ({said}). Check the job's role, and its region."
        return ""
