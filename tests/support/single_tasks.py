"""Cases: single tasks on a batch service, without a dispatcher."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from covalent.errors import ExecutorError, PickleError, TaskError
from covalent.executor.batch.single import SingleTaskExecutor
from covalent.states import Cause, Status

TASK = {"dispatch_id": "by-hand", "node_id": 0}
PATIENCE_S = 20


def add(a, b=0):
    print("adding", a, "and", b)
    print("carefully", file=sys.stderr)
    return a + b


def refuse():
    raise LookupError("not here")


def sleep():
    time.sleep(60)


def quit_at_once():
    import os

    os._exit(7)


class SingleTaskCases:
    """The module of a subclass has a fixture ``executor``."""

    identity: ClassVar[Mapping[str, Any]]  #: Whose account it is.
    foreign: ClassVar[Mapping[str, Any]]  #: Somebody else's.
    foreign_is_refused_with: ClassVar[str]
    succeeded: ClassVar[str] = "SUCCEEDED"  #: The state of a job that has ended well, in the service's words.
    cancelled: ClassVar[str]  #: The state of a job that was cancelled, in the service's words.

    async def test_a_function_runs_and_its_value_comes_back(self, executor, capfd):
        assert await executor.run(add, [1], {"b": 41}, TASK) == 42
        printed = capfd.readouterr()
        assert printed.out == "adding 1 and 41\n"
        assert "carefully\n" in printed.err

    async def test_what_is_large_travels_both_ways(self, executor):
        assert await executor.run(lambda data: data * 2, [b"x" * 300_000], {}, TASK) == b"x" * 600_000

    async def test_its_exception_is_raised_with_the_remote_traceback(self, executor):
        with pytest.raises(LookupError, match="not here") as caught:
            await executor.run(refuse, [], {}, TASK)
        assert isinstance(caught.value.__cause__, TaskError)
        assert "in refuse" in caught.value.__cause__.remote_traceback

    async def test_a_task_without_an_exception_says_why_it_failed(self, executor):
        with pytest.raises(TaskError) as caught:
            await executor.run(quit_at_once, [], {}, TASK)
        assert caught.value.cause == Cause.USER

    async def test_what_cannot_travel_is_refused(self, executor):
        with pytest.raises(PickleError):
            await executor.run(lambda: None, [threading.Lock()], {}, TASK)

    def test_each_step_can_be_taken_by_itself_and_elsewhere(self, executor):
        """Each with an event loop of its own, and the last with another object, as after a restart."""
        with asyncio.Runner() as runner:
            runner.run(executor.stage_task(add, [1, 2], {}, TASK))
            job_id = runner.run(executor.submit_task(TASK, self.identity))
        assert executor.task_record(("by-hand", 0)).status is Status.SUBMITTED
        deadline = time.monotonic() + PATIENCE_S
        while (status := asyncio.run(executor.get_status(job_id)))[0] not in (self.succeeded, "FAILED"):
            assert status == (status[0], -1)
            assert time.monotonic() < deadline
        assert status == (self.succeeded, 0)
        other = type(executor)().from_dict(executor.to_dict())
        assert asyncio.run(other.query_result(TASK)) == (3, "adding 1 and 2\n", "carefully\n")
        assert asyncio.run(other.cancel(TASK, job_id)) is False

    async def test_credentials_of_another_account_are_refused(self, executor):
        await executor.stage_task(add, [1], {}, TASK)
        with pytest.raises(ExecutorError, match=self.foreign_is_refused_with):
            await executor.submit_task(TASK, self.foreign)

    async def test_a_job_is_cancelled_by_its_id(self, executor):
        await executor.stage_task(sleep, [], {}, TASK)
        job_id = await executor.submit_task(TASK)
        with executor.task_context("by-hand", 0):
            assert not await executor.get_cancel_requested()
            assert await executor.cancel(task_metadata=TASK, job_handle=job_id)
            assert await executor.get_cancel_requested()
        await self._cancelled(executor, job_id)

    async def test_cancelling_who_waits_ends_the_job(self, executor):
        waiting = asyncio.create_task(executor.run(sleep, [], {}, TASK))
        async with asyncio.timeout(PATIENCE_S):
            while (job_id := executor.task_record(("by-hand", 0)).handle) is None:
                await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await self._cancelled(executor, job_id)

    async def test_what_is_not_there_is_said_to_be_so(self, executor):
        with pytest.raises(ExecutorError, match="Nothing was staged for task 9 of none"):
            await executor.submit_task({"dispatch_id": "none", "node_id": 9})
        with pytest.raises(ExecutorError, match="Nothing is known of task 9 of none"):
            await executor.query_result({"dispatch_id": "none", "node_id": 9})
        with pytest.raises(ExecutorError, match="must have a dispatch_id and a node_id"):
            await executor.query_result({})

    async def test_a_task_that_has_not_ended_has_no_result(self, executor):
        await executor.stage_task(sleep, [], {}, TASK)
        job_id = await executor.submit_task(TASK)
        with pytest.raises(ExecutorError, match="has not ended"):
            await executor.query_result(TASK)
        await executor.cancel(TASK, job_id)

    async def _cancelled(self, executor: SingleTaskExecutor, job_id: str) -> None:
        """Return once it is."""
        async with asyncio.timeout(PATIENCE_S):
            while (await executor.get_status(job_id))[0] != self.cancelled:
                await asyncio.sleep(0.1)
