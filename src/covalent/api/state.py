"""What the routes need, as a dependency of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from ..dispatcher import Dispatcher
from .previews import Previews
from .schemas import Health, Problem
from .sessions import Sessions


@dataclass(kw_only=True)
class ServerState:
    dispatcher: Dispatcher
    health: Health
    limit_bytes: int  #: The largest body of a dispatch, packed or unpacked.
    sessions: Sessions
    previews: Previews = field(default_factory=Previews)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def _state(request: Request) -> ServerState:
    state: ServerState = request.app.state.covalent
    return state


def _dispatcher(request: Request) -> Dispatcher:
    return _state(request).dispatcher


State = Annotated[ServerState, Depends(_state)]
TheDispatcher = Annotated[Dispatcher, Depends(_dispatcher)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document."""
    return {status: {"model": Problem} for status in (400, 401, 403, 422, 426, 503, *statuses)}
