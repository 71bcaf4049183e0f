"""Sign-in of browsers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from ...errors import RequestError
from ..routing import api_router
from ..schemas import SignedIn, SignIn, Ticket
from ..security import key_of
from ..sessions import SESSION_S, TICKET_S
from ..state import State, problems

router = api_router("session")

SIGN_IN_PATH = "/session"

#: Seconds that a ticket can be used.
Life = Annotated[int, Query(ge=1, le=TICKET_S, description="Seconds in which it can be used.")]


@router.post("/tickets", status_code=201, responses=problems())
async def ticket(state: State, life_s: Life = TICKET_S) -> Ticket:
    """Get a ticket with which a browser can sign in, once and soon. Only for those who have the token."""
    return Ticket(ticket=state.sessions.ticket(life_s), expires_in_s=life_s)


@router.post(SIGN_IN_PATH, responses=problems())
async def sign_in(request: Request, response: Response, state: State, given: SignIn) -> SignedIn:
    """Sign a browser in: a ticket or the token becomes a cookie, and a key to be sent with it. Needs neither before.

    A browser that is signed in already stays so, whatever it shows.
    """
    sessions = state.sessions
    good = (
        sessions.redeem(given.ticket) if given.ticket is not None else sessions.is_token((given.token or "").encode())
    )
    if good:
        opened = sessions.begin()
        _set_cookie(request, response, state, opened.cookie, SESSION_S)
        return SignedIn(key=opened.key)
    if sessions.is_open(request.headers.get("cookie", ""), key_of(request.headers)):
        return SignedIn(key=None)
    raise RequestError(401, "This address has been used, or is too old. Run 'covalent ui' for a new one.")


@router.delete(SIGN_IN_PATH, status_code=204, responses=problems())
async def sign_out(request: Request, state: State) -> Response:
    """Sign the browser out."""
    state.sessions.end(request.headers.get("cookie", ""), key_of(request.headers))
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
