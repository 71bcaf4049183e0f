"""A real task, through the server."""

from __future__ import annotations

import asyncio
import platform
import time

from ..client import dispatch, get_result
from ..client.server import Server
from ..executor.examination import Check, Finding, failed, ok
from ..states import Status
from ..workflow import electron, lattice

#: Seconds between two looks.
_LOOK_S = 0.5

#: Seconds to dispatch and to look, beyond those that the task has.
_MORE_S = 90.0


def task_check(executor: str, limit_s: float) -> Check:
    """
    :param limit_s: seconds from the dispatch to the result; what takes longer is cancelled
    """
    return Check(name="task", look=lambda: _run(executor, limit_s), needs_all=True, patience_s=limit_s + _MORE_S)


async def _run(executor: str, limit_s: float) -> Finding:
    # A function of the standard library: where tasks run, Covalent need not be installed.
    where = electron(platform.platform, executor=executor)

    def doctor() -> object:
        return where()

    began = time.monotonic()
    dispatch_id = await asyncio.to_thread(dispatch(lattice(doctor)))
    server = Server()
    while not (status := (await asyncio.to_thread(server.dispatch, dispatch_id)).status).is_final:
        if time.monotonic() - began > limit_s:
            why = await asyncio.to_thread(server.why, dispatch_id)
            await asyncio.to_thread(server.cancel, dispatch_id, None)
            return failed(
                f"It did not end within {limit_s:g} s and was cancelled: {why}", f"covalent why {dispatch_id}"
            )
        await asyncio.sleep(_LOOK_S)
    if status is not Status.COMPLETED:
        why = await asyncio.to_thread(server.why, dispatch_id)
        return failed(why, f"covalent show {dispatch_id} 0")
    place = (await asyncio.to_thread(get_result, dispatch_id)).result
    return ok(f"It ran on {place} and took {time.monotonic() - began:.1f} s (dispatch {dispatch_id}).")
