"""A task that somebody gives up while it runs, on a service that cannot end it."""

from __future__ import annotations

import time
from pathlib import Path

from covalent.runner.cloud.names import EXIT_TERMINATED, OutcomeName, outcomes_prefix
from tests.support.container import Group, wait_for

pytest_plugins = ("tests.support.container_fixtures",)

SOON = {"COVALENT_RECALL_S": "0.2"}


def test_a_task_that_was_given_up_is_ended(group: Group, tmp_path: Path) -> None:
    def task() -> None:
        (tmp_path / "started").touch()
        time.sleep(60)

    group.add(task)
    group.stage()
    given_up = f"{outcomes_prefix(group.name)}{OutcomeName(0, 1, None, '')}"
    with group.start(**SOON) as process:
        wait_for(tmp_path / "started")
        group.put(given_up, b"somebody else's")
        process.communicate(timeout=30)
    assert process.returncode == EXIT_TERMINATED
    assert group.get(given_up) == b"somebody else's"
    assert [str(name) for name in group.outcome_names()] == ["0.1.error"]
    assert group.run().code == 0


def test_a_task_that_nobody_gives_up_ends_as_always(group: Group) -> None:
    group.environment = {**group.environment, **SOON}
    outcome = group.run_one(lambda: time.sleep(1) or 7)
    assert group.value(outcome) == 7


def test_the_outcome_of_a_neighbour_ends_nothing(group: Group) -> None:
    group.environment = {**group.environment, **SOON}
    group.put(f"{outcomes_prefix(group.name)}{OutcomeName(10, 1, None, '')}", b"of task 10")
    outcome = group.run_one(lambda: time.sleep(1) or 7)
    assert group.value(outcome) == 7
