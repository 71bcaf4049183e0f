"""Cases: what an executor's world may suffer is no fault of the tasks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from ...states import Cause, Status
from .faults import Faults
from .lab import Lab, Run

WIDTH = 6

#: Seconds for which the service is out of reach.
AWAY_S = 1.5


class ServiceCases:
    missing: ClassVar[Mapping[str, Mapping[str, Any]]]
    makes_hosts_good: ClassVar[bool]

    def test_a_task_whose_host_is_lost_runs_again(self, lab: Lab, faults: Faults) -> None:
        with faults.lost_host():
            run = self._start_and_hold(lab)
        self._check_second_try(lab, run, {Cause.HOST, Cause.LOST, Cause.PREEMPTED})

    def test_a_task_whose_host_is_taken_back_runs_again(self, lab: Lab, faults: Faults) -> None:
        with faults.taken_host():
            run = self._start_and_hold(lab)
        self._check_second_try(lab, run, {Cause.HOST, Cause.PREEMPTED})

    def test_a_task_that_takes_too_much_memory_says_so(self, lab: Lab, faults: Faults) -> None:
        with faults.out_of_memory():
            run = self._start_and_hold(lab)
        assert "memory" in run.ended().failed_with(Cause.OUT_OF_MEMORY).lower()
        assert lab.witness.count("here") == 1

    def test_a_service_that_wants_fewer_calls_fails_nothing(self, lab: Lab, faults: Faults) -> None:
        with faults.throttled():
            run = self._run_map(lab).ended()
        assert run.value == list(range(WIDTH))
        self._check_map(lab)

    def test_a_lost_answer_makes_nothing_run_twice(self, lab: Lab, faults: Faults) -> None:
        with faults.lost_answer():
            run = self._run_map(lab).ended()
        assert run.value == list(range(WIDTH))
        self._check_map(lab)

    def test_a_service_that_is_away_when_tasks_are_sent_fails_nothing(self, lab: Lab, faults: Faults) -> None:
        with faults.unreachable():
            run = self._run_map(lab)
            time.sleep(AWAY_S)
            assert not run.status().is_final
        assert run.ended().value == list(range(WIDTH))
        self._check_map(lab)

    def test_a_service_that_goes_away_while_tasks_run_fails_nothing(self, lab: Lab, faults: Faults) -> None:
        faults.require("unreachable")
        run = self._start_and_hold(lab)
        with faults.unreachable():
            time.sleep(AWAY_S)
            assert not run.status().is_final
        lab.witness.let_go("here")
        assert run.ended().value == 1
        assert len(run.attempts()) == 1

    def test_what_does_not_exist_is_named_before_anything_is_submitted(self, lab: Lab, faults: Faults) -> None:
        if not self.missing:
            pytest.skip("this executor needs nothing that could be missing")
        before = faults.submissions()
        for what, options in self.missing.items():
            run = lab.run(lab.task(lambda: 1, executor=lab.executor(**options)))
            message = run.failed_with(Cause.CONFIG)
            assert any(str(value) in message for value in options.values()), f"{what}: {message}"
        assert faults.submissions() == before

    @staticmethod
    def _start_and_hold(lab: Lab) -> Run:
        """A task that runs until it is let go."""
        hold = lab.witness.hold
        run = lab.start(lab.task(lambda: hold("here")))
        lab.witness.wait_for("here", within_s=lab.limits.patience_s)
        return run

    def _check_second_try(self, lab: Lab, run: Run, causes: set[Cause]) -> None:
        lab.witness.wait_for("here", times=2, within_s=lab.limits.patience_s)
        lab.witness.let_go("here")
        assert run.ended().value == 2
        *failed, last = run.attempts()
        assert [one.outcome and one.outcome.cause in causes for one in failed] == [True] * (not self.makes_hosts_good)
        assert last.status is Status.COMPLETED

    @staticmethod
    def _run_map(lab: Lab) -> Run:
        tell = lab.witness.tell

        def work(i: int) -> int:
            tell(f"ran {i}")
            return i

        task = lab.task(work)

        def workflow() -> Any:
            return [task(i) for i in range(WIDTH)]

        return lab.start(workflow)

    @staticmethod
    def _check_map(lab: Lab) -> None:
        assert lab.witness.words("ran") == Counter({f"ran {i}": 1 for i in range(WIDTH)})
