"""Writing a task's outcome into the bucket, once. Imports under Python 3.8."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from .. import wire
from . import names
from .job import Assignment


def publish_failure(assignment: Assignment, cause: str, message: str) -> None:
    """For a task of which nothing ran.

    :raises ObjectError: if the bucket cannot be written
    """
    now = time.time()
    ended = {"status": "FAILED", "cause": cause, "message": message, "started_at": now, "ended_at": now}
    publish(assignment, ended, [])


def publish(assignment: Assignment, outcome: dict[str, Any], blobs: list[bytes]) -> None:
    """Create the outcome; if there is one already, that one counts.

    :param outcome: header of the message; what it refers to beside the message must be in the bucket
    :raises ObjectError: if the bucket cannot be written
    """
    job = assignment.job
    output = outcome.get("output")
    size, digest = (output[1], output[0]) if output else (None, "")
    key = job.prefix + names.outcome_key(job.group, names.OutcomeName(job.task, job.attempt, size, digest))
    message = wire.encode(wire.OUTCOME, 1, {**assignment.name, **outcome, "place": job.place}, blobs)
    assignment.client.put(key, message, hashlib.sha256(message).hexdigest())
