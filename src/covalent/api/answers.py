"""Large answers as JSON, made in one go: a workflow of ten thousand tasks must not hold up everybody else's requests."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from ..dispatcher.threads import StoreThreads

MEDIA_TYPE = "application/json"


async def json_answer(threads: StoreThreads, value: Any) -> Response:
    """The value, encoded in a thread that may take its time."""
    return Response(await threads.read(msgspec.json.encode, value), media_type=MEDIA_TYPE)
