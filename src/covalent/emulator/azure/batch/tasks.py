"""A task as the API shows it, and what the scheduler knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import times
from .pools import Node

if TYPE_CHECKING:
    from ...hosts.running import Running
    from .jobs import Job


class TaskState(StrEnum):
    ACTIVE = "active"  #: Waits for a node.
    PREPARING = "preparing"  #: Has a node; nothing runs yet.
    RUNNING = "running"
    COMPLETED = "completed"  #: Ended, however it ended.


class Ending(StrEnum):
    """What is to become of a task that is on a node and has been told to end."""

    TERMINATE = "terminate"
    REQUEUE = "requeue"
    DELETE = "delete"


#: Of a task that says nothing else: attempts after a failure, and how long its files are kept. Source: model ``BatchTaskConstraints``.
DEFAULT_CONSTRAINTS: Final = {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "retentionTime": "P7D"}


@dataclass(kw_only=True, slots=True, eq=False)
class Task:
    """Changed by the scheduler alone."""

    job: Job
    given: dict[str, Any]  #: What it was added with: a ``BatchTaskCreateOptions``.
    state: TaskState = TaskState.ACTIVE
    since: str = field(default_factory=times.now)
    created: str = field(default_factory=times.now)
    modified: str = field(default_factory=times.now)
    etag: str = field(default_factory=times.etag)
    previous: tuple[TaskState, str] | None = None  #: The state before, and since when it was in it.
    execution: dict[str, Any] = field(default_factory=lambda: {"retryCount": 0, "requeueCount": 0})
    node: Node | None = None  #: Where it is, or was last.
    directory: Path | None = None  #: Its files there.
    running: Running | None = None
    ending: Ending | None = None
    is_on_node: bool = False
    ticket: int = 0  #: Its place among all that wait.

    @property
    def id(self) -> str:
        return str(self.given["id"])

    @property
    def slots(self) -> int:
        return int(self.given.get("requiredSlots", 1))

    @property
    def constraints(self) -> dict[str, Any]:
        of_job = self.job.given.get("constraints", {}).get("maxTaskRetryCount", 0)
        return {**DEFAULT_CONSTRAINTS, "maxTaskRetryCount": of_job, **self.given.get("constraints", {})}

    @property
    def has_succeeded(self) -> bool:
        return self.execution.get("result") == "success"

    @property
    def url(self) -> str:
        return f"{self.job.url}/tasks/{self.id}"

    def change(self, state: TaskState) -> None:
        moment = times.now()
        self.previous = (self.state, self.since)
        self.job.count(self, -1)
        self.state, self.since = state, moment
        self.job.count(self, 1)

    def touch(self) -> None:
        """It has been changed by somebody."""
        self.modified, self.etag = times.now(), times.etag()

    def view(self) -> dict[str, Any]:
        """A ``BatchTask``."""
        shown = {
            **self.given,
            "url": self.url,
            "eTag": self.etag,
            "lastModified": self.modified,
            "creationTime": self.created,
            "state": self.state.value,
            "stateTransitionTime": self.since,
            "constraints": self.constraints,
            "requiredSlots": self.slots,
            "executionInfo": self.execution,
        }
        if self.previous is not None:
            shown["previousState"], shown["previousStateTransitionTime"] = self.previous[0].value, self.previous[1]
        if self.node is not None and self.state is not TaskState.ACTIVE:
            shown["nodeInfo"] = self._node_info(self.node)
        return shown

    def _node_info(self, node: Node) -> dict[str, str]:
        root = str(self.directory.relative_to(node.root)) if self.directory else ""
        url = f"{self.job.account_url}/pools/{node.pool.id}/nodes/{node.id}"
        return {
            "affinityId": f"TVM:{node.id}",
            "nodeUrl": url,
            "poolId": node.pool.id,
            "nodeId": node.id,
            "taskRootDirectory": root,
            "taskRootDirectoryUrl": f"{url}/files/{root}",
        }
