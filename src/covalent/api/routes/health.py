"""Whether the server answers."""

from __future__ import annotations

from ..routing import api_router
from ..schemas import Health
from ..state import State, problems

router = api_router("server")


@router.get("/health", responses=problems())
async def health(state: State) -> Health:
    """That the server answers, and which one it is."""
    return state.health
