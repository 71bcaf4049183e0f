"""What the routes need, as a dependency of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from ..dispatcher import Dispatcher
from ..store.base import ExecutorUse
from .previews import Previews
from .schemas import Health, Problem
from .sessions import Sessions
from .shared import Shared

#: Seconds for which what executors do is not looked up again.
EXECUTOR_USE_S = 1.0


@dataclass(kw_only=True)
class ServerState:
    dispatcher: Dispatcher
    health: Health
    limit_bytes: int  #: The largest body of a dispatch, packed or unpacked.
    sessions: Sessions
    previews: Previews = field(default_factory=Previews)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    executor_use: Shared[list[ExecutorUse]] = field(init=False)

    def __post_init__(self) -> None:
        dispatcher = self.dispatcher
        # It goes through what all tasks of late did, and every page that shows executors asks for it.
        self.executor_use = Shared(lambda: dispatcher.threads.read(dispatcher.store.executor_use), EXECUTOR_USE_S)


def _state(request: Request) -> ServerState:
    state: ServerState = request.app.state.covalent
    return state


def _dispatcher(request: Request) -> Dispatcher:
    return _state(request).dispatcher


State = Annotated[ServerState, Depends(_state)]
TheDispatcher = Annotated[Dispatcher, Depends(_dispatcher)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document."""
    answers: dict[int | str, dict[str, Any]] = {400: {"model": Problem}}
    for status in (401, 403, 422, 426, 503, *statuses):
        answers[status] = _PROBLEM
    return answers


#: The same again: FastAPI makes a validator for each model that is named to it, for each route and status.
_PROBLEM: Final[dict[str, Any]] = {
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
