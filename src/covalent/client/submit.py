"""Sending a workflow to a server, and starting one where none runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ..config import ui_address
from ..errors import ServerUnreachableError
from ..model import Submission
from ..serialize import encode_submission
from .pages import dispatch_page, tell_page
from .process import ensure_running
from .server import Server
from .wait import tell

T = TypeVar("T")

#: Values larger than this are sent one by one before the dispatch.
UPLOAD_FROM = 8 << 20

#: The others are, too, largest first, until what is left is at most this.
BODY_LIMIT = 32 << 20


def submit(submission: Submission, address: str | None = None) -> str:
    """Send it and return the id of the dispatch. A lost answer does not make it two dispatches.

    :raises ClientError: if there is no server and none may be started there, or it refuses
    """
    dispatch_id = str(uuid.uuid4())
    with_server(address, lambda server: _send(server, submission, dispatch_id))
    tell_page(Server(address, patience_s=0), dispatch_page(dispatch_id))
    return dispatch_id


def with_server(address: str | None, action: Callable[[Server], T]) -> T:
    """Do ``action``, which may be repeated without harm, on a server that is started if it is this data directory's.

    :raises ServerError: if it has to be started and does not
    """
    target = Server(address).transport.target()
    if not target.own:
        return action(Server(address))
    try:
        return action(Server(address, patience_s=0))
    except ServerUnreachableError:
        pass  # What goes wrong from here on is not to be told as a consequence of this.
    started = ensure_running()
    if started.new:
        tell(f"Started a Covalent server at {ui_address(started.record.address)} ('covalent stop' ends it).")
    return action(Server(address))


def _send(server: Server, submission: Submission, dispatch_id: str) -> str:
    early = _large(submission.values)
    for digest in early:
        if not server.has_object(digest):
            server.put_object(digest, submission.values[digest])
    rest = {digest: data for digest, data in submission.values.items() if digest not in early}
    return server.submit(encode_submission(replace(submission, values=rest)), dispatch_id)


def _large(values: dict[str, bytes]) -> set[str]:
    """Which values travel by themselves."""
    left = sum(map(len, values.values()))
    early = set()
    for digest in sorted(values, key=lambda d: len(values[d]), reverse=True):
        if len(values[digest]) <= UPLOAD_FROM and left <= BODY_LIMIT:
            break
        early.add(digest)
        left -= len(values[digest])
    return early
