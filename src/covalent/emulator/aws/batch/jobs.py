"""A job, its attempts, and the children of an array job."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..moto_border import ACCOUNT, Queue
from .definitions import Definition
from .resources import Resources

if TYPE_CHECKING:
    from ...hosts.running import Running


class JobStatus(StrEnum):
    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"  #: Waits for other jobs; of an array job: its children are on their way.
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.SUCCEEDED, JobStatus.FAILED)

    @property
    def has_started(self) -> bool:
        return self in (JobStatus.STARTING, JobStatus.RUNNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What was submitted. All children of an array job share it."""

    name: str
    queue: Queue
    definition: Definition
    container: Mapping[str, Any]  #: The definition's properties, with what the submission overrides.
    resources: Resources
    parameters: Mapping[str, str]
    retry: Mapping[str, Any]
    timeout_s: int | None
    size: int | None  #: Of an array job.
    depends_on: Sequence[Mapping[str, str]]
    overrides_chars: int  #: Of the overrides, as JSON.
    share_identifier: str | None
    scheduling_priority: int | None
    propagate_tags: bool

    @property
    def command(self) -> tuple[str, ...]:
        """With parameters put in the places of their references. One that has no value stays as it is."""
        values = {f"Ref::{name}": value for name, value in self.parameters.items()}
        return tuple(values.get(argument, argument) for argument in self.container.get("command", ()))

    @property
    def environment(self) -> dict[str, str]:
        return {each["name"]: each.get("value", "") for each in self.container.get("environment", ())}

    @property
    def has_init(self) -> bool:
        return bool(self.container.get("linuxParameters", {}).get("initProcessEnabled"))


@dataclass(kw_only=True, slots=True)
class Attempt:
    task: str  #: Id of the task in ECS.
    stream: str | None = None
    started_at: float | None = None  #: Unix seconds, as the others.
    stopped_at: float | None = None
    exit_code: int | None = None
    reason: str | None = None
    status_reason: str | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class Job:
    """Changed by the scheduler alone."""

    id: str
    order: Order
    parent: Job | None = None
    index: int | None = None
    status: JobStatus = JobStatus.SUBMITTED
    status_reason: str | None = None
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    stopped_at: float | None = None
    attempts: list[Attempt] = field(default_factory=list)
    running: Running | None = None
    is_cancelled: bool = False
    is_terminated: bool = False
    waits_for: set[str] = field(default_factory=set)  #: Ids of jobs that must have succeeded before it.
    children: list[Job] = field(default_factory=list)
    counts: Counter[JobStatus] = field(default_factory=Counter)  #: Of its children.

    @property
    def arn(self) -> str:
        return f"arn:aws:batch:{self.order.queue.region}:{ACCOUNT}:job/{self.id}"

    @property
    def attempt(self) -> Attempt:
        """The newest."""
        return self.attempts[-1]

    def family(self) -> list[Job]:
        """Itself, and its children."""
        return [self, *self.children]


def create(order: Order) -> Job:
    """A job that nobody has seen yet, with its children."""
    job = Job(id=str(uuid.uuid4()), order=order)
    job.waits_for = {each["jobId"] for each in order.depends_on if "jobId" in each and each.get("type") != "N_TO_N"}
    job.children = [_child(job, order, index) for index in range(order.size or 0)]
    job.counts = Counter({JobStatus.SUBMITTED: len(job.children)})
    return job


def _child(parent: Job, order: Order, index: int) -> Job:
    waits_for = set(parent.waits_for)
    for each in order.depends_on:
        if each.get("type") == "N_TO_N":
            waits_for.add(f"{each['jobId']}:{index}")
        elif each.get("type") == "SEQUENTIAL" and index:
            waits_for.add(f"{parent.id}:{index - 1}")
    return Job(id=f"{parent.id}:{index}", order=order, parent=parent, index=index, waits_for=waits_for)
