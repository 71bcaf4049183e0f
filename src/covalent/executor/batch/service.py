"""What the engine needs of a cloud's batch service: a few calls, and limits and reasons as data.

Nothing here loops, sleeps or repeats: patience, paging over many jobs and retries are the engine's. A call either returns, or raises

- :class:`~covalent.errors.ThrottledError`: the service wants fewer calls; nothing was done;
- :class:`~covalent.errors.ServiceUnreachableError`: no answer came; what was asked may have been done or not;
- another :class:`~covalent.errors.ExecutorError`: the service refuses, for good; the message says what to do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self

from ...states import Cause


class JobState(StrEnum):
    """What the three services have in common. A service's own names are mapped onto these by a table in its module."""

    WAITING = "WAITING"  #: Taken, without a place to run.
    STARTING = "STARTING"  #: It has a place; the image is being pulled.
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"  #: Its command ended with 0; that says nothing about the task.
    FAILED = "FAILED"  #: It ended in any other way, cancelling included.

    @property
    def is_final(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a service allows; each figure with its source in the cloud's module."""

    max_size: int  #: Tasks in one job.
    max_refs: int  #: Job ids in one ``describe``.
    max_environment_chars: int  #: All of what a submission adds to a job's definition, as JSON.
    #: Whether it can end one task of several. Where it cannot, the engine writes an outcome in the task's place, and the container is told
    #: in its environment (see ``RECALL_VARIABLE``) to look for one while it runs.
    ends_single_tasks: bool = True
    log_gap_s: float = 0.0  #: The shortest time between two calls of ``logs``, for whatever task.


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A group, or a part of one that is too large for one job, as it is handed to the service."""

    name: str  #: Deterministic and valid on all services; never used for two different things.
    size: int  #: Tasks in it, from 1.
    command: tuple[str, ...]  #: Absolute in meaning: no entry point, no shell and no working directory is relied on.
    environment: Mapping[str, str]  #: Short; the same for all tasks of the job.
    options: Any  #: What the executor's :meth:`BatchExecutor.job_options` gave: the cloud's own settings.
    out_of_memory: int = 0  #: How often these tasks have run out of memory before.
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """What a service says of a job."""

    ref: str
    state: JobState
    #: Of a job with several tasks: how many are in which state. A service may count late.
    counts: Mapping[JobState, int] = field(default_factory=dict)
    reason: str = ""  #: In the service's words: why it waits or failed.
    #: Its tasks, in whatever order, where the service tells of them together with their job: nobody asks for them then.
    tasks: Sequence[TaskView] | None = None
    memory_mib: float | None = None  #: What each task was given, where the service says so.


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    """What a service says of one task of a job. Times are Unix seconds."""

    index: int  #: Within the job, from 0.
    state: JobState
    attempt: int = 1  #: The service's own count, from 1.
    exit_code: int | None = None
    status_reason: str = ""  #: Of the job, in the service's words.
    reason: str = ""  #: Of the container, in the service's words.
    is_cancelled: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    place: str = ""  #: Where to find it in the service's console: job id and the like.


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonPattern:
    """One row of a service's table of reasons. All that is given must match."""

    cause: Cause
    message: str  #: A sentence for a person: what happened, and what to do.
    text: re.Pattern[str] | None = None  #: Searched in ``status_reason`` and in ``reason``.
    exit_codes: Collection[int] = ()

    @classmethod
    def of(cls, cause: Cause, text: str, message: str, *exit_codes: int) -> Self:
        """:param text: a regular expression, whose letters may be capital or small ones; empty for any"""
        pattern = re.compile(text, re.IGNORECASE) if text else None
        return cls(cause=cause, message=message, text=pattern, exit_codes=exit_codes)


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitPattern:
    """Why a job waits, for ``covalent why``."""

    text: re.Pattern[str]  #: Searched in :attr:`JobView.reason`.
    message: str  #: What it means, and what to do.

    @classmethod
    def of(cls, text: str, message: str) -> Self:
        """:param text: a regular expression, whose letters may be capital or small ones"""
        return cls(text=re.compile(text, re.IGNORECASE), message=message)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPage:
    """A part of what a task has printed: complete lines, with their line ends."""

    data: bytes
    cursor: str  #: Where the next part begins.


class BatchService(Protocol):
    """One account and region of a service, shared by all dispatches of a dispatcher."""

    limits: Limits
    #: Of the URIs of objects that its containers can read: a key of :data:`covalent.runner.cloud.objects.SCHEMES`.
    scheme: str
    #: Evaluated by cause in a fixed order, rows of one cause from the top; see :mod:`.causes`.
    reasons: Sequence[ReasonPattern]
    waits: Sequence[WaitPattern]

    async def check(self, options: Any) -> None:
        """Everything that would make jobs with these options fail or wait for ever and that can be known now. Asked once per options.

        :raises ExecutorError: naming the setting and what to do
        """

    async def submit(self, job: Job) -> str:
        """Hand a job over; return the service's reference to it.

        After a :class:`~covalent.errors.ServiceUnreachableError` the engine calls :meth:`find` before it submits again.
        """

    async def find(self, job: Job) -> str | None:
        """The reference to a job of this name that was submitted before; None if there is none.

        Where a service takes a job in several calls, one that it has a part of gets the rest, if that is still possible.
        """

    async def describe(self, refs: Sequence[str]) -> Mapping[str, JobView]:
        """Of at most ``limits.max_refs`` jobs; those that the service does not know any more are absent."""

    async def tasks(self, ref: str, states: Collection[JobState]) -> Sequence[TaskView]:
        """The tasks of a job that are in one of these states. Asked only where :attr:`JobView.tasks` is None."""

    async def cancel(self, ref: str, index: int | None, reason: str) -> None:
        """End one task, or the whole job if ``index`` is None, as it always is without ``limits.ends_single_tasks``.

        Ending what has ended is no error.
        """

    async def logs(self, ref: str, index: int, cursor: str) -> LogPage:
        """What a running task has printed since ``cursor`` (empty: from the beginning); standard output and errors in one."""

    async def log_end(self, ref: str, index: int) -> bytes:
        """The last few KiB of what a task that has ended has printed, however much that was, in as few calls as that takes."""

    async def close(self) -> None: ...
