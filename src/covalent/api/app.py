"""The application: routes under ``/api/v1`` and the pages, behind the guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import __version__
from . import problems
from .pages import Pages
from .routes import dispatches, executors, health, previews, sessions, tasks, values
from .routing import PREFIX
from .security import Guard, is_api
from .state import ServerState

_PARTS = (dispatches, tasks, values, executors, previews, sessions, health)


def create_app(state: ServerState, *, names: Iterable[str]) -> ASGIApp:
    """The API over ``state``, and the pages.

    :param names: what the server is called, beside the names of this machine
    """
    app = _with_routes()
    app.state.covalent = state
    # Outside of everything, so that the answer to an error that nobody foresaw passes through it too.
    return Guard(_Site(app, Pages()), sessions=state.sessions, names=names)


class _Site:
    """The API and the pages, each with paths of its own."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self._api, self._pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        part = self._pages if scope["type"] == "http" and not is_api(scope) else self._api
        await part(scope, receive, send)


def openapi_document() -> dict[str, Any]:
    """The description of the API from which clients and fuzzers are made; needs no server."""
    return _with_routes().openapi()


def _with_routes() -> FastAPI:
    app = FastAPI(
        title="Covalent",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        routes=[route for part in _PARTS for route in part.router.routes],
    )
    problems.install(app)
    return app
