"""A job as the API shows it, and what the scheduler knows of it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from . import times
from .pools import Pool
from .tasks import Ending, Task, TaskState


class JobState(StrEnum):
    ACTIVE = "active"
    DISABLING = "disabling"
    DISABLED = "disabled"
    ENABLING = "enabling"
    TERMINATING = "terminating"
    COMPLETED = "completed"
    DELETING = "deleting"


#: In these, tasks can be added and the job can be changed.
OPEN: Final = (JobState.ACTIVE, JobState.DISABLING, JobState.DISABLED, JobState.ENABLING)

#: What a job has if nothing is said. Source: model ``BatchJobCreateOptions``.
DEFAULTS: Final = {
    "priority": 0,
    "maxParallelTasks": -1,
    "allowTaskPreemption": False,
    "onAllTasksComplete": "noaction",
    "onTaskFailure": "noaction",
    "usesTaskDependencies": False,
}
_NO_LIMIT: Final = {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "maxTaskRetryCount": 0}


@dataclass(kw_only=True, slots=True, eq=False)
class Job:
    """Changed by the scheduler alone."""

    given: dict[str, Any]  #: What it was created with and what has been changed since: a ``BatchJobCreateOptions``.
    number: int  #: Its place in the order in which jobs were created.
    account_url: str
    auto_pool: Pool | None = None
    state: JobState = JobState.ACTIVE
    since: str = field(default_factory=times.now)
    created: str = field(default_factory=times.now)
    modified: str = field(default_factory=times.now)
    etag: str = field(default_factory=times.etag)
    previous: tuple[JobState, str] | None = None
    ended: str | None = None
    reason: str | None = None  #: Why it ended.
    tasks: dict[str, Task] = field(default_factory=dict)  #: By their ids in small letters.
    waiting: dict[int, deque[Task]] = field(default_factory=dict)  #: By how many slots they need.
    on_nodes: int = 0  #: How many tasks are on nodes.
    counts: Counter[str] = field(default_factory=Counter)
    slot_counts: Counter[str] = field(default_factory=Counter)
    disabling: Ending | None = (
        None  #: What becomes of its tasks while it is disabled; None lets them end by themselves.
    )
    alarm: int = 0  #: Changes whenever its time limit does.

    @property
    def id(self) -> str:
        return str(self.given["id"])

    @property
    def key(self) -> str:
        return self.id.lower()

    @property
    def pool_id(self) -> str:
        return self.auto_pool.id if self.auto_pool else str(self.given["poolInfo"].get("poolId", ""))

    @property
    def url(self) -> str:
        return f"{self.account_url}/jobs/{self.id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def may_start_more(self) -> bool:
        most = int(self.given.get("maxParallelTasks", -1))
        return self.state is JobState.ACTIVE and (most < 0 or self.on_nodes < most)

    @property
    def are_all_completed(self) -> bool:
        """Also true of a job without tasks: the service sees it so."""
        return self.counts["completed"] == len(self.tasks)

    def count(self, task: Task, by: int) -> None:
        state = "running" if task.state is TaskState.PREPARING else task.state.value
        names = [state]
        if task.state is TaskState.COMPLETED:
            names.append("succeeded" if task.has_succeeded else "failed")
        for name in names:
            self.counts[name] += by
            self.slot_counts[name] += by * task.slots

    def change(self, state: JobState) -> None:
        moment = times.now()
        self.previous = (self.state, self.since)
        self.state, self.since = state, moment

    def touch(self) -> None:
        """It has been changed by somebody."""
        self.modified, self.etag = times.now(), times.etag()

    def view(self) -> dict[str, Any]:
        """A ``BatchJob``."""
        execution: dict[str, Any] = {"startTime": self.created, "poolId": self.pool_id}
        if self.ended is not None:
            execution |= {"endTime": self.ended, "terminateReason": self.reason}
        shown = {
            **DEFAULTS,
            **self.given,
            "constraints": {**_NO_LIMIT, **self.given.get("constraints", {})},
            "url": self.url,
            "eTag": self.etag,
            "lastModified": self.modified,
            "creationTime": self.created,
            "state": self.state.value,
            "stateTransitionTime": self.since,
            "executionInfo": execution,
        }
        if self.previous is not None:
            shown["previousState"], shown["previousStateTransitionTime"] = self.previous[0].value, self.previous[1]
        return shown
