"""What a server can be asked, one method each."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ..errors import NotFoundError
from ..model import DispatchInfo, Event, Graph, TaskInfo
from ..states import Status
from .bundle import Bundle, receive
from .decoding import decoded
from .events import Update, updates
from .transport import PATIENCE_S, Transport
from .views import DispatchPage, DispatchView, EventPage, Health, LogPart, TaskPage, TaskView

T = TypeVar("T")

#: Bodies shorter than this are not worth compressing.
_COMPRESS_FROM = 1400
_SAMPLE = 65536

#: Seconds in which somebody can go to an address that was printed.
TICKET_S = 600

#: The server sends something every 15 s.
_SILENCE_S = 40.0


@lru_cache(maxsize=32)
def connect(address: str | None = None) -> Server:
    """The server that ``address`` means; None means the usual one. Nothing is sent yet."""
    return Server(address)


class Server:
    """Every method raises a :class:`~covalent.errors.ClientError` if there is no server or it refuses."""

    def __init__(self, address: str | None = None, *, patience_s: float = PATIENCE_S) -> None:
        self.transport = Transport(address, patience_s)

    def health(self, *, timeout_s: float = 5.0) -> Health:
        answer = self.transport.request("GET", "/health", timeout_s=timeout_s)
        return decoded(answer.body, Health)

    def ticket(self, life_s: int = TICKET_S) -> str:
        """A ticket with which a browser can sign in, once and within ``life_s`` seconds."""
        answer = self.transport.request("POST", "/tickets", query={"life_s": life_s})
        return str(decoded(answer.body, dict[str, Any])["ticket"])

    def preview(self, graph: Graph) -> str:
        """Have a workflow kept for a day, only to be looked at; returns its id."""
        body, headers = _packed(msgspec.msgpack.encode(graph))
        answer = self.transport.request("POST", "/previews", body=body, headers=headers)
        return str(decoded(answer.body, dict[str, Any])["id"])

    # Dispatching

    def has_object(self, digest: str) -> bool:
        try:
            self.transport.request("HEAD", f"/objects/{digest}")
        except NotFoundError:
            return False
        return True

    def put_object(self, digest: str, data: bytes) -> None:
        self.transport.request("PUT", f"/objects/{digest}", body=data, timeout_s=300)

    def submit(self, submission: bytes, dispatch_id: str) -> str:
        """Dispatch an encoded submission. Sending it again under the same id changes nothing."""
        body, headers = _packed(submission)
        headers["Idempotency-Key"] = dispatch_id
        answer = self.transport.request("POST", "/dispatches", body=body, headers=headers, timeout_s=300)
        return str(decoded(answer.body, dict[str, Any])["dispatch_id"])

    def start(self, dispatch_id: str) -> DispatchInfo:
        return decoded(self.transport.request("POST", _path(dispatch_id, "start")).body, DispatchInfo)

    def cancel(self, dispatch_id: str, task_ids: Iterable[int] | None) -> str:
        body = msgspec.json.encode({"task_ids": None if task_ids is None else list(task_ids)})
        headers = {"Content-Type": "application/json"}
        answer = self.transport.request("POST", _path(dispatch_id, "cancel"), body=body, headers=headers)
        return str(decoded(answer.body, dict[str, Any])["message"])

    def delete(self, dispatch_id: str) -> int:
        """Returns how many dispatches went, with those below it."""
        answer = self.transport.request("DELETE", _path(dispatch_id))
        return int(decoded(answer.body, dict[str, Any])["dispatches"])

    # Looking

    def dispatches(
        self, *, limit: int = 100, before: str | None = None, status: str | None = None, search: str | None = None
    ) -> DispatchPage:
        return self._get("/dispatches", DispatchPage, limit=limit, before=before, status=status, search=search)

    def dispatch(self, dispatch_id: str) -> DispatchView:
        return self._get(_path(dispatch_id), DispatchView)

    def graph(self, dispatch_id: str) -> Graph:
        return self._get(_path(dispatch_id, "graph"), Graph)

    def tasks(self, dispatch_id: str, *, status: Status | None = None) -> Iterator[TaskInfo]:
        """All of them, a page at a time."""
        after: int | None = -1
        while after is not None:
            page = self._get(_path(dispatch_id, "tasks"), TaskPage, after=after, status=status)
            yield from page.items
            after = page.next

    def task(self, dispatch_id: str, node_id: int) -> TaskView:
        return self._get(_path(dispatch_id, "tasks", node_id), TaskView)

    def events(self, dispatch_id: str, *, node_id: int | None = None, after: int = 0) -> Iterator[Event]:
        """All of them, a page at a time."""
        cursor: int | None = after
        while cursor is not None:
            page = self._get(_path(dispatch_id, "events"), EventPage, after=cursor, node=node_id)
            yield from page.items
            cursor = page.next

    def why(self, dispatch_id: str, node_id: int | None = None) -> str:
        found = self._get(_path(dispatch_id, "why"), dict[str, Any], node=node_id)
        return str(found["sentence"])

    def log(
        self, dispatch_id: str, node_id: int, stream: str, *, attempt: int | None = None, offset: int = 0
    ) -> LogPart:
        """What a task wrote to ``stdout`` or ``stderr``, from byte ``offset`` on, as far as one answer reaches."""
        query = {"stream": stream, "attempt": attempt, "offset": offset}
        answer = self.transport.request("GET", _path(dispatch_id, "tasks", node_id, "log"), query=query)
        return LogPart(
            data=answer.body,
            next_offset=int(answer.headers["X-Log-Next"]),
            complete=answer.headers["X-Log-Complete"] == "true",
        )

    def executor_counts(self, name: str) -> dict[str, int]:
        """Tasks that an executor has or is about to be handed, by status."""
        found = self._get("/executors", list[dict[str, Any]])
        return next((each["counts"] for each in found if each["name"] == name), {})

    def stream(self, dispatch_id: str, *, after: int = 0, tasks: bool = False) -> Iterator[Update]:
        """Its states as they change, the present one first; ends after a final one or when the connection does.

        With ``tasks``, the events after ``after`` as well.
        """
        query = {"after": after, "tasks": "true" if tasks else "false"}
        path = _path(dispatch_id, "stream")
        with self.transport.open(path, query=query, timeout_s=_SILENCE_S) as stream:
            yield from updates(stream.chunks())

    def bundle(self, dispatch_id: str, what: str, node_id: int | None = None) -> Bundle:
        """A value and all that it refers to, received and verified, to be used in a ``with`` statement.

        :raises IntegrityError: if bytes are not what their digest says
        """

        def once() -> Bundle:
            query = {"what": what, "node": node_id}
            with self.transport.open(_path(dispatch_id, "bundle"), query=query) as stream:
                return receive(stream)

        return self.transport.patiently(once)

    def _get(self, path: str, kind: type[T], **query: Any) -> T:
        return decoded(self.transport.request("GET", path, query=query).body, kind)


def _path(*parts: object) -> str:
    """The path of something below ``/dispatches``; a user's text in it stays one part."""
    return "/".join(("/dispatches", *(quote(str(part), safe="") for part in parts)))


def _packed(body: bytes) -> tuple[bytes, dict[str, str]]:
    """A body in MessagePack as it is sent, and the headers that say how."""
    headers = {"Content-Type": "application/msgpack"}
    if not _is_worth_compressing(body):
        return body, headers
    return gzip.compress(body, compresslevel=1), headers | {"Content-Encoding": "gzip"}


def _is_worth_compressing(body: bytes) -> bool:
    """Judged by a part of it; what users send is often compressed already, or random."""
    start = len(body) // 2
    part = body[start : start + _SAMPLE]
    return len(body) >= _COMPRESS_FROM and len(zlib.compress(part, level=1)) < 0.8 * len(part)
