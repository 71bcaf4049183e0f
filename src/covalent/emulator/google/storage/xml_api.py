"""The XML API: ``/BUCKET`` and ``/BUCKET/KEY``. Source: https://cloud.google.com/storage/docs/xml-api/reference-methods"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Final
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape, unescape

from ...http import Request, Response
from ..refusal import RefusalError
from .buckets import Buckets, StoredObject
from .conditions import Conditions
from .ranges import part
from .uploads import Uploads

_MAX_KEYS: Final = 1000
_PART: Final = re.compile(rb"<Part>.*?</Part>", re.DOTALL)
_NUMBER: Final = re.compile(rb"<PartNumber>\s*(\d+)\s*</PartNumber>")
_ETAG: Final = re.compile(rb"<ETag>\s*(.*?)\s*</ETag>", re.DOTALL)

#: Operations by method, place and the parameter that distinguishes them, if there is one.
_OPERATIONS: Final = {
    ("GET", "service", ""): "ListBuckets",
    ("PUT", "bucket", ""): "CreateBucket",
    ("GET", "bucket", ""): "ListObjects",
    ("HEAD", "bucket", ""): "GetBucket",
    ("GET", "key", ""): "GetObject",
    ("HEAD", "key", ""): "HeadObject",
    ("PUT", "key", ""): "PutObject",
    ("DELETE", "key", ""): "DeleteObject",
    ("POST", "key", "uploads"): "CreateMultipartUpload",
    ("PUT", "key", "uploadId"): "UploadPart",
    ("GET", "key", "uploadId"): "ListParts",
    ("POST", "key", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "key", "uploadId"): "AbortMultipartUpload",
}


def operation_of(request: Request) -> str:
    """Its name; the method and the place where there is no such operation."""
    bucket, key = _place(request)
    place = "key" if key else "bucket" if bucket else "service"
    query = _query(request)
    parameter = next((name for name in ("uploads", "uploadId") if name in query), "")
    name = _OPERATIONS.get((request.method, place, parameter), f"{request.method} {place}")
    return "CopyObject" if name == "PutObject" and "x-goog-copy-source" in request.headers else name


class XmlApi:
    def __init__(self, buckets: Buckets, uploads: Uploads) -> None:
        self._buckets = buckets
        self._uploads = uploads
        self._handlers: dict[str, Callable[[Request, str, str], Response]] = {
            "ListBuckets": self._list_buckets,
            "CreateBucket": self._create_bucket,
            "GetBucket": self._get_bucket,
            "ListObjects": self._list,
            "GetObject": self._get,
            "HeadObject": self._get,
            "PutObject": self._put,
            "CopyObject": self._copy,
            "DeleteObject": self._delete,
            "CreateMultipartUpload": self._begin_upload,
            "UploadPart": self._upload_part,
            "ListParts": self._list_parts,
            "CompleteMultipartUpload": self._complete_upload,
            "AbortMultipartUpload": self._abort_upload,
        }

    def __call__(self, request: Request) -> Response:
        """:raises RefusalError: if the service refuses"""
        handler = self._handlers.get(operation_of(request))
        if handler is None:
            raise RefusalError("MethodNotAllowed", "The specified method is not allowed against this resource.")
        return handler(request, *_place(request))

    def _list_buckets(self, request: Request, bucket: str, key: str) -> Response:
        names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in self._buckets.names())
        return _xml(f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>")

    def _create_bucket(self, request: Request, bucket: str, key: str) -> Response:
        self._buckets.create(bucket)
        return Response()

    def _get_bucket(self, request: Request, bucket: str, key: str) -> Response:
        self._buckets.check(bucket)
        return Response()

    def _list(self, request: Request, bucket: str, key: str) -> Response:
        query = _query(request)
        after = query.get("continuation-token") or query.get("start-after") or query.get("marker", "")
        listing = self._buckets.list(
            bucket,
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            after=after,
            most=min(_whole("max-keys", query.get("max-keys", str(_MAX_KEYS))), _MAX_KEYS),
        )
        contents = "".join(map(_entry, listing.objects))
        prefixes = "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in listing.prefixes
        )
        token = listing.next_after
        more = "" if token is None else f"<NextContinuationToken>{escape(token)}</NextContinuationToken>"
        return _xml(
            f"<ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Name>{bucket}</Name>"
            f"<Prefix>{escape(query.get('prefix', ''))}</Prefix><IsTruncated>{str(token is not None).lower()}</IsTruncated>"
            f"{more}{contents}{prefixes}</ListBucketResult>"
        )

    def _get(self, request: Request, bucket: str, key: str) -> Response:
        conditions = Conditions.of_headers(request.headers)
        found = self._buckets.get(bucket, key, conditions, _query(request).get("generation"))
        if conditions.is_unchanged(found):
            return Response(status=304, headers=_headers(found))
        data, status, headers = part(found.data, request.headers.get("range"))
        headers |= _headers(found)
        if request.method == "HEAD":
            return Response(status=200, headers={**headers, "content-length": str(len(found.data))})
        return Response(status=status, headers=headers, body=data)

    def _put(self, request: Request, bucket: str, key: str) -> Response:
        stored = self._buckets.put(bucket, key, request.body, request.headers, Conditions.of_headers(request.headers))
        return Response(headers=_headers(stored))

    def _copy(self, request: Request, bucket: str, key: str) -> Response:
        source_bucket, _, source_key = unquote(request.headers["x-goog-copy-source"]).lstrip("/").partition("/")
        source = self._buckets.get(source_bucket, source_key, Conditions())
        stored = self._buckets.put(bucket, key, source.data, source.headers, Conditions.of_headers(request.headers))
        return _xml(
            f"<CopyObjectResult><ETag>{escape(stored.etag)}</ETag></CopyObjectResult>",
            {"x-goog-generation": str(stored.generation)},
        )

    def _delete(self, request: Request, bucket: str, key: str) -> Response:
        self._buckets.delete(bucket, key, Conditions.of_headers(request.headers), _query(request).get("generation"))
        return Response(status=204)

    def _begin_upload(self, request: Request, bucket: str, key: str) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "content-md5"}
        upload_id = self._uploads.begin(bucket, key, headers, Conditions())
        return _xml(
            f"<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload_id}</UploadId>"
            "</InitiateMultipartUploadResult>"
        )

    def _upload_part(self, request: Request, bucket: str, key: str) -> Response:
        query = _query(request)
        self._uploads.add(query["uploadId"], _whole("partNumber", query.get("partNumber", "")), request.body)
        return Response(headers={"etag": _etag_of(request.body)})

    def _list_parts(self, request: Request, bucket: str, key: str) -> Response:
        upload_id = _query(request)["uploadId"]
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(_etag_of(data))}</ETag><Size>{len(data)}</Size></Part>"
            for number, data in sorted(self._uploads.parts(upload_id).items())
        )
        return _xml(f"<ListPartsResult><UploadId>{upload_id}</UploadId>{parts}</ListPartsResult>")

    def _complete_upload(self, request: Request, bucket: str, key: str) -> Response:
        upload_id = _query(request)["uploadId"]
        there = self._uploads.parts(upload_id)
        numbers = []
        for each in _PART.findall(request.body):
            number, etag = _NUMBER.search(each), _ETAG.search(each)
            if number is None or etag is None:
                raise RefusalError("MalformedXML", "The XML you provided was not well-formed.")
            wanted = unescape(etag[1].decode(), {"&quot;": '"'}).strip('"')
            if _etag_of(there.get(int(number[1]), b"")).strip('"') != wanted:
                raise RefusalError("InvalidPart", "One or more of the specified parts could not be found.")
            numbers.append(int(number[1]))
        stored = self._uploads.complete(upload_id, numbers, Conditions.of_headers(request.headers))
        return _xml(
            f"<CompleteMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(key)}</Key>"
            f"<ETag>{escape(stored.etag)}</ETag></CompleteMultipartUploadResult>",
            {"x-goog-generation": str(stored.generation)},
        )

    def _abort_upload(self, request: Request, bucket: str, key: str) -> Response:
        self._uploads.abort(_query(request)["uploadId"])
        return Response(status=204)


def _place(request: Request) -> tuple[str, str]:
    bucket, _, key = unquote(request.path.removeprefix("/")).partition("/")
    return bucket, key


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.query, keep_blank_values=True).items()}


def _whole(name: str, text: str) -> int:
    if not text.isdecimal():
        raise RefusalError("INVALID_ARGUMENT", f"Invalid argument: {name} is {text!r}.")
    return int(text)


def _etag_of(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _headers(found: StoredObject) -> dict[str, str]:
    return {
        "etag": found.etag,
        "last-modified": formatdate(found.written_at, usegmt=True),
        "x-goog-generation": str(found.generation),
        "x-goog-metageneration": str(found.metageneration),
        "x-goog-hash": f"md5={found.md5_base64}",
        "x-goog-stored-content-length": str(len(found.data)),
        "content-type": "application/octet-stream",
        **found.headers,
    }


def _entry(found: StoredObject) -> str:
    written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(found.written_at))
    return (
        f"<Contents><Key>{escape(found.key)}</Key><Generation>{found.generation}</Generation>"
        f"<MetaGeneration>{found.metageneration}</MetaGeneration>"
        f"<LastModified>{written}.{int(found.written_at % 1 * 1000):03d}Z</LastModified>"
        f"<ETag>{escape(found.etag)}</ETag><Size>{len(found.data)}</Size></Contents>"
    )


def _xml(text: str, headers: Mapping[str, str] | None = None) -> Response:
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    return Response(headers={"content-type": "application/xml; charset=UTF-8", **(headers or {})}, body=body)
