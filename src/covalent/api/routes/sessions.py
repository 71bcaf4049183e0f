"""Sign-in of browsers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...errors import RequestError
from ..schemas import SignIn, Ticket
from ..sessions import SESSION_S, TICKET_S
from ..state import State, problems

router = APIRouter(tags=["session"])

SIGN_IN_PATH = "/session"


@router.post("/tickets", status_code=201, responses=problems())
async def ticket(state: State) -> Ticket:
    """Get a ticket with which a browser can sign in, once and soon."""
    return Ticket(ticket=state.sessions.ticket(), expires_in_s=TICKET_S)


@router.post(SIGN_IN_PATH, status_code=204, responses=problems())
async def sign_in(request: Request, state: State, given: SignIn) -> Response:
    """Sign a browser in: a ticket or the token becomes a cookie. Needs neither before.

    A browser that is signed in already stays so, whatever it shows.
    """
    sessions = state.sessions
    good = (
        sessions.redeem(given.ticket) if given.ticket is not None else sessions.is_token((given.token or "").encode())
    )
    if not good and not sessions.is_open(request.headers.get("cookie", "")):
        raise RequestError(401, "This address has been used, or is too old. Run 'covalent ui' for a new one.")
    response = Response(status_code=204)
    if good:
        _set_cookie(request, response, state, sessions.begin(), SESSION_S)
    return response


@router.delete(SIGN_IN_PATH, status_code=204, responses=problems())
async def sign_out(request: Request, state: State) -> Response:
    """Sign the browser out."""
    state.sessions.end(request.headers.get("cookie", ""))
    response = Response(status_code=204)
    _set_cookie(request, response, state, "", 0)
    return response


def _set_cookie(request: Request, response: Response, state: State, value: str, max_age_s: int) -> None:
    response.set_cookie(
        state.sessions.cookie_name,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
