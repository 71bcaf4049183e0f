"""How long a job may wait at the head of a queue: moto makes queues, but does not keep this of them.

It is kept and shown, and no more: nobody waits ten minutes for an emulator.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from ...http import Request, Response
from .wording import rejected

_SHORTEST_S: Final = 600
_LONGEST_S: Final = 86_400

_KEY: Final = "jobStateTimeLimitActions"


class QueueLimits:
    """Stands before those operations of moto's that make and show queues."""

    operations: Final = frozenset({"CreateJobQueue", "UpdateJobQueue", "DescribeJobQueues"})

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        """
        :param answer: moto's
        """
        self._answer = answer
        self._limits: dict[str, Sequence[Any]] = {}  # by ARN of a queue

    def __call__(self, operation: str, request: Request) -> Response:
        """:raises RefusalError: if a limit is none"""
        given = json.loads(request.body or b"{}").get(_KEY)
        _check(given or ())
        response = self._answer(request)
        if response.status != 200:
            return response
        answer = json.loads(response.body)
        if operation == "DescribeJobQueues":
            for queue in answer["jobQueues"]:
                queue[_KEY] = self._limits.get(queue["jobQueueArn"], [])
            return dataclasses.replace(response, body=json.dumps(answer).encode())
        if given is not None or operation == "CreateJobQueue":
            self._limits[answer["jobQueueArn"]] = given or []
        return response


def _check(limits: Sequence[Any]) -> None:
    for limit in limits:
        if (limit.get("state"), limit.get("action")) != ("RUNNABLE", "CANCEL") or not limit.get("reason"):
            raise rejected("A time limit of a job's state needs the state RUNNABLE, the action CANCEL and a reason.")
        if not _SHORTEST_S <= limit.get("maxTimeSeconds", 0) <= _LONGEST_S:
            raise rejected(f"maxTimeSeconds must be between {_SHORTEST_S} and {_LONGEST_S}.")
