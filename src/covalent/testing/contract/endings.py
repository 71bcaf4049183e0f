"""Cases: tasks that run again, that run too long, and that nobody wants any more."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import pytest

from ...executor.registry import get_executor
from ...model import ExecutorSpec
from ...states import Cause, Status
from .faults import Faults
from .lab import Lab


class EndingCases:
    @pytest.mark.parametrize("retries", [0, 2])
    def test_a_task_that_fails_runs_again_as_often_as_it_was_said(self, lab: Lab, retries: int) -> None:
        tell = lab.witness.tell

        def stumble() -> NoReturn:
            raise ValueError(f"try {tell('try')}")

        run = lab.run(lab.task(stumble, executor=lab.retrying(retries)))
        assert f"try {retries + 1}" in run.failed_with(Cause.USER)
        assert lab.witness.count("try") == len(run.attempts()) == retries + 1

    def test_unless_something_is_said_it_runs_as_often_as_the_executor_says(self, lab: Lab) -> None:
        tell = lab.witness.tell

        def stumble() -> NoReturn:
            raise ValueError(f"try {tell('try')}")

        plain = ExecutorSpec(name=lab.short_name, options=dict(lab.options))
        run = lab.run(lab.task(stumble, executor=plain))
        run.failed_with(Cause.USER)
        assert lab.witness.count("try") == get_executor(plain.name, plain.options).retry_budget() + 1

    def test_a_later_attempt_that_ends_well_counts(self, lab: Lab) -> None:
        tell = lab.witness.tell

        def stumble_once(i: int) -> int:
            if tell(f"try {i}") == 1 and i == 1:
                raise ConnectionError("not yet")
            return i

        task = lab.task(stumble_once, executor=lab.retrying(1))

        def workflow() -> Any:
            return [task(i) for i in range(3)]

        run = lab.run(workflow)
        assert run.value == [0, 1, 2]
        assert [len(run.attempts(i)) for i in range(3)] == [1, 2, 1]

    def test_a_task_over_its_time_limit_is_ended_with_all_that_it_has_started(self, lab: Lab) -> None:
        hold = lab.witness.hold

        def dawdle() -> None:
            if os.fork() == 0:
                hold("child")
                os._exit(0)
            hold("parent")

        run = lab.run(lab.task(dawdle, executor=lab.limited()))
        message = run.failed_with(Cause.TIMEOUT)
        assert f"{lab.limits.time_limit_s:g} s" in message
        for word in ("parent", "child"):
            assert lab.witness.count(word) == 1
            lab.witness.wait_until_gone(word, within_s=lab.limits.patience_s)

    def test_a_task_within_its_time_limit_is_left_alone(self, lab: Lab) -> None:
        assert lab.run(lab.task(lambda: 1, executor=lab.limited())).value == 1

    def test_a_task_that_runs_can_be_cancelled(self, lab: Lab) -> None:
        hold = lab.witness.hold

        def dawdle() -> None:
            hold("here")

        run = lab.start(lab.task(dawdle))
        lab.witness.wait_for("here", within_s=lab.limits.patience_s)
        run.cancel()
        assert run.ended().result.status is Status.CANCELLED
        assert run.status() is Status.CANCELLED
        lab.witness.wait_until_gone("here", within_s=lab.limits.patience_s)

    def test_a_task_that_waits_for_its_turn_can_be_cancelled(self, lab: Lab, faults: Faults) -> None:
        tell = lab.witness.tell
        with faults.full():
            run = lab.start(lab.task(lambda: tell("ran")))
            run.wait_for(Status.SUBMITTED)
            run.cancel()
            assert run.ended().result.status is Status.CANCELLED
        assert lab.witness.count("ran") == 0

    def test_one_of_many_can_be_cancelled(self, lab: Lab) -> None:
        if lab.limits.slots is not None and lab.limits.slots < 2:
            pytest.skip("one task runs at a time")
        hold = lab.witness.hold

        def dawdle(i: int) -> int:
            hold(f"here {i}")
            return i

        task = lab.task(dawdle)

        def workflow() -> Any:
            return [task(0), task(1)]

        run = lab.start(workflow)
        for i in range(2):
            lab.witness.wait_for(f"here {i}", within_s=lab.limits.patience_s)
        run.cancel(1)
        lab.witness.wait_until_gone("here 1", within_s=lab.limits.patience_s)
        lab.witness.let_go("here 0")
        run.ended()
        assert [run.status(i) for i in range(2)] == [Status.COMPLETED, Status.CANCELLED]
