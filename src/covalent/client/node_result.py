"""One task of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..model import TaskInfo
from ..states import Status
from .bundle import Bundle, opened
from .failures import task_error_text
from .server import Server

if TYPE_CHECKING:
    from .result import Result


def moment(at: float | None) -> datetime | None:
    """Unix seconds as a time in UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


_AT_ONCE = ("node_id", "node_name", "start_time", "end_time", "status")
_FETCHED = ("output", "error", "sublattice_result", "stdout", "stderr")
_KEYS = _AT_ONCE + _FETCHED


class NodeResult(Mapping[str, Any]):
    """Reads like a dict. ``output``, ``error``, ``sublattice_result``, ``stdout`` and ``stderr`` are fetched when touched."""

    def __init__(self, server: Server, dispatch_id: str, task: TaskInfo, child: Callable[[str], Result]) -> None:
        self._server, self._dispatch_id, self._task, self._child = server, dispatch_id, task, child
        self._known: dict[str, Any] = {
            "node_id": task.node_id,
            "node_name": task.name,
            "status": task.status,
            **self._times(task),
        }

    def __getitem__(self, key: str) -> Any:
        if key not in self._known and key in _FETCHED:
            self._known[key] = self._fetched(key)
        elif key == "start_time" and self._known[key] is None and self._ran_elsewhere():
            self._known |= self._times(self._server.task(self._dispatch_id, self._task.node_id))
        return self._known[key]

    def _ran_elsewhere(self) -> bool:
        """Whether a list may lack what its own page tells: when it began, which a cloud tells of each task on request."""
        return self._task.status is Status.COMPLETED and not self._task.reused

    @staticmethod
    def _times(task: TaskInfo) -> dict[str, datetime | None]:
        return {"start_time": moment(task.started_at), "end_time": moment(task.ended_at)}

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def __repr__(self) -> str:
        return f"<Task {self._task.node_id} ({self._task.name}) of {self._dispatch_id}: {self._task.status}>"

    def log(self, stream: str) -> str:
        """All that the last attempt has written to ``stdout`` or ``stderr``."""
        return b"".join(self.log_parts(stream)).decode("utf-8", "replace")

    def log_parts(self, stream: str) -> Iterator[bytes]:
        """The same, as it arrives."""
        offset = 0
        while True:
            part = self._server.log(self._dispatch_id, self._task.node_id, stream, offset=offset)
            yield part.data
            if part.complete or not part.data:
                return
            offset = part.next_offset

    def bundle(self) -> Bundle:
        """The output, received but not opened.

        :raises NotFoundError: if there is none
        """
        return self._server.bundle(self._dispatch_id, "node", self._task.node_id)

    def _fetched(self, key: str) -> Any:
        task = self._task
        if key == "output":
            done = task.status is Status.COMPLETED
            return opened(self.bundle(), f"the output of task {task.node_id} of {self._dispatch_id}") if done else None
        if key == "error":
            return task_error_text(self._server, self._dispatch_id, task)
        if key == "sublattice_result":
            return self._child(task.child_id) if task.child_id else None
        return self.log(key)
