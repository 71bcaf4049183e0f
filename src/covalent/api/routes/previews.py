"""Workflows to look at before they are dispatched."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ...model import Graph
from ..answers import json_answer
from ..bodies import read_body
from ..masking import masked_graph
from ..previews import LIMIT_BYTES, decode_graph
from ..schemas import Kept
from ..state import State, problems

router = APIRouter(prefix="/previews", tags=["previews"])

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
    body = await read_body(request, LIMIT_BYTES)
    graph = await state.dispatcher.threads.read(decode_graph, body)
    return Kept(id=state.previews.keep(masked_graph(graph), len(body)))


@router.get("/{preview_id}/graph", responses=problems(404), response_model=Graph)
async def graph(state: State, preview_id: PreviewId) -> Response:
    """The traced workflow: nodes, edges, sources; no values."""
    return await json_answer(state.dispatcher.threads, state.previews.graph(preview_id))
