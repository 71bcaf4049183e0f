"""What all tasks of a dispatch write, those of its sublattices included: what there is, or as it comes."""

from __future__ import annotations

from ..client.server import Server
from ..model import NodeKind
from .task_log import TaskLog, prefixed


def show_all(server: Server, dispatch_id: str, prefix: str = "") -> bool:
    """Write what the last attempt of each task has written by now, task after task. False if that was nothing."""
    wrote = False
    for task in server.tasks(dispatch_id):
        name = f"{prefix}{task.name}({task.node_id})"
        if task.attempt:
            log = TaskLog(server, dispatch_id, task.node_id, task.attempt, prefixed(name))
            log.pump()
            log.finish()
            wrote = log.wrote or wrote
        if task.child_id:
            wrote = show_all(server, task.child_id, f"{name}/") or wrote
    return wrote


class DispatchLog:
    """Every attempt of every task, found by the events that it leaves; each line after the name of its task."""

    def __init__(self, server: Server, dispatch_id: str, prefix: str = "") -> None:
        self.ended = False
        self._server, self._dispatch_id, self._prefix = server, dispatch_id, prefix
        self._tasks = {task.node_id: task for task in server.tasks(dispatch_id)}
        self._cursor = 0
        self._seen: set[tuple[int, int]] = set()
        self._open: list[TaskLog] = []
        self._expected: set[int] = set()  #: Sublattices that have begun and of which no dispatch is known yet.
        self._children: list[DispatchLog] = []
        self._wrote = False

    @property
    def wrote(self) -> bool:
        """Whether there was anything by now."""
        return self._wrote or any(child.wrote for child in self._children)

    def pump(self) -> bool:
        """Pass on all that is there by now. True if the dispatch has ended and this was the rest."""
        self.ended = self.ended or self._server.dispatch(self._dispatch_id).status.is_final
        self._discover()
        still_open = []
        for log in self._open:
            complete = log.pump()
            self._wrote = self._wrote or log.wrote
            if complete or self.ended:
                log.finish()
            else:
                still_open.append(log)
        self._open = still_open
        self._find_children()
        for child in self._children:
            child.pump()
        return self.ended

    def _discover(self) -> None:
        for event in self._server.events(self._dispatch_id, after=self._cursor):
            self._cursor = event.seq
            if event.node_id is None or event.attempt == 0 or (event.node_id, event.attempt) in self._seen:
                continue
            self._seen.add((event.node_id, event.attempt))
            task = self._tasks[event.node_id]
            if task.kind is NodeKind.SUBLATTICE:
                self._expected.add(task.node_id)
            write = prefixed(self._name(task.node_id))
            self._open.append(TaskLog(self._server, self._dispatch_id, task.node_id, event.attempt, write))

    def _find_children(self) -> None:
        for node_id in sorted(self._expected):
            if child_id := self._server.task(self._dispatch_id, node_id).child_id:
                self._children.append(DispatchLog(self._server, child_id, f"{self._name(node_id)}/"))
                self._expected.remove(node_id)

    def _name(self, node_id: int) -> str:
        return f"{self._prefix}{self._tasks[node_id].name}({node_id})"
