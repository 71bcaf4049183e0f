"""Errors as the API answers them: ``{"error": {"type": …, "message": …}}``."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ..errors import (
    ConfigError,
    CovalentError,
    DiskFullError,
    ExecutorError,
    IllegalTransitionError,
    IntegrityError,
    NotEndedError,
    NotFoundError,
    RequestError,
    ServiceUnreachableError,
    StoreError,
    ThrottledError,
    WorkflowError,
)

#: The status for each branch of the error tree; the first that fits counts.
STATUSES: tuple[tuple[type[CovalentError], int], ...] = (
    (NotFoundError, 404),
    (IllegalTransitionError, 409),
    (NotEndedError, 409),
    (DiskFullError, 507),
    (StoreError, 503),
    (ServiceUnreachableError, 503),
    (ThrottledError, 503),
    (ExecutorError, 422),
    (ConfigError, 422),
    (IntegrityError, 422),
    (WorkflowError, 422),
)


def problem(status: int, kind: str, message: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": {"type": kind, "message": message}}, status_code=status, headers=headers)


def status_of(error: CovalentError) -> int:
    """The HTTP status that tells what ``error`` tells."""
    if isinstance(error, RequestError):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Answer every error of ours, of the framework and of validation in the one form."""

    @app.exception_handler(CovalentError)
    async def ours(_: Request, error: CovalentError) -> Response:
        return problem(status_of(error), type(error).__name__, str(error))

    @app.exception_handler(HTTPException)
    async def frameworks(_: Request, error: HTTPException) -> Response:
        response = problem(error.status_code, "RequestError", str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def validation(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(422, "RequestError", f"{where}: {first['msg']}")

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> Response:
        return problem(500, "ServerError", f"The server failed: {type(error).__name__}. Its log says more.")
