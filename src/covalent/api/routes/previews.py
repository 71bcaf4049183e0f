"""Workflows to look at before they are dispatched."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from ...errors import RequestError
from ...model import Graph
from ..answers import MEDIA_TYPE
from ..bodies import read_body
from ..previews import LIMIT_BYTES, make_preview
from ..routing import api_router
from ..schemas import Kept
from ..state import State, problems

router = api_router("previews", "/previews")

PreviewId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="As `POST /previews` answers it.")]


@router.post(
    "",
    status_code=201,
    responses=problems(413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "A `Graph`, packed with MessagePack.",
            "content": {"application/msgpack": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def keep(request: Request, state: State) -> Kept:
    """Keep a traced workflow in memory for a day, to be looked at; nothing of it runs."""
    try:
        body = await read_body(request, LIMIT_BYTES)
    except RequestError as error:
        if error.status != 413:
            raise
        limit = f"{LIMIT_BYTES // 2**20} MiB"
        raise RequestError(413, f"The graph is larger than {limit}, the most that a preview can have.") from None
    return Kept(id=state.previews.keep(await state.dispatcher.threads.read(make_preview, body)))


@router.get("/{preview_id}/graph", responses=problems(404), response_model=Graph)
async def graph(state: State, preview_id: PreviewId) -> Response:
    """The traced workflow: nodes, edges, sources; no values."""
    return Response(state.previews.body(preview_id), media_type=MEDIA_TYPE)
