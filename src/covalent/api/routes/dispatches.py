"""Dispatches: submit, start, cancel, delete, list, look at, follow."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query, Request
from starlette.responses import Response, StreamingResponse

from ...dispatcher.why import why_dispatch, why_task
from ...model import DispatchInfo, Event, Graph
from ...serialize import decode_submission
from ...states import Status
from ..answers import json_answer
from ..bodies import read_body
from ..events import follow, follow_all
from ..masking import masked_graph
from ..routing import api_router
from ..schemas import (
    LARGEST_INT,
    CancelRequest,
    DispatchId,
    DispatchView,
    EventPage,
    Message,
    Page,
    Purged,
    RedispatchRequest,
    Sentence,
    Submitted,
)
from ..state import State, TheDispatcher, problems

router = api_router("dispatches")

Limit = Annotated[int, Query(ge=1, le=1000, description="The most items to answer.")]
MoreAtOnce = Annotated[int, Query(ge=1, le=10_000, description="The most items to answer.")]
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="The `seq` of the last event seen.")]
EVENT_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}


@router.post(
    "/dispatches",
    status_code=201,
    responses=problems(404, 413, 415, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "A `Submission`, packed with MessagePack.",
            "content": {"application/msgpack": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def submit(
    request: Request,
    state: State,
    idempotency_key: Annotated[
        uuid.UUID | None, Header(description="Becomes the id; a repeated request answers the same dispatch.")
    ] = None,
) -> Submitted:
    """Store a dispatch and start it."""
    body = await read_body(request, state.limit_bytes)
    threads = state.dispatcher.threads
    submission = await threads.read(decode_submission, body)
    chosen = None if idempotency_key is None else str(idempotency_key)
    return Submitted(dispatch_id=await state.dispatcher.submit(submission, chosen))


@router.get("/dispatches", responses=problems(404))
async def dispatches(
    dispatcher: TheDispatcher,
    limit: Limit = 100,
    before: Annotated[
        str | None, Query(pattern=r"^[0-9A-Za-z-]{1,64}$", description="The id of the last dispatch seen.")
    ] = None,
    status: Annotated[list[Status] | None, Query(description="Only those in one of these states.")] = None,
    search: Annotated[
        str, Query(max_length=200, pattern=r"^[^\x00]*$", description="A part of the name or of the id.")
    ] = "",
    executor: Annotated[
        str | None,
        Query(max_length=200, pattern=r"^[^\x00]*$", description="Only those with tasks for it, by its short name."),
    ] = None,
) -> Page[DispatchInfo]:
    """Dispatches, newest first, without those that sublattices run as."""
    items = await dispatcher.threads.read(
        dispatcher.store.dispatches, limit=limit, before=before, statuses=status or (), search=search, executor=executor
    )
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get("/dispatches/{dispatch_id}", responses=problems(404))
async def dispatch(dispatcher: TheDispatcher, dispatch_id: DispatchId) -> DispatchView:
    """A dispatch with its counts of tasks as of now."""
    info = await dispatcher.info(dispatch_id)
    return DispatchView.of(info, await dispatcher.previews.of_dispatch(info))


@router.delete("/dispatches/{dispatch_id}", responses=problems(404, 409))
async def delete(dispatcher: TheDispatcher, dispatch_id: DispatchId) -> Purged:
    """Delete a dispatch that has ended, with its sublattices, values and logs."""
    return Purged(dispatches=await dispatcher.purge([dispatch_id]))


@router.get("/dispatches/{dispatch_id}/graph", responses=problems(404), response_model=Graph)
async def graph(dispatcher: TheDispatcher, dispatch_id: DispatchId) -> Response:
    """The traced workflow: nodes, edges, sources; no values."""
    found = await dispatcher.threads.read(dispatcher.store.graph, dispatch_id)
    return await json_answer(dispatcher.threads, await dispatcher.threads.read(masked_graph, found))


@router.post("/dispatches/{dispatch_id}/start", responses=problems(404))
async def start(dispatcher: TheDispatcher, dispatch_id: DispatchId) -> DispatchInfo:
    """Start a dispatch that was submitted without being started."""
    return await dispatcher.begin(dispatch_id)


@router.post("/dispatches/{dispatch_id}/redispatch", status_code=201, responses=problems(404))
async def redispatch(
    dispatcher: TheDispatcher,
    dispatch_id: DispatchId,
    wanted: RedispatchRequest,
    idempotency_key: Annotated[
        uuid.UUID | None, Header(description="Becomes the id; a repeated request answers the same dispatch.")
    ] = None,
) -> Submitted:
    """Run a dispatch again, as it was: the same tasks with the same arguments."""
    chosen = None if idempotency_key is None else str(idempotency_key)
    return Submitted(dispatch_id=await dispatcher.redispatch(dispatch_id, reuse=wanted.reuse, chosen=chosen))


@router.post("/dispatches/{dispatch_id}/cancel", responses=problems(404))
async def cancel(dispatcher: TheDispatcher, dispatch_id: DispatchId, wanted: CancelRequest) -> Message:
    """Cancel a dispatch, or some of its tasks."""
    return Message(message=await dispatcher.cancel(dispatch_id, wanted.task_ids))


@router.get("/dispatches/{dispatch_id}/events", responses=problems(404), response_model=EventPage)
async def events(
    dispatcher: TheDispatcher,
    dispatch_id: DispatchId,
    after: After = 0,
    node: Annotated[int | None, Query(ge=0, le=LARGEST_INT, description="Only those of one task.")] = None,
    limit: MoreAtOnce = 1000,
) -> Response:
    """The history of a dispatch, oldest first."""
    await dispatcher.info(dispatch_id)
    items: list[Event] = await dispatcher.threads.read(
        dispatcher.store.events, dispatch_id, node_id=node, after=after, limit=limit
    )
    page = {"items": items, "next": items[-1].seq if len(items) == limit else None}
    return await json_answer(dispatcher.threads, page)


@router.get(
    "/dispatches/{dispatch_id}/stream",
    responses={200: {"content": EVENT_STREAM}, **problems(404)},
    response_class=StreamingResponse,
)
async def stream(
    state: State,
    dispatch_id: DispatchId,
    after: After = 0,
    tasks: Annotated[bool, Query(description="Send events of tasks too, not only summaries.")] = True,
) -> Response:
    """Follow a dispatch until it has ended, as server-sent events."""
    await state.dispatcher.info(dispatch_id)
    return _event_stream(follow(state.dispatcher, dispatch_id, after=after, tasks=tasks, stopping=state.stopping))


@router.get("/stream", responses={200: {"content": EVENT_STREAM}, **problems()}, response_class=StreamingResponse)
async def stream_all(state: State) -> Response:
    """Learn that some dispatch has moved, as server-sent events; the stream does not end by itself."""
    return _event_stream(follow_all(state.dispatcher, stopping=state.stopping))


@router.get("/dispatches/{dispatch_id}/why", responses=problems(404))
async def why(
    dispatcher: TheDispatcher,
    dispatch_id: DispatchId,
    node: Annotated[int | None, Query(ge=0, le=LARGEST_INT, description="A task; without it, the dispatch.")] = None,
) -> Sentence:
    """Why a dispatch or a task waits, failed or was tried again, in a sentence."""
    answer = why_dispatch(dispatcher, dispatch_id) if node is None else why_task(dispatcher, dispatch_id, node)
    return Sentence(sentence=await answer)


def _event_stream(messages: AsyncIterator[bytes]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)
