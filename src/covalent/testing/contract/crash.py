"""Cases: the dispatcher dies at every step of a group's life, and every task runs to its end, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ...model import ExecutorSpec
from ...states import Status
from .faults import Faults
from .lab import Lab, Run
from .observed import Moment, ObservedExecutor

WIDTH = 6

DEATHS = [
    (Moment.BEFORE_SEND,),
    (Moment.DURING_SEND,),
    (Moment.AFTER_SEND,),
    (Moment.AFTER_SEND, Moment.AFTER_RESUME),
    (Moment.BEFORE_REPORT,),
    (Moment.BEFORE_FORGET,),
]


class CrashCases:
    @pytest.mark.parametrize("deaths", DEATHS, ids=" and ".join)
    def test_a_dispatcher_that_dies_loses_and_repeats_nothing(
        self, lab: Lab, tmp_path: Path, deaths: Sequence[Moment]
    ) -> None:
        run = self._start(lab, lab.dying(tmp_path, *deaths))
        for _ in deaths:
            lab.harness.wait_until_dead(lab.limits.patience_s)
            lab.harness.launch()
        lab.harness.wait_until_up()
        self._check(lab, run)
        assert {moment for moment in Moment if (tmp_path / moment).exists()} == set(deaths)

    def test_a_dispatcher_that_dies_while_tasks_run_finds_them_again(self, lab: Lab) -> None:
        run = self._start(lab, lab.executor(), word="hold")
        lab.witness.wait_for("hold", times=self._at_once(lab), within_s=lab.limits.patience_s)
        lab.harness.kill()
        lab.harness.start()
        lab.witness.let_go("hold")
        self._check(lab, run)

    def test_a_dispatcher_that_dies_while_tasks_end_has_their_results_later(self, lab: Lab) -> None:
        run = self._start(lab, lab.executor(), word="hold")
        lab.witness.wait_for("hold", times=self._at_once(lab), within_s=lab.limits.patience_s)
        lab.harness.kill()
        lab.witness.let_go("hold")
        lab.witness.wait_for_words("ended ", times=self._at_once(lab), within_s=lab.limits.patience_s)
        lab.harness.start()
        self._check(lab, run)

    def test_a_dispatcher_that_is_stopped_goes_on_at_its_next_start(self, lab: Lab) -> None:
        run = self._start(lab, lab.executor(), word="hold")
        lab.witness.wait_for("hold", times=self._at_once(lab), within_s=lab.limits.patience_s)
        lab.harness.stop()
        lab.witness.let_go("hold")
        lab.harness.start()
        self._check(lab, run)

    def test_a_dispatcher_that_dies_during_a_submission_makes_it_once(self, lab: Lab, faults: Faults) -> None:
        with faults.held_answer() as held:
            run = self._start(lab, lab.executor())
            held.wait(lab.limits.patience_s)
            lab.harness.kill()
        lab.harness.start()
        self._check(lab, run)

    def test_a_cancellation_survives_the_dispatcher(self, lab: Lab) -> None:
        hold = lab.witness.hold
        run = lab.start(lab.task(lambda: hold("here")))
        lab.witness.wait_for("here", within_s=lab.limits.patience_s)
        run.cancel()
        lab.harness.kill()
        lab.harness.start()
        assert run.ended().result.status is Status.CANCELLED
        lab.witness.wait_until_gone("here", within_s=lab.limits.patience_s)

    @staticmethod
    def _at_once(lab: Lab) -> int:
        """How many of the tasks run at once."""
        return min(WIDTH, lab.limits.slots or 1)

    @staticmethod
    def _start(lab: Lab, executor: ExecutorSpec | ObservedExecutor, word: str = "") -> Run:
        """A map and its reduction; each task says when it has ended, and ``word`` before, until it may go on."""
        tell, hold = lab.witness.tell, lab.witness.hold

        def work(i: int) -> int:
            if word:
                hold(word)
            tell(f"ended {i}")
            return i * i

        task = lab.task(work, executor=executor)
        total = lab.task(sum)

        def workflow() -> Any:
            return total([task(i) for i in range(WIDTH)])

        return lab.start(workflow)

    @staticmethod
    def _check(lab: Lab, run: Run) -> None:
        assert run.ended().value == sum(i * i for i in range(WIDTH))
        assert lab.witness.words("ended") == Counter({f"ended {i}": 1 for i in range(WIDTH)})
        assert [len(run.attempts(i)) for i in range(WIDTH)] == [1] * WIDTH
