"""What moto does not know of queues and compute environments.

How long a job may wait at the head of a queue is kept and shown, and no more: nobody waits ten minutes for an emulator. And lists come in
pages.

Sources: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html,
https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobQueues.html (maxResults)
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ...http import Request, Response
from . import listing
from .wording import rejected

_SHORTEST_S: Final = 600
_LONGEST_S: Final = 86_400

_KEY: Final = "jobStateTimeLimitActions"

#: What lists hold, and the most that a page of them does.
_LISTS: Final = {"DescribeJobQueues": "jobQueues", "DescribeComputeEnvironments": "computeEnvironments"}
_PAGE: Final = 100


class QueueLimits:
    """Stands before those operations of moto's that make and show queues, and what is behind them."""

    operations: Final = frozenset({"CreateJobQueue", "UpdateJobQueue", *_LISTS})

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        """
        :param answer: moto's
        """
        self._answer = answer
        self._limits: dict[str, Sequence[Any]] = {}  # by ARN of a queue

    def __call__(self, operation: str, request: Request) -> Response:
        """:raises RefusalError: if a limit is none, or there cannot be such a page"""
        fields = json.loads(request.body or b"{}")
        given = fields.get(_KEY)
        _check(given or ())
        response = self._answer(request)
        if response.status != 200:
            return response
        answer = json.loads(response.body)
        if operation in _LISTS:
            shown = self._page(fields, _LISTS[operation], answer)
            return dataclasses.replace(response, body=json.dumps(shown).encode())
        if given is not None or operation == "CreateJobQueue":
            self._limits[answer["jobQueueArn"]] = given or []
        return response

    def _page(self, fields: Mapping[str, Any], kind: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        found, token = listing.page(answer[kind], listing.page_size(fields, _PAGE), fields.get("nextToken"))
        if kind == "jobQueues":
            found = [{**queue, _KEY: self._limits.get(queue["jobQueueArn"], [])} for queue in found]
        return {kind: found, **({"nextToken": token} if token else {})}


def _check(limits: Sequence[Any]) -> None:
    for limit in limits:
        if (limit.get("state"), limit.get("action")) != ("RUNNABLE", "CANCEL") or not limit.get("reason"):
            raise rejected("A time limit of a job's state needs the state RUNNABLE, the action CANCEL and a reason.")
        if not _SHORTEST_S <= limit.get("maxTimeSeconds", 0) <= _LONGEST_S:
            raise rejected(f"maxTimeSeconds must be between {_SHORTEST_S} and {_LONGEST_S}.")
