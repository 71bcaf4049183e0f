"""The JSON API: ``/storage/v1/b…``, ``/upload/storage/v1/b…``. Source: https://cloud.google.com/storage/docs/json_api/v1"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote, unquote

from ...http import Request, Response
from ..refusal import RefusalError
from .buckets import Buckets, StoredObject
from .conditions import Conditions
from .ranges import part
from .uploads import Uploads

_MAX_RESULTS: Final = 1000
_PATH: Final = re.compile(
    r"/(?P<kind>upload/|download/|resumable/upload/)?storage/v1/b(?:/(?P<bucket>[^/]+)(?P<objects>/o)?(?:/(?P<key>[^/]+))?)?/?"
)

#: Fields of an object's resource, and the headers that say the same.
_FIELDS: Final = {
    "contentType": "content-type",
    "contentEncoding": "content-encoding",
    "contentDisposition": "content-disposition",
    "contentLanguage": "content-language",
    "cacheControl": "cache-control",
    "md5Hash": "content-md5",
}


class _Place(NamedTuple):
    kind: str
    bucket: str
    key: str
    operation: str


def operation_of(request: Request) -> str:
    """Its name; empty if the request is not for this API."""
    return _place(request).operation


class JsonApi:
    def __init__(self, buckets: Buckets, uploads: Uploads, endpoint: str) -> None:
        self._buckets = buckets
        self._uploads = uploads
        self._endpoint = endpoint
        self._handlers: dict[str, Callable[[Request, _Place, dict[str, str]], Response]] = {
            "ListBuckets": self._list_buckets,
            "CreateBucket": self._create_bucket,
            "GetBucket": self._get_bucket,
            "ListObjects": self._list,
            "GetObject": self._get,
            "HeadObject": self._head,
            "DeleteObject": self._delete,
            "PutObject": self._insert,
            "CreateResumableUpload": self._begin,
            "UploadChunk": self._resume,
        }

    def __call__(self, request: Request) -> Response:
        """:raises RefusalError: if the service refuses"""
        place = _place(request)
        handler = self._handlers.get(place.operation)
        if handler is None:
            raise RefusalError("MethodNotAllowed", f"There is no {request.method} {request.path}.")
        return handler(request, place, _query(request))

    def _list_buckets(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        return _json({"kind": "storage#buckets", "items": [self._bucket(name) for name in self._buckets.names()]})

    def _create_bucket(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        name = str(_fields(request.body).get("name", ""))
        self._buckets.create(name)
        return _json(self._bucket(name))

    def _get_bucket(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        self._buckets.check(place.bucket)
        return _json(self._bucket(place.bucket))

    def _list(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        wanted = query.get("maxResults", str(_MAX_RESULTS))
        if not wanted.isdecimal():
            raise RefusalError("INVALID_ARGUMENT", f"Invalid value for maxResults: {wanted!r}.")
        listing = self._buckets.list(
            place.bucket,
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            after=query.get("pageToken", ""),
            most=min(int(wanted), _MAX_RESULTS),
        )
        found: dict[str, Any] = {
            "kind": "storage#objects",
            "items": [self._resource(place.bucket, each) for each in listing.objects],
            "prefixes": listing.prefixes,
        }
        return _json(found if listing.next_after is None else {**found, "nextPageToken": listing.next_after})

    def _get(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        found = self._buckets.get(place.bucket, place.key, Conditions.of_query(query), query.get("generation"))
        data, status, headers = part(found.data, request.headers.get("range"))
        headers |= {"content-type": found.headers.get("content-type", "application/octet-stream")}
        headers |= {
            "etag": found.etag,
            "x-goog-generation": str(found.generation),
            "x-goog-hash": f"md5={found.md5_base64}",
        }
        return Response(status=status, headers=headers, body=data)

    def _head(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        found = self._buckets.get(place.bucket, place.key, Conditions.of_query(query), query.get("generation"))
        return _json(self._resource(place.bucket, found))

    def _delete(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        self._buckets.delete(place.bucket, place.key, Conditions.of_query(query), query.get("generation"))
        return Response(status=204)

    def _insert(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        headers: Mapping[str, str] = {"content-type": request.headers.get("content-type", "")}
        key, data = query.get("name", ""), request.body
        if query.get("uploadType") == "multipart":
            fields, headers, data = _related(request)
            key = key or str(fields.get("name", ""))
        stored = self._buckets.put(place.bucket, key, data, headers, Conditions.of_query(query))
        return _json(self._resource(place.bucket, stored))

    def _begin(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        fields = _fields(request.body)
        key = query.get("name") or str(fields.get("name", ""))
        content_type = request.headers.get("x-upload-content-type")
        headers = _headers({**({"contentType": content_type} if content_type else {}), **fields})
        upload_id = self._uploads.begin(place.bucket, key, headers, Conditions.of_query(query))
        path = f"/upload/storage/v1/b/{quote(place.bucket)}/o?uploadType=resumable&upload_id={upload_id}"
        return Response(headers={"location": self._endpoint + path, "x-guploader-uploadid": upload_id})

    def _resume(self, request: Request, place: _Place, query: dict[str, str]) -> Response:
        done = self._uploads.resume(query["upload_id"], request.body, request.headers.get("content-range"))
        if isinstance(done, int):
            return Response(status=308, headers={"range": f"bytes=0-{done - 1}"} if done else {})
        return _json(self._resource(place.bucket, done))

    def _bucket(self, name: str) -> dict[str, Any]:
        link = f"{self._endpoint}/storage/v1/b/{name}"
        return {"kind": "storage#bucket", "id": name, "name": name, "selfLink": link, "storageClass": "STANDARD"}

    def _resource(self, bucket: str, found: StoredObject) -> dict[str, Any]:
        link = f"{self._endpoint}/storage/v1/b/{bucket}/o/{quote(found.key, safe='')}"
        written = datetime.fromtimestamp(found.written_at, UTC).isoformat().replace("+00:00", "Z")
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{found.key}/{found.generation}",
            "name": found.key,
            "bucket": bucket,
            "generation": str(found.generation),
            "metageneration": str(found.metageneration),
            "size": str(len(found.data)),
            "etag": found.etag.strip('"'),
            "timeCreated": written,
            "updated": written,
            "selfLink": link,
            "mediaLink": f"{link.replace('/storage/', '/download/storage/', 1)}?alt=media",
            "metadata": found.metadata,
            "md5Hash": found.md5_base64,
            **{name: found.headers[header] for name, header in _FIELDS.items() if header in found.headers},
        }


def _place(request: Request) -> _Place:
    found = _PATH.fullmatch(request.path)
    if found is None:
        return _Place("", "", "", "")
    kind, bucket, key = found["kind"] or "", unquote(found["bucket"] or ""), unquote(found["key"] or "")
    return _Place(kind, bucket, key, _operation(request, kind, bucket, key, has_objects=found["objects"] is not None))


def _operation(request: Request, kind: str, bucket: str, key: str, *, has_objects: bool) -> str:
    query = _query(request)
    if "upload" in kind:
        if "upload_id" in query:
            return "UploadChunk"
        return "CreateResumableUpload" if query.get("uploadType") == "resumable" else "PutObject"
    if has_objects and key:
        reading = "GetObject" if query.get("alt") == "media" or kind else "HeadObject"
        return {"GET": reading, "DELETE": "DeleteObject"}.get(request.method, f"{request.method} key")
    if has_objects:
        return "ListObjects" if request.method == "GET" else f"{request.method} objects"
    if bucket:
        return "GetBucket" if request.method == "GET" else f"{request.method} bucket"
    return {"GET": "ListBuckets", "POST": "CreateBucket"}.get(request.method, f"{request.method} service")


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.query, keep_blank_values=True).items()}


def _fields(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise RefusalError("INVALID_ARGUMENT", f"Parse Error: {error}") from error
    return found if isinstance(found, dict) else {}


def _headers(fields: Mapping[str, Any]) -> dict[str, str]:
    """An object's resource, as headers."""
    named = {header: str(fields[name]) for name, header in _FIELDS.items() if name in fields}
    return {**named, **{f"x-goog-meta-{name}": str(value) for name, value in fields.get("metadata", {}).items()}}


def _related(request: Request) -> tuple[dict[str, Any], dict[str, str], bytes]:
    """The two parts of an upload: the object's resource, also as headers, and its content."""
    head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.body).get_payload()
    if not isinstance(parts, list) or len(parts) != 2:
        raise RefusalError("INVALID_ARGUMENT", "A multipart upload has two parts.")
    fields = _fields(parts[0].get_payload(decode=True))  # type: ignore[union-attr, arg-type]
    headers = {"content-type": parts[1].get_content_type(), **_headers(fields)}  # type: ignore[union-attr]
    boundary = request.body[: request.body.index(b"\r\n")]
    content = request.body.split(boundary)[2].partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
    return fields, headers, content


def _json(value: dict[str, Any]) -> Response:
    return Response(headers={"content-type": "application/json; charset=UTF-8"}, body=json.dumps(value).encode())
