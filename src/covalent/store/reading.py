"""Looking at what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from ..errors import NotFoundError
from ..model import AttemptInfo, Blob, DispatchInfo, Event, ExecutorSpec, Graph, Snapshot, TaskInfo
from ..states import Cause, Status
from . import codec
from .base import GraphPreviews
from .database import LARGEST, Row, Session

#: Characters. SQLite refuses patterns of more than 50,000 bytes.
LONGEST_SEARCH: Final = 4000


def dispatch(session: Session, dispatch_id: str) -> DispatchInfo:
    return codec.dispatch_info(_dispatch_row(session, dispatch_id))


def dispatches(
    session: Session,
    *,
    limit: int,
    before: str | None,
    statuses: Iterable[Status],
    search: str,
    executor: str | None,
    roots_only: bool,
) -> list[DispatchInfo]:
    below = LARGEST if before is None else _key(session, before)
    if len(search) > LONGEST_SEARCH or len(executor or "") > LONGEST_SEARCH:
        return []
    rows = session.all(
        "dispatches",
        below=below,
        statuses=_texts(statuses),
        pattern=_pattern(search),
        executor=_pattern("" if executor is None else codec.encode_names([executor])[1:-1]),
        roots_only=int(roots_only),
        limit=limit,
    )
    return [codec.dispatch_info(row) for row in rows]


def secrets(session: Session, ids: Collection[str], dispatch_id: str | None) -> dict[str, bytes]:
    """See :meth:`.base.Store.secrets`."""
    rows = session.all("secrets_of_any", ids=list(ids))
    if dispatch_id is not None:
        rows += session.all("secrets_of_dispatch", dispatch_id=dispatch_id, ids=list(ids))
    return {secret_id: bytes(sealed) for secret_id, sealed in rows}


def graph(session: Session, dispatch_id: str) -> Graph:
    row = session.one("graph", id=dispatch_id)
    if row is None:
        raise _no_dispatch(dispatch_id)
    return codec.decode_graph(row[0])


def previews(session: Session, dispatch_id: str) -> GraphPreviews:
    row = session.one("graph", id=dispatch_id)
    if row is None:
        raise _no_dispatch(dispatch_id)
    return codec.decode_previews(row[0])


def placement(session: Session, dispatch_id: str, group_id: str) -> tuple[ExecutorSpec, Any] | None:
    row = session.one("placement", id=dispatch_id, group_id=group_id)
    return None if row is None else (codec.executor(row[:2]), codec.decode_handle(row[2]))


def tasks(session: Session, dispatch_id: str, *, after: int, limit: int, statuses: Iterable[Status]) -> list[TaskInfo]:
    return _tasks(session, _key(session, dispatch_id), after=after, limit=limit, statuses=statuses)


def task(session: Session, dispatch_id: str, node_id: int) -> TaskInfo:
    found = _tasks(session, _key(session, dispatch_id), after=node_id - 1, limit=1)
    if not found or found[0].node_id != node_id:
        raise no_task(dispatch_id, node_id)
    return found[0]


def attempts(session: Session, dispatch_id: str, node_id: int) -> list[AttemptInfo]:
    rows = session.all("attempts", dispatch=_key(session, dispatch_id), node=node_id)
    return [
        AttemptInfo(
            node_id=node_id,
            attempt=attempt,
            group_id=group_id,
            submitted_at=submitted_at,
            status=codec.STATUS[status],
            retried=bool(retried),
            outcome=codec.decode_outcome(body),
        )
        for attempt, group_id, submitted_at, status, retried, body in rows
    ]


def events(session: Session, dispatch_id: str, *, node_id: int | None, after: int, limit: int) -> list[Event]:
    key = _key(session, dispatch_id)
    if node_id is None:
        rows = session.all("events_of_dispatch", dispatch=key, after=after, limit=limit)
    else:
        rows = session.all("events_of_node", dispatch=key, node=node_id, after=after, limit=limit)
    return [codec.event(dispatch_id, row) for row in rows]


def payloads(session: Session, dispatch_id: str, digests: Iterable[str]) -> dict[str, Blob]:
    wanted = list(digests)
    found = {digest: Blob(digest=digest, size=0) for digest in wanted}
    for digest, data in session.all("payloads", dispatch=_key(session, dispatch_id), digests=wanted):
        found[digest] = Blob(digest=digest, size=len(data), data=data)
    return found


def outputs(session: Session, dispatch_id: str, node_ids: Iterable[int]) -> dict[int, Blob]:
    rows = session.all("outputs", dispatch=_key(session, dispatch_id), nodes=list(node_ids))
    decoded = ((node_id, codec.decode_output(body)) for node_id, body in rows)
    return {node_id: blob for node_id, blob in decoded if blob is not None}


def output_previews(session: Session, dispatch_id: str, node_ids: Iterable[int]) -> dict[int, str]:
    rows = session.all("outputs", dispatch=_key(session, dispatch_id), nodes=list(node_ids))
    decoded = ((node_id, codec.decode_preview(body)) for node_id, body in rows)
    return {node_id: text for node_id, text in decoded if text}


def snapshot(session: Session, dispatch_id: str) -> Snapshot:
    row = _dispatch_row(session, dispatch_id)
    key = row[0]
    used: dict[int, dict[Cause, int]] = {}
    for node_id, cause, count in session.all("used_attempts", dispatch=key):
        used.setdefault(node_id, {})[Cause(cause)] = count
    open_attempts: dict[str, set[tuple[int, int]]] = {}
    for group_id, node_id, attempt in session.all("open_attempts", dispatch=key):
        open_attempts.setdefault(group_id, set()).add((node_id, attempt))
    groups = session.all("groups", dispatch=key, group_ids=list(open_attempts))
    return Snapshot(
        info=codec.dispatch_info(row),
        graph=graph(session, dispatch_id),
        tasks=tuple(_tasks(session, key)),
        used=used,
        groups=tuple(codec.group(group, open_attempts[group[0]]) for group in groups),
    )


def no_task(dispatch_id: str, node_id: int) -> NotFoundError:
    return NotFoundError(f"Dispatch {dispatch_id} has no task {node_id}.")


def _tasks(
    session: Session, key: int, *, after: int = -1, limit: int = LARGEST, statuses: Iterable[Status] = ()
) -> list[TaskInfo]:
    rows = session.all("tasks", dispatch=key, after=after, limit=limit, statuses=_texts(statuses))
    return [codec.task_info(row) for row in rows]


def _dispatch_row(session: Session, dispatch_id: str) -> Row:
    row = session.one("dispatch", id=dispatch_id)
    if row is None:
        raise _no_dispatch(dispatch_id)
    return row


def _key(session: Session, dispatch_id: str) -> int:
    row = session.one("dispatch_key", id=dispatch_id)
    if row is None:
        raise _no_dispatch(dispatch_id)
    return int(row[0])


def _no_dispatch(dispatch_id: str) -> NotFoundError:
    return NotFoundError(f"There is no dispatch {dispatch_id}.")


def _texts(statuses: Iterable[Status]) -> list[str]:
    """The statuses to look for; none means all."""
    return [codec.TEXT[status] for status in statuses] or [codec.TEXT[status] for status in Status]


def _pattern(search: str) -> str:
    for special in "\\%_":
        search = search.replace(special, f"\\{special}")
    return f"%{search}%"


def unreferenced(session: Session, digests: Sequence[str]) -> list[str]:
    needed = {digest for (digest,) in session.all("referenced_objects", digests=list(digests))}
    return [digest for digest in digests if digest not in needed]
