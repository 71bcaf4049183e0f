"""Values, as bytes that the server never opens: uploads by digest, downloads as bundles."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import Path, Query, Request
from starlette.responses import Response, StreamingResponse

from ...dispatcher import Dispatcher
from ...errors import NotFoundError
from ...model import Blob
from ..bundles import MEDIA_TYPE, elsewhere, prepare, stream
from ..downloads import Downloads
from ..routing import api_router
from ..schemas import LARGEST_INT, DispatchId
from ..state import TheDispatcher, problems

router = api_router("values")

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes, in hex.")]


@router.put(
    "/objects/{digest}",
    status_code=201,
    responses={200: {"description": "It was there already."}, **problems(507)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    response_class=Response,
)
async def put_object(request: Request, dispatcher: TheDispatcher, digest: Digest) -> Response:
    """Store a large value ahead of the dispatch that needs it; of any size, in pieces."""
    if await dispatcher.threads.read(dispatcher.objects.holds, digest):
        return Response(status_code=200)
    writer = await dispatcher.threads.read(dispatcher.objects.writer)
    try:
        async for chunk in request.stream():
            await dispatcher.threads.read(writer.write, chunk)
        await dispatcher.threads.read(writer.commit, digest)
    finally:
        await asyncio.shield(dispatcher.threads.read(writer.abort))
    return Response(status_code=201)


@router.head(
    "/objects/{digest}",
    responses={
        status: {"description": "As for other requests, without a body."} for status in (401, 403, 404, 422, 426)
    },
    response_class=Response,
)
async def has_object(dispatcher: TheDispatcher, digest: Digest) -> Response:
    """Whether a large value is there, undamaged."""
    there = await dispatcher.threads.read(dispatcher.objects.holds, digest)
    return Response(status_code=200 if there else 404)


@router.get(
    "/dispatches/{dispatch_id}/bundle",
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}, **problems(404)},
    response_class=StreamingResponse,
)
async def bundle(
    dispatcher: TheDispatcher,
    dispatch_id: DispatchId,
    what: Literal["result", "inputs", "lattice", "node", "failure"] = "result",
    node: Annotated[int | None, Query(ge=0, le=LARGEST_INT, description="For `node` and `failure`.")] = None,
) -> Response:
    """A pickled value with everything that it refers to."""
    root = await _find(dispatcher, dispatch_id, what, node)
    header, sources = await dispatcher.threads.read(prepare, root, dispatcher.objects)
    downloads = Downloads(dispatcher.elsewhere, dispatch_id, elsewhere(sources))
    await downloads.begin()
    return StreamingResponse(stream(header, sources, downloads), media_type=MEDIA_TYPE)


async def _find(dispatcher: Dispatcher, dispatch_id: str, what: str, node: int | None) -> Blob:
    read, store = dispatcher.threads.read, dispatcher.store
    info = await dispatcher.info(dispatch_id)
    graph = await read(store.graph, dispatch_id)
    if what == "result":
        if info.status != "COMPLETED":
            raise NotFoundError(f"Dispatch {dispatch_id} has no result: it is {info.status}.")
        return await dispatcher.blob(dispatch_id, graph.output, graph.output_inputs, graph.output_constants)
    if what in ("inputs", "lattice"):
        digest, constants = (graph.arguments, graph.arguments_constants) if what == "inputs" else (graph.lattice, ())
        if digest is None:
            raise NotFoundError(f"Dispatch {dispatch_id} was submitted without its {what}.")
        return await dispatcher.blob(dispatch_id, digest, (), constants)
    if node is None:
        raise NotFoundError(f"Name the task whose {what} you want, with 'node'.")
    await read(store.task, dispatch_id, node)
    if what == "node":
        found = (await read(store.outputs, dispatch_id, [node])).get(node)
    else:
        seen = await dispatcher.attempt(dispatch_id, node)
        outcome = seen.attempt.outcome if seen else None
        found = outcome.failure.pickled if outcome and outcome.failure else None
        if found is None and seen is not None and seen.missing is not None:
            raise seen.missing
    if found is None:
        raise NotFoundError(f"Task {node} of dispatch {dispatch_id} has no {'output' if what == 'node' else what}.")
    return found
