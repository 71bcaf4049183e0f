"""Handing requests on to Azurite, and its answers back, as they come: neither gathers in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from ..gate import Call, Gate, Passage
from ..refusal import BrokenOffError, RefusalError
from .access import StorageAccess
from .batches import LIMIT, sign_parts
from .operations import Operation, identify
from .refusal import head_and_body

#: Bytes of a body up to which it is sent in one piece.
_SMALL: Final = 256 * 1024

#: Headers that concern one connection.
_OF_CONNECTION: Final = frozenset(
    ("connection", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
#: Headers that the HTTP client would add by itself.
_AUTOMATIC: Final = ("user-agent", "accept", "accept-encoding", "content-type")

_COPY_SOURCE: Final = "x-ms-copy-source"
_BATCH: Final = "BlobBatch"  #: The operation that consists of several.


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """Azurite."""

    url: str
    public_url: str  #: Address at which clients see it.
    signature: str  #: A shared access signature, as a query has it, that allows everything.

    def sign(self, target: str) -> str:
        return f"{target}{'&' if '?' in target else '?'}{self.signature}"


class Proxy:
    """Answers the requests of clients."""

    def __init__(self, session: aiohttp.ClientSession, upstream: Upstream, access: StorageAccess, gate: Gate) -> None:
        self._session = session
        self._upstream = upstream
        self._access = access
        self._gate = gate

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        operation = identify(request.method, request.raw_path, request.headers)
        call = Call(service="storage", operation=operation.name, caller=self._access.caller(request.headers))
        try:
            with self._gate(call) as passage:
                is_ours = self._access.check(operation, request.headers)
                return await self._hand_on(request, operation, is_ours, passage)
        except RefusalError as error:
            headers, body = head_and_body(error)
            return web.Response(status=error.status, headers=headers, body=body)
        except BrokenOffError:
            return _break_off(request)
        except (aiohttp.ClientError, ConnectionError):
            if request.transport is None or request.transport.is_closing():
                # Nobody waits for an answer any more.
                return web.Response()
            raise

    async def _hand_on(
        self, request: web.BaseRequest, operation: Operation, is_ours: bool, passage: Passage
    ) -> web.StreamResponse:
        """
        :param is_ours: whether the emulator vouches for the request; otherwise its sender does
        """
        target, headers = request.raw_path, _kept(request.headers)
        limit = LIMIT if operation.name == _BATCH else _SMALL
        body = await _beginning(request, passage, limit) if request.body_exists else None
        is_all = body is None or request.content.at_eof()
        if is_ours:
            target, body = self._vouch(operation, target, headers, body)
        url = URL(self._upstream.url + target, encoded=True)
        async with self._session.request(
            request.method,
            url,
            headers=headers,
            data=body if is_all else _all(body or b"", request, passage),
            skip_auto_headers=_AUTOMATIC,
            allow_redirects=False,
        ) as answer:
            if passage.is_answer_lost:
                raise BrokenOffError
            return await _hand_back(request, answer, passage)

    def _vouch(
        self, operation: Operation, target: str, headers: CIMultiDict[str], body: bytes | None
    ) -> tuple[str, bytes | None]:
        """Target and body of the same request in the emulator's own name; its headers are changed in place."""
        del headers["authorization"]
        source = headers.get(_COPY_SOURCE, "")
        if source.startswith(self._upstream.public_url):
            place = source.removeprefix(self._upstream.public_url)
            headers[_COPY_SOURCE] = self._upstream.sign(self._upstream.url + place)
        if operation.name == _BATCH and body:
            place, _, _ = target.partition("?")
            body = sign_parts(body, place.rstrip("/"), self._upstream.signature)
            headers["content-length"] = str(len(body))
            # Azurite takes a signature for a batch of the account, and none for one of a container.
            target = f"/{operation.account}?comp=batch"
        return self._upstream.sign(target), body


async def _hand_back(request: web.BaseRequest, answer: aiohttp.ClientResponse, passage: Passage) -> web.StreamResponse:
    headers = _kept(answer.headers)
    if request.method == "HEAD":
        return web.Response(status=answer.status, headers=headers)
    pieces = answer.content.iter_any()
    # What is short is sent as soon as it has been counted; a list does not say how long it is.
    beginning = bytearray()
    async for piece in pieces:
        beginning += piece
        passage.received += len(piece)
        if len(beginning) > _SMALL:
            break
    else:
        return web.Response(status=answer.status, headers=headers, body=bytes(beginning))
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    await response.write(bytes(beginning))
    async for piece in pieces:
        await response.write(piece)
        passage.received += len(piece)
    await response.write_eof()
    return response


async def _beginning(request: web.BaseRequest, passage: Passage, limit: int) -> bytes:
    """The body up to its end, or until it is longer than the limit.

    Azurite waits a few seconds for what is to be sent on a connection: nothing is, until there is something to send.
    """
    if request.headers.get("expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    body = bytearray()
    while len(body) <= limit and not request.content.at_eof():
        body += await request.content.readany()
    passage.sent += len(body)
    return bytes(body)


async def _all(beginning: bytes, request: web.BaseRequest, passage: Passage) -> AsyncIterator[bytes]:
    yield beginning
    async for chunk in request.content.iter_any():
        passage.sent += len(chunk)
        yield chunk


def _kept(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _OF_CONNECTION)


def _break_off(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
