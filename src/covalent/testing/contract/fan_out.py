"""Cases: like tasks run beside one another, and each goes its own way."""

from __future__ import annotations

from typing import Any

import pytest

from ...states import Cause, Status
from .lab import Lab

WIDTH = 50


class FanOutCases:
    def test_the_results_of_many_tasks_keep_their_order(self, lab: Lab) -> None:
        square = lab.task(lambda x: x * x)
        total = lab.task(lambda values: (values, sum(values)))

        def workflow(n: int) -> Any:
            return total([square(i) for i in range(n)])

        squares = [i * i for i in range(WIDTH)]
        assert lab.run(workflow, WIDTH).value == (squares, sum(squares))

    def test_the_rest_goes_on_while_one_task_still_runs(self, lab: Lab) -> None:
        if lab.limits.slots == 1:
            pytest.skip("one task runs at a time")
        tell, hold = lab.witness.tell, lab.witness.hold

        def work(i: int) -> int:
            if i == 0:
                hold("slow")
            return i

        def follow(x: int) -> int:
            tell(f"followed {x}")
            return x

        first, then = lab.task(work), lab.task(follow)

        def workflow() -> Any:
            return [then(first(i)) for i in range(4)]

        run = lab.start(workflow)
        for i in range(1, 4):
            lab.witness.wait_for(f"followed {i}", within_s=lab.limits.patience_s)
        assert not run.status(0).is_final
        lab.witness.let_go("slow")
        assert run.ended().value == [0, 1, 2, 3]

    def test_one_that_fails_takes_no_sibling_with_it(self, lab: Lab) -> None:
        invert = lab.task(lambda x: 1 / x)
        follow = lab.task(lambda x: x * 2)

        def workflow() -> Any:
            return [follow(invert(i)) for i in range(4)]

        run = lab.run(workflow)
        tasks = {node: run.task(node) for node in range(8)}
        failed = [task for task in tasks.values() if task.status is Status.FAILED]
        assert {task.cause for task in failed} == {Cause.USER, Cause.UPSTREAM}
        assert len(failed) == 2
        assert sum(task.status is Status.COMPLETED for task in tasks.values()) == 6
        assert run.result.status is Status.FAILED

    def test_a_chain_goes_from_link_to_link(self, lab: Lab) -> None:
        increment = lab.task(lambda x: x + 1)

        def workflow(n: int) -> Any:
            x: Any = 0
            for _ in range(n):
                x = increment(x)
            return x

        assert lab.run(workflow, 4).value == 4
