"""Request bodies, read with a limit on what they are and on what they unpack to."""

from __future__ import annotations

import zlib

from starlette.requests import Request

from ..errors import RequestError

GZIP_WINDOW = 16 + zlib.MAX_WBITS


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, unpacked if it is gzip.

    :raises RequestError: 413 if it is larger than ``limit_bytes``, packed or unpacked; 415 and 422 if it cannot be unpacked
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise RequestError(415, f"The content encoding {encoding!r} is not supported; use gzip or none.")
    unpack = zlib.decompressobj(GZIP_WINDOW) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in request.stream():
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, limit_bytes + 1 - len(body))
        except zlib.error as error:
            raise RequestError(422, f"The body is not valid gzip: {error}.") from error
        if len(body) > limit_bytes:
            raise RequestError(
                413,
                f"The request is larger than {limit_bytes // 2**20} MiB. Send large values with PUT /objects first, "
                "or raise dispatcher.max_request_mib on the server.",
            )
    if unpack is not None and not unpack.eof:
        raise RequestError(422, "The body ends in the middle of its gzip data.")
    return bytes(body)
