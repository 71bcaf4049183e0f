"""What a task or a dispatch can be, and the one table of steps between."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a task or a dispatch stands. Equal to its name as a string."""

    NEW_OBJECT = "NEW_OBJECT"  #: Known; waits for what it depends on.
    READY = "READY"  #: Everything it depends on has ended well.
    SUBMITTED = "SUBMITTED"  #: Handed, or about to be handed, to an executor.
    STARTING = "STARTING"  #: A place was found; the environment is being prepared.
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether no step leads out of it."""
        return self in FINAL


class Cause(StrEnum):
    """Why an attempt ended without a result."""

    USER = "USER"  #: The task's own code raised or ended its process.
    TIMEOUT = "TIMEOUT"  #: It ran longer than its time limit.
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    PREEMPTED = "PREEMPTED"  #: A spot machine was taken back.
    HOST = "HOST"  #: The machine under it failed.
    IMAGE = "IMAGE"  #: The container image could not be had or started.
    ENVIRONMENT = "ENVIRONMENT"  #: Its packages or commands could not be installed or run.
    CONFIG = "CONFIG"  #: Its executor refused the settings.
    QUOTA = "QUOTA"  #: The account may not use more.
    CANCELLED = "CANCELLED"  #: Somebody asked for it.
    LOST = "LOST"  #: It vanished without a word.
    UPSTREAM = "UPSTREAM"  #: It never ran: a task that it depends on did not complete.
    UNKNOWN = "UNKNOWN"


FINAL: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

#: Statuses in which an attempt exists and an executor may be working on it.
ACTIVE: Final = frozenset({Status.SUBMITTED, Status.STARTING, Status.RUNNING})

#: Steps that a task may take. A step from an active status back to READY ends the attempt and asks for another.
TASK_STEPS: Final[dict[Status, frozenset[Status]]] = {
    # COMPLETED straight away: the value of an earlier dispatch is reused.
    Status.NEW_OBJECT: frozenset({Status.READY, Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.READY: frozenset({Status.SUBMITTED, Status.FAILED, Status.CANCELLED}),
    Status.SUBMITTED: frozenset({Status.STARTING, Status.RUNNING, Status.READY}) | FINAL,
    Status.STARTING: frozenset({Status.RUNNING, Status.READY}) | FINAL,
    Status.RUNNING: frozenset({Status.READY}) | FINAL,
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}

#: Steps that a dispatch may take.
DISPATCH_STEPS: Final[dict[Status, frozenset[Status]]] = {
    Status.NEW_OBJECT: frozenset({Status.RUNNING, Status.CANCELLED}),
    Status.RUNNING: FINAL,
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
