"""Tasks of a dispatch: list, look at, read their logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from ...errors import NotFoundError
from ...model import Blob, TaskInfo, TaskRef
from ...states import Status
from ..answers import json_answer
from ..routing import api_router
from ..schemas import LARGEST_INT, DispatchId, NodeId, Page, TaskView
from ..state import TheDispatcher, problems

router = api_router("tasks", "/dispatches/{dispatch_id}/tasks")


@router.get("", responses=problems(404), response_model=Page[TaskInfo])
async def tasks(
    dispatcher: TheDispatcher,
    dispatch_id: DispatchId,
    after: Annotated[int, Query(ge=-1, le=LARGEST_INT, description="The number of the last task seen.")] = -1,
    limit: Annotated[int, Query(ge=1, le=10_000, description="The most items to answer.")] = 1000,
    status: Annotated[list[Status] | None, Query(description="Only those in one of these states.")] = None,
) -> Response:
    """The tasks of a dispatch, in order of their numbers."""
    await dispatcher.info(dispatch_id)
    items = await dispatcher.threads.read(
        dispatcher.store.tasks, dispatch_id, after=after, limit=limit, statuses=status or ()
    )
    page = {"items": items, "next": items[-1].node_id if len(items) == limit else None}
    return await json_answer(dispatcher.threads, page)


@router.get("/{node_id}", responses=problems(404))
async def task(dispatcher: TheDispatcher, dispatch_id: DispatchId, node_id: NodeId) -> TaskView:
    """A task with all its attempts, as far as what lies elsewhere can be read."""
    attempts = await dispatcher.attempts(dispatch_id, node_id)
    # Read afterwards: when the task ran may only be known now.
    info = await dispatcher.threads.read(dispatcher.store.task, dispatch_id, node_id)
    placement = await dispatcher.placement(dispatch_id, node_id, attempts)
    shown = await dispatcher.previews.of_task(dispatch_id, info, attempts)
    return TaskView.of(info, attempts, placement, shown)


@router.get(
    "/{node_id}/log",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(404)},
    response_class=Response,
)
async def log(
    dispatcher: TheDispatcher,
    dispatch_id: DispatchId,
    node_id: NodeId,
    stream: Literal["stdout", "stderr"] = "stdout",
    attempt: Annotated[
        int | None, Query(ge=1, le=LARGEST_INT, description="Which attempt; the last if absent.")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=2**53, description="The byte to begin at.")] = 0,
    limit: Annotated[int, Query(ge=1, le=16 * 2**20, description="The most bytes to answer.")] = 2**20,
) -> Response:
    """What an attempt wrote, also while it runs. ``X-Log-Next`` is the next offset; ``X-Log-Complete`` says if that is the end."""
    await dispatcher.threads.read(dispatcher.store.task, dispatch_id, node_id)
    seen = await dispatcher.attempt(dispatch_id, node_id, attempt)
    if seen is None:
        return _answer(b"", offset, complete=False)
    outcome = seen.attempt.outcome
    if outcome is None:
        ref = TaskRef(node_id=node_id, attempt=seen.attempt.attempt)
        data = await dispatcher.read_log(dispatch_id, ref, stream, offset, limit)
        return _answer(data or b"", offset, complete=False)
    blob = outcome.stdout if stream == "stdout" else outcome.stderr
    if blob is None and seen.missing is not None:
        raise seen.missing
    if blob is None:
        return _answer(b"", offset, complete=True)
    path = dispatcher.objects.path(blob.digest)
    if blob.data is None and blob.uri is not None:
        path = await dispatcher.elsewhere.fetch(blob, dispatch_id)
    data = await dispatcher.threads.read(_read, blob, path, offset, limit)
    return _answer(data, offset, complete=offset + len(data) >= blob.size)


def _read(blob: Blob, path: Path, offset: int, limit: int) -> bytes:
    if blob.data is not None:
        return blob.data[offset : offset + limit]
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        raise NotFoundError(f"The log {blob.digest[:12]} is gone from the data directory.") from None


def _answer(data: bytes, offset: int, *, complete: bool) -> Response:
    headers = {
        "X-Log-Next": str(offset + len(data)),
        "X-Log-Complete": str(complete).lower(),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="text/plain; charset=utf-8", headers=headers)
