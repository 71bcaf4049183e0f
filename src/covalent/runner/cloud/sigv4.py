"""AWS Signature Version 4, as the reference of the S3 API describes it. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations

import hashlib
import hmac
import time


def signed_headers(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    digest: str,
    credentials: tuple[str, str, str],
    region: str,
) -> dict[str, str]:
    """All headers of a request to S3: those given, which must hold ``host``, in lower case, and those that sign it.

    :param path: encoded by :func:`~.bucket_requests.quote_key`
    :param query: encoded by :func:`~.bucket_requests.quote_query`
    :param digest: SHA-256 of the body, in hex
    :param credentials: access key id, secret access key, session token (may be empty)
    """
    key_id, secret, token = credentials
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    signed = dict(headers)
    signed["x-amz-content-sha256"] = digest
    signed["x-amz-date"] = now
    if token:
        signed["x-amz-security-token"] = token
    names = ";".join(sorted(signed))
    lines = "".join(name + ":" + " ".join(signed[name].split()) + "\n" for name in sorted(signed))
    request = "\n".join((method, path, query, lines, names, digest))
    scope = now[:8] + "/" + region + "/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()))
    seal = ("AWS4" + secret).encode()
    for part in (*scope.split("/"), text):
        seal = hmac.new(seal, part.encode(), hashlib.sha256).digest()
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={seal.hex()}"
    )
    return signed
