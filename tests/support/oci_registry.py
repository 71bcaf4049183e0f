"""A registry of container images on this machine, as far as one image is pushed to it and pulled from it.

Source: specification of the OCI distribution, "Pushing a blob monolithically", "in chunks", "Pushing Manifests" and "Pulling".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_BLOB = re.compile(r"/v2/(?P<name>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})")
_UPLOAD = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<id>[0-9a-f-]*)")
_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")


@dataclass
class OCIRegistry:
    host: str
    username: str
    password: str
    blobs: dict[str, bytes] = field(default_factory=dict)  #: By digest.
    manifests: dict[str, tuple[str, bytes]] = field(
        default_factory=dict
    )  #: Type and content, by ``name:tag`` and ``name@digest``.
    uploads: dict[str, bytes] = field(default_factory=dict)
    refusals: int = 0
    pulled: set[str] = field(default_factory=set)  #: Digests of blobs.

    def opens(self, header: str) -> bool:
        return header == "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    def tags(self, name: str) -> list[str]:
        return [key.partition(":")[2] for key in self.manifests if key.startswith(f"{name}:")]

    def digest(self, name: str, tag: str) -> str:
        return _digest(self.manifests[f"{name}:{tag}"][1])


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: OCIRegistry

    def handle_one(self) -> None:
        url = urlsplit(self.path)
        body = self._body()
        reads = self.command in ("GET", "HEAD") and url.path != "/v2/"
        # Whoever pushes must be known. Whoever pulls need not be: machines of a service have rights of their own.
        if not reads and not self.registry.opens(self.headers.get("Authorization", "")):
            self.registry.refusals += 1
            self._refuse(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="test"'})
        elif url.path == "/v2/":
            self._answer(200)
        elif found := _UPLOAD.fullmatch(url.path):
            self._upload(found["name"], found["id"], body, parse_qs(url.query).get("digest", [""])[0])
        elif found := _BLOB.fullmatch(url.path):
            self._blob(found["digest"])
        elif found := _MANIFEST.fullmatch(url.path):
            self._manifest(found["name"], found["reference"], body)
        else:
            self._refuse(404, "UNSUPPORTED")

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = handle_one

    def _upload(self, name: str, upload: str, body: bytes, digest: str) -> None:
        uploads = self.registry.uploads
        if self.command == "POST":
            upload = str(uuid.uuid4())
            uploads[upload] = b""
        if upload not in uploads:
            self._refuse(404, "BLOB_UPLOAD_UNKNOWN")
            return
        uploads[upload] += body
        if not digest:
            place = {"Location": f"/v2/{name}/blobs/uploads/{upload}", "Range": f"0-{max(0, len(uploads[upload]) - 1)}"}
            self._answer(202, headers=place)
            return
        content = uploads.pop(upload)
        if _digest(content) != digest:
            self._refuse(400, "DIGEST_INVALID")
            return
        self.registry.blobs[digest] = content
        self._answer(201, headers={"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _blob(self, digest: str) -> None:
        if (content := self.registry.blobs.get(digest)) is None:
            self._refuse(404, "BLOB_UNKNOWN")
        else:
            if self.command == "GET":
                self.registry.pulled.add(digest)
            self._answer(200, content, {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest})

    def _manifest(self, name: str, reference: str, body: bytes) -> None:
        key = f"{name}{'@' if reference.startswith('sha256:') else ':'}{reference}"
        if self.command == "PUT":
            self._keep_manifest(name, key, body)
        elif key not in self.registry.manifests:
            self._refuse(404, "MANIFEST_UNKNOWN")
        else:
            kind, content = self.registry.manifests[key]
            self._answer(200, content, {"Content-Type": kind, "Docker-Content-Digest": _digest(content)})

    def _keep_manifest(self, name: str, key: str, body: bytes) -> None:
        manifest = json.loads(body)
        if not all(part["digest"] in self.registry.blobs for part in (manifest["config"], *manifest["layers"])):
            self._refuse(400, "MANIFEST_BLOB_UNKNOWN")
            return
        digest = _digest(body)
        for one in (key, f"{name}@{digest}"):
            self.registry.manifests[one] = (self.headers["Content-Type"], body)
        self._answer(201, headers={"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        content = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        self._answer(status, content, {"Content-Type": "application/json", **(headers or {})})

    def _answer(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def oci_registry(username: str, password: str) -> Iterator[OCIRegistry]:
    """One that takes images from those who know the password, and gives them to everybody."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    registry = OCIRegistry(host=f"127.0.0.1:{server.server_address[1]}", username=username, password=password)
    handler.registry = registry  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
