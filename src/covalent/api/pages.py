"""The pages: files that ``npm run build`` in ``web/`` made. They hold no data, so nobody needs to be signed in for them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

#: Where the build puts them, inside the package.
BUILT: Final = Path(__file__).resolve().parent.parent / "ui"

#: Files with a digest of what they hold in their names. What lies elsewhere is asked for anew each time.
HASHED: Final = "assets"

#: The pages load nothing from elsewhere and run nothing but their own files.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

#: Types worth packing, and bytes from which they are.
PACKED: Final = ("text/", "application/json", "application/manifest", "image/svg")
PACK_FROM: Final = 1000

#: The same on every machine, whatever its registry of types says.
TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Covalent</title></head>
<body>
<h1>The pages have not been built</h1>
<p>The server runs, and so do workflows, but this copy of Covalent was installed without its pages.</p>
<p>To build them, install Node.js (20.19 or newer) with npm, and install Covalent again from a copy of its source:</p>
<pre>pip install .</pre>
<p>or, where <code>make</code> has installed it, say</p>
<pre>make web</pre>
<p>and load this page again. Until then, <code>covalent list</code> and <code>covalent show</code> tell the same in a terminal.</p>
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    modified_ns: int
    kind: str
    tag: str
    data: bytes
    packed: bytes | None  #: None if it is not worth it.


class Pages:
    """Answers a request for a file with it, and one for any other path with the page that knows all paths.

    :param root: where the files lie
    """

    def __init__(self, root: Path = BUILT) -> None:
        self._root = root
        self._files: dict[Path, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._answer(scope))(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return _plain(405, "Pages can only be read.", {"Allow": "GET, HEAD"})
        parts = [part for part in scope["path"].split("/") if part]
        file = await asyncio.to_thread(self._find, parts)
        hashed = parts[:1] == [HASHED]
        if file is None and hashed:
            return _plain(404, "There is no such file. Load the page again: the server has been updated.")
        if file is None:
            file = await asyncio.to_thread(self._find, ["index.html"])
        if file is None:
            return Response(NOT_BUILT, media_type="text/html", headers=_headers("no-store"))
        return _answer(file, Headers(scope=scope), "public, max-age=31536000, immutable" if hashed else "no-cache")

    def _find(self, parts: list[str]) -> _File | None:
        if not parts or any(part in (".", "..") or "\0" in part or "\\" in part for part in parts):
            return None
        path = self._root.joinpath(*parts)
        try:
            if not path.is_file():
                return None
            modified_ns = path.stat().st_mtime_ns
            known = self._files.get(path)
            if known is None or known.modified_ns != modified_ns:
                known = self._files[path] = _read(path, modified_ns)
        except OSError:
            return None
        return known


def _read(path: Path, modified_ns: int) -> _File:
    data = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    worth_it = len(data) >= PACK_FROM and kind.startswith(PACKED)
    return _File(
        modified_ns=modified_ns,
        kind=kind,
        tag=hashlib.sha256(data).hexdigest()[:32],
        data=data,
        packed=gzip.compress(data, mtime=0) if worth_it else None,
    )


def _answer(file: _File, asked: Headers, caching: str) -> Response:
    packs = file.packed is not None and "gzip" in asked.get("accept-encoding", "")
    tag = f'"{file.tag}{"-gz" if packs else ""}"'
    headers = _headers(caching) | {"ETag": tag, "Vary": "Accept-Encoding"}
    if tag in (one.strip().removeprefix("W/") for one in asked.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if packs:
        headers["Content-Encoding"] = "gzip"
    return Response(file.packed if packs else file.data, media_type=file.kind, headers=headers)


def _plain(status: int, text: str, more: dict[str, str] | None = None) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain", headers=_headers("no-store") | (more or {}))


def _headers(caching: str) -> dict[str, str]:
    return {
        "Cache-Control": caching,
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
