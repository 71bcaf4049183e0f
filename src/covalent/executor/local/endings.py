"""Outcomes that no worker writes, because it is not there to write them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from ...model import Blob, Outcome
from ...states import Cause, Status

#: What the server finds when it comes back and the process of a task is gone.
LOST: Final = Outcome(
    status=Status.FAILED,
    cause=Cause.LOST,
    message="The process that ran the task was gone when the server came back. Whether the task had finished is not known.",
)

CANCELLED: Final = Outcome(
    status=Status.CANCELLED, cause=Cause.CANCELLED, message="The task was cancelled while it ran, and was ended."
)


def timed_out(limit_s: float) -> Outcome:
    """For an attempt that ran too long."""
    return Outcome(
        status=Status.FAILED,
        cause=Cause.TIMEOUT,
        message=f"The task ran longer than its time limit of {limit_s:g} s and was ended. Raise time_limit, or make it shorter.",
    )


def without_start(outcome: Outcome) -> Outcome:
    """The same for an attempt of which nothing ran."""
    return replace(outcome, started=False, ended_at=time.time())


def with_traces(
    outcome: Outcome, stdout: Blob | None, stderr: Blob | None, started_at: float | None, place: str
) -> Outcome:
    """The same with what is known of the attempt."""
    return replace(outcome, stdout=stdout, stderr=stderr, started_at=started_at, ended_at=time.time(), place=place)
