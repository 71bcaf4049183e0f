"""Where the routes of the API lie, and what each of them asks for."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

PREFIX = "/api/v1"

_bearer = HTTPBearer(auto_error=False, description="The contents of the file `token` in the data directory.")


def api_router(tag: str, path: str = "") -> APIRouter:
    """A router for a part of the API.

    Its routes are whole as they are declared. A router that includes others makes each of their routes anew, which is a tenth of what a
    server's start takes.

    :param path: what the paths of all its routes begin with
    """
    return APIRouter(prefix=PREFIX + path, tags=[tag], dependencies=[Security(_bearer)])
