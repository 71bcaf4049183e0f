"""Cloud Storage's XML API and a machine's metadata server, as far as runners and obstore use them; refuses what those refuse.

Sources: https://cloud.google.com/storage/docs/xml-api/overview, https://cloud.google.com/compute/docs/access/authenticate-workloads
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from .scripted_http import Request, Response, Script, scripted_http

TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
DATE = "Sat, 21 Nov 2026 05:00:00 GMT"

Query = dict[str, str]


@dataclass
class FakeStorage:
    """The answers of one server, and what it holds."""

    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)  #: Permissions that nobody has, as ``storage.objects.get``.
    token: str | None = (
        "token-1"  #: What the metadata server gives out, and all that storage accepts; None if no account is attached.
    )
    expires_in: float = 3600.0
    page_keys: int = 1000
    asked: list[str] = field(default_factory=list)  #: Method and path of each request.

    def __post_init__(self) -> None:
        self._uploads: dict[str, dict[int, bytes]] = {}
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Response:
        url = urlsplit(request.path)
        self.asked.append(f"{request.method} {unquote(url.path)}")
        if url.path == TOKEN_PATH:
            return self._give_token(request)
        if self.token is None or request.headers.get("authorization") != f"Bearer {self.token}":
            return Response.refusal(401, "AuthenticationRequired", "Authentication required.")
        name, _, key = unquote(url.path[1:]).partition("/")
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        if name not in self.buckets:
            return Response.refusal(404, "NoSuchBucket", "The specified bucket does not exist.")
        return self._object(request, self.buckets[name], key, query) if key else self._list(self.buckets[name], query)

    def _give_token(self, request: Request) -> Response:
        if request.headers.get("metadata-flavor") != "Google":
            return Response(status=403)
        if self.token is None:
            return Response(status=404)
        given = {"access_token": self.token, "expires_in": self.expires_in, "token_type": "Bearer"}
        return Response(body=json.dumps(given).encode(), headers={"Metadata-Flavor": "Google"})

    def _deny(self, permission: str) -> Response | None:
        if permission not in self.denied:
            return None
        body = f"<Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>a@b does not have {permission}</Details></Error>"
        return Response(status=403, body=body.encode())

    def _list(self, bucket: dict[str, bytes], query: Query) -> Response:
        if denial := self._deny("storage.objects.list"):
            return denial
        after = query.get("continuation-token", "")
        keys = sorted(key for key in bucket if key.startswith(query.get("prefix", "")) and key > after)
        shown = keys[: self.page_keys]
        more = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if shown != keys else ""
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-21T05:00:00.000Z</LastModified>"
            f"<ETag>{_etag(bucket[key])}</ETag><Size>{len(bucket[key])}</Size></Contents>"
            for key in shown
        )
        return Response(body=f"<ListBucketResult>{more}{rows}</ListBucketResult>".encode())

    def _object(self, request: Request, bucket: dict[str, bytes], key: str, query: Query) -> Response:
        if "uploads" in query or "uploadId" in query:
            return self._deny("storage.objects.create") or self._in_parts(request, bucket, key, query)
        if request.method == "PUT":
            return self._deny("storage.objects.create") or self._put(request, bucket, key)
        if denial := self._deny("storage.objects.delete" if request.method == "DELETE" else "storage.objects.get"):
            return denial
        if key not in bucket:
            return Response.refusal(404, "NoSuchKey", "The specified key does not exist.")
        if request.method == "DELETE":
            del bucket[key]
            return Response(status=204)
        return _part_of(bucket[key], request.headers.get("range", ""))

    def _put(self, request: Request, bucket: dict[str, bytes], key: str) -> Response:
        if request.headers.get("x-goog-if-generation-match") == "0" and key in bucket:
            return Response.refusal(412, "PreconditionFailed")
        digest = base64.b64encode(hashlib.md5(request.body).digest()).decode()
        if request.headers.get("content-md5", digest) != digest:
            return Response.refusal(400, "BadDigest", "The MD5 you specified did not match what was received.")
        return self._store(bucket, key, request.body)

    def _store(self, bucket: dict[str, bytes], key: str, data: bytes) -> Response:
        bucket[key] = data
        body = f"<CompleteMultipartUploadResult><ETag>{_etag(data)}</ETag></CompleteMultipartUploadResult>"
        return Response(
            body=body.encode(), headers={"ETag": _etag(data), "x-goog-generation": str(next(self._numbers))}
        )

    def _in_parts(self, request: Request, bucket: dict[str, bytes], key: str, query: Query) -> Response:
        if "uploads" in query:
            upload = str(next(self._numbers))
            self._uploads[upload] = {}
            body = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return Response(body=body.encode())
        parts = self._uploads[query["uploadId"]]
        if request.method == "PUT":
            parts[int(query["partNumber"])] = request.body
            return Response(headers={"ETag": _etag(request.body)})
        del self._uploads[query["uploadId"]]
        if request.method == "DELETE":
            return Response(status=204)
        return self._store(bucket, key, b"".join(parts[number] for number in sorted(parts)))


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def _part_of(data: bytes, wanted: str) -> Response:
    headers = {"ETag": _etag(data), "Last-Modified": DATE, "x-goog-generation": "1"}
    if not wanted:
        return Response(body=data, headers=headers)
    start, _, last = wanted.removeprefix("bytes=").partition("-")
    first, end = int(start), min(len(data), int(last) + 1 if last else len(data))
    if first >= len(data):
        return Response.refusal(416, "InvalidRange")
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(data)}"
    return Response(status=206, body=data[first:end], headers=headers)


@contextmanager
def fake_storage() -> Iterator[tuple[FakeStorage, Script]]:
    """A server of both, and what it holds."""
    storage = FakeStorage()
    with scripted_http(storage) as script:
        yield storage, script
