"""Cases: values come back as they were returned."""

from __future__ import annotations

from typing import Any

import covalent as ct

from ...states import Status
from .lab import Lab


class ResultCases:
    def test_a_task_returns_its_value(self, lab: Lab) -> None:
        def describe(a: int, *more: int, b: int = 1) -> dict[str, Any]:
            return {"sum": a + sum(more) + b, "nested": [(a, more)], "text": "naïve ☃"}

        run = lab.run(lab.task(describe), 2, 3, b=4)
        assert run.value == {"sum": 9, "nested": [(2, (3,))], "text": "naïve ☃"}
        assert run.result.status is Status.COMPLETED

    def test_a_task_that_returns_nothing_returns_none(self, lab: Lab) -> None:
        run = lab.run(lab.task(lambda: None))
        assert run.value is None
        assert run.status() is Status.COMPLETED

    def test_an_attempt_records_when_it_ran(self, lab: Lab) -> None:
        run = lab.run(lab.task(lambda: 1))
        (attempt,) = run.attempts()
        assert attempt.outcome is not None
        assert attempt.outcome.started_at is not None
        assert attempt.outcome.ended_at is not None
        assert attempt.submitted_at - 5 < attempt.outcome.started_at <= attempt.outcome.ended_at

    def test_values_go_from_local_to_this_executor_and_back(self, lab: Lab) -> None:
        double = lab.task(lambda x: [*x, *x])
        at_home = ct.electron(lambda x: [*x, "home"], executor="local")

        def workflow(x: list[str]) -> Any:
            return at_home(double(at_home(x)))

        assert lab.run(workflow, ["away"]).value == ["away", "home", "away", "home", "home"]

    def test_a_task_knows_which_one_it_is(self, lab: Lab) -> None:
        def who_am_i(_: Any = None) -> tuple[str, int]:
            import os

            return os.environ["COVALENT_DISPATCH_ID"], int(os.environ["COVALENT_TASK_ID"])

        task = lab.task(who_am_i)

        def workflow() -> Any:
            first = task()
            return [first, task(first)]

        run = lab.run(workflow)
        assert run.value == [(run.id, 0), (run.id, 1)]

    def test_get_context_says_the_same(self, lab: Lab) -> None:
        run = lab.run(lab.task(lambda: tuple(ct.get_context())))
        assert run.value == (run.id, 0)

    def test_calls_before_and_after_run_where_the_task_runs(self, lab: Lab) -> None:
        tell = lab.witness.tell

        def prepare(x: int) -> tuple[int, int]:
            import os

            return x, os.getpid()

        def task(prepared: tuple[int, int]) -> tuple[int, bool]:
            import os

            return prepared[0], prepared[1] == os.getpid()

        before = ct.DepsCall(prepare, args=[5], retval_keyword="prepared")
        run = lab.run(lab.task(task, call_before=[before], call_after=[ct.DepsCall(tell, args=["after"])]))
        assert run.value == (5, True)
        assert lab.witness.count("after") == 1

    def test_tasks_of_a_sublattice_run_on_this_executor(self, lab: Lab) -> None:
        square = lab.task(lambda x: x * x)

        def squares(n: int) -> Any:
            return [square(i) for i in range(n)]

        inner = ct.electron(ct.lattice(squares))
        total = lab.task(sum)

        def workflow(n: int) -> Any:
            return total(inner(n))

        assert lab.run(workflow, 4).value == 14
