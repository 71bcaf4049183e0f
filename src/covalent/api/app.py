"""The application: routes under ``/api/v1`` behind the guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from .. import __version__
from . import problems
from .routes import dispatches, tasks, values
from .schemas import Health
from .security import Guard
from .state import ServerState, State
from .state import problems as error_answers

PREFIX = "/api/v1"


def create_app(state: ServerState, *, token: str, names: Iterable[str]) -> ASGIApp:
    """The API over ``state``.

    :param token: what every request must carry
    :param names: what the server is called, beside the names of this machine
    """
    app = _with_routes()
    app.state.covalent = state
    # Outside of everything, so that the answer to an error that nobody foresaw passes through it too.
    return Guard(app, token=token, names=names)


def openapi_document() -> dict[str, Any]:
    """The description of the API from which clients and fuzzers are made; needs no server."""
    return _with_routes().openapi()


def _with_routes() -> FastAPI:
    bearer = HTTPBearer(auto_error=False, description="The contents of the file `token` in the data directory.")
    app = FastAPI(
        title="Covalent",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    api = APIRouter(prefix=PREFIX, dependencies=[Security(bearer)])
    api.include_router(dispatches.router)
    api.include_router(tasks.router)
    api.include_router(values.router)
    api.add_api_route("/health", health, tags=["server"], responses=error_answers())
    app.include_router(api)
    return app


async def health(state: State) -> Health:
    """That the server answers, and which one it is."""
    return state.health
