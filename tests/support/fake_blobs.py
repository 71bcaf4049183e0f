"""Blob Storage by path, and a machine's metadata service, as far as runners and obstore use them; refuses what those refuse.

Sources: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api,
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from .scripted_http import Request, Response, Script, scripted_http

TOKEN_PATH = "/metadata/identity/oauth2/token"
ACCOUNT = "account"
HOST = f"{ACCOUNT}.blob.core.windows.net"
DATE = "Sat, 21 Nov 2026 05:00:00 GMT"

#: What a request does, by its method; listing is reading, too.
ACTIONS = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete", "POST": "delete"}

Query = dict[str, str]


def refusal(status: int, code: str, message: str = "Said the server.") -> Response:
    """As Blob Storage refuses, mark and all."""
    text = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
        f"<Message>{message}\nRequestId:0a1b2c3d-0000-0000-0000-000000000000\nTime:2026-11-21T05:00:00.0000000Z</Message></Error>"
    )
    return Response(status=status, body=text.encode(), headers={"x-ms-error-code": code})


NO_CONTAINER = refusal(404, "ContainerNotFound", "The specified container does not exist.")
NO_BLOB = refusal(404, "BlobNotFound", "The specified blob does not exist.")
NO_TOKEN = refusal(
    401, "NoAuthenticationInformation", "Server failed to authenticate the request. Please refer to the information."
)
NOT_ALLOWED = refusal(
    403,
    "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission.",
)


@dataclass
class FakeBlobs:
    """The answers of one server, and what the one account holds."""

    containers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)  #: Of ``read``, ``write`` and ``delete``, what nobody may.
    identities: set[str] = field(default_factory=lambda: {"client-1"})  #: Client ids of the machine's identities.
    token: str = "token-1"  #: What the metadata service gives out, and all that storage accepts.
    expires_in: float = 3600.0
    page_keys: int = 5000
    asked: list[str] = field(default_factory=list)  #: Method and path of each request.

    def __post_init__(self) -> None:
        self._blocks: dict[tuple[int, str], dict[str, bytes]] = {}

    def __call__(self, request: Request) -> Response:
        url = urlsplit(request.path)
        self.asked.append(f"{request.method} {unquote(url.path)}")
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        if url.path == TOKEN_PATH:
            return self._give_token(request, query)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return NO_TOKEN
        # https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
        if request.headers.get("x-ms-version", "") < "2017-11-09":
            return refusal(403, "AuthenticationFailed", "Bearer tokens need a newer x-ms-version.")
        if not (request.headers.get("x-ms-date") or request.headers.get("date")):
            return refusal(403, "AuthenticationFailed", "A date is missing.")
        return self._answer(request, unquote(url.path), query)

    def _give_token(self, request: Request, query: Query) -> Response:
        if request.headers.get("metadata") != "true" or query.get("api-version", "") < "2018-02-01":
            return Response(
                status=400,
                body=b'{"error":"invalid_request","error_description":"Required metadata header not specified"}',
            )
        if query.get("resource") != "https://storage.azure.com/":
            return Response(status=400, body=b'{"error":"invalid_resource","error_description":"No such resource"}')
        named = {query["client_id"]} & self.identities if "client_id" in query else self.identities
        if not named:
            return Response(status=400, body=b'{"error":"invalid_request","error_description":"Identity not found"}')
        if len(named) > 1:
            said = b'{"error":"invalid_request","error_description":"Multiple user assigned identities exist"}'
            return Response(status=400, body=said)
        # Numbers are text there.
        given = {"access_token": self.token, "expires_in": str(int(self.expires_in)), "token_type": "Bearer"}
        return Response(body=json.dumps(given).encode())

    def _answer(self, request: Request, path: str, query: Query) -> Response:
        account, _, rest = path[1:].partition("/")
        name, _, key = rest.partition("/")
        if account != ACCOUNT:
            return refusal(404, "ResourceNotFound", "The specified resource does not exist.")
        if query.get("comp") == "batch":
            return self._batch(request)
        if ACTIONS[request.method] in self.denied:
            return NOT_ALLOWED
        if name not in self.containers:
            return NO_CONTAINER
        container = self.containers[name]
        if not key:
            is_listing = query.get("comp") == "list" and query.get("restype") == "container"
            return self._list(container, query) if is_listing else refusal(400, "InvalidQueryParameterValue")
        return (
            self._put(request, container, key, query)
            if request.method == "PUT"
            else self._blob(request, container, key)
        )

    def _list(self, container: dict[str, bytes], query: Query) -> Response:
        keys = sorted(
            key for key in container if key.startswith(query.get("prefix", "")) and key >= query.get("marker", "")
        )
        shown, more = keys[: self.page_keys], keys[self.page_keys :]
        marker = f"<NextMarker>{escape(more[0])}</NextMarker>" if more else "<NextMarker />"
        rows = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{DATE}</Last-Modified><Etag>0x1</Etag>"
            f"<Content-Length>{len(container[key])}</Content-Length><Content-Type>application/octet-stream</Content-Type>"
            "<BlobType>BlockBlob</BlobType></Properties></Blob>"
            for key in shown
        )
        head = f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://{HOST}/" ContainerName="c">'
        return Response(body=f"{head}<Blobs>{rows}</Blobs>{marker}</EnumerationResults>".encode())

    def _blob(self, request: Request, container: dict[str, bytes], key: str) -> Response:
        if key not in container:
            return NO_BLOB
        if request.method == "DELETE":
            del container[key]
            return Response(status=202)
        return _part_of(container[key], request.headers.get("range") or request.headers.get("x-ms-range", ""))

    def _put(self, request: Request, container: dict[str, bytes], key: str, query: Query) -> Response:
        digest = base64.b64encode(hashlib.md5(request.body).digest()).decode()
        if request.headers.get("content-md5", digest) != digest:
            return refusal(400, "Md5Mismatch", "The MD5 value specified in the request did not match.")
        blocks = self._blocks.setdefault((id(container), key), {})
        if query.get("comp") == "block":
            blocks[query["blockid"]] = request.body
            return Response(status=201)
        if request.headers.get("if-none-match") == "*" and key in container:
            return refusal(409, "BlobAlreadyExists", "The specified blob already exists.")
        if query.get("comp") == "blocklist":
            names = re.findall(r"<(?:Latest|Uncommitted)>([^<]+)<", request.body.decode())
            if not set(names) <= set(blocks):
                return refusal(400, "InvalidBlockList", "The specified block list is invalid.")
            container[key] = b"".join(blocks[name] for name in names)
        elif request.headers.get("x-ms-blob-type") != "BlockBlob":
            return refusal(
                400, "MissingRequiredHeader", "An HTTP header that's mandatory is not specified: x-ms-blob-type."
            )
        else:
            container[key] = request.body
        blocks.clear()
        return Response(status=201, headers={"ETag": '"0x1"', "Last-Modified": DATE})

    def _batch(self, request: Request) -> Response:
        """Each part is answered for itself: https://learn.microsoft.com/rest/api/storageservices/blob-batch"""
        found = re.search("boundary=(\\S+)", request.headers["content-type"])
        assert found is not None
        answers = []
        for part in request.body.decode().split(f"--{found[1]}")[1:-1]:
            _, line, headers = re.split(r"\r\n\r\n|(?<=HTTP/1\.1)\r\n", part.strip("\r\n") + "\r\n\r\n", maxsplit=2)[:3]
            given = {k.lower(): v for k, _, v in (one.partition(": ") for one in headers.split("\r\n") if one)}
            method, path, _ = line.split(" ")
            answer = self(Request(method=method, path=path, headers=given, body=b""))
            number = re.search(r"Content-ID: (\d+)", part)
            assert number is not None
            said = re.search("<Message>([^\n]+)", answer.body.decode())
            line = f"HTTP/1.1 {answer.status} {said[1] if said else 'Accepted'}"
            code = answer.headers.get("x-ms-error-code", "")
            answers.append(
                f"--answer\r\nContent-Type: application/http\r\nContent-ID: {number[1]}\r\n\r\n{line}\r\n"
                f"x-ms-error-code: {code}\r\n\r\n{answer.body.decode()}\r\n"
            )
        body = "".join(answers) + "--answer--"
        return Response(status=202, body=body.encode(), headers={"Content-Type": "multipart/mixed; boundary=answer"})


def _part_of(data: bytes, wanted: str) -> Response:
    headers = {"ETag": '"0x1"', "Last-Modified": DATE, "x-ms-blob-type": "BlockBlob"}
    if not wanted:
        return Response(body=data, headers=headers)
    start, _, last = wanted.removeprefix("bytes=").partition("-")
    first, end = int(start), min(len(data), int(last) + 1 if last else len(data))
    if first >= len(data):
        return refusal(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(data)}"
    return Response(status=206, body=data[first:end], headers=headers)


@contextmanager
def fake_blobs() -> Iterator[tuple[FakeBlobs, Script]]:
    """A server of both, and what it holds."""
    blobs = FakeBlobs()
    with scripted_http(blobs) as script:
        yield blobs, script
