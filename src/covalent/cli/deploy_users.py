"""Whether tasks run on what is about to be removed."""

from __future__ import annotations

from collections.abc import Iterator

from ..client.server import Server
from ..config import data_dir, get_config
from ..errors import DeployError, ServerUnreachableError
from ..model import DispatchInfo
from ..states import FINAL, Status


def refuse_while_running(name: str) -> None:
    """:raises DeployError: if a dispatch uses the executor, or nobody can say whether one does"""
    try:
        busy = _users(Server(patience_s=0), name)
    except ServerUnreachableError as error:
        if not (data_dir() / "covalent.db").exists() and not get_config("dispatcher.database_url"):
            return
        raise DeployError(
            f"Nobody knows whether tasks run on {name}: no server answers. Start it with 'covalent start' and try again, or use --force."
        ) from error
    if busy:
        raise DeployError(
            f"Dispatches that use {name} have not ended: {', '.join(busy)}. Wait for them, end them with 'covalent cancel', or use "
            "--force, which loses what they do there."
        )


def _users(server: Server, executor: str) -> list[str]:
    """Ids of dispatches that use it and have not ended; of a sublattice, which lists do not show, no more than that there is one."""
    found = [
        info.id
        for status in Status
        if status not in FINAL
        for info in _newest(server, status)
        if executor in info.executors and status is not Status.NEW_OBJECT
    ]
    return found or (["one within another"] if any(server.executor_counts(executor).values()) else [])


def _newest(server: Server, status: Status) -> Iterator[DispatchInfo]:
    before: str | None = None
    while True:
        page = server.dispatches(limit=1000, before=before, status=status)
        yield from page.items
        if (before := page.next) is None:
            return
