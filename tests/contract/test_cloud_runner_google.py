"""Tasks in containers of Google Batch: the real bootstrap, against Cloud Storage's XML API and a metadata server over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from covalent.runner.cloud import names
from covalent.states import Cause, Status
from tests.support.container import last_line
from tests.support.google_container import GoogleGroup, new_google_group


@pytest.fixture
def group(tmp_path: Path) -> Iterator[GoogleGroup]:
    with new_google_group(tmp_path) as made:
        yield made


def test_a_task_leaves_its_result_and_an_outcome_that_names_it(group: GoogleGroup) -> None:
    outcome = group.run_one(lambda a, b: a * b, 6, 7)
    assert group.value(outcome) == 42
    assert outcome.status is Status.COMPLETED
    assert outcome.output is not None
    assert outcome.output.uri is not None
    assert outcome.place.endswith("job j-uid")


def test_an_exception_is_the_tasks_own(group: GoogleGroup) -> None:
    outcome = group.run_one(lambda: {}["absent"], code=1)
    assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.USER)
    assert "KeyError: 'absent'" in outcome.message


def test_each_task_of_a_job_runs_its_own_part_and_attempts_count_from_one(group: GoogleGroup) -> None:
    for number in range(4):
        group.add(lambda n: n * 10, number)
    group.stage()
    for index, attempt in (("0", "0"), ("1", "2")):
        ended = group.run(COVALENT_FIRST="2", BATCH_TASK_INDEX=index, BATCH_TASK_RETRY_ATTEMPT=attempt)
        assert ended.code == 0, ended
    assert [(name.task, name.attempt) for name in group.outcome_names()] == [(2, 1), (3, 3)]
    assert [group.value(group.outcome(task)) for task in (2, 3)] == [20, 30]


def test_a_task_that_has_an_outcome_does_not_run_again(group: GoogleGroup, tmp_path: Path) -> None:
    def task() -> None:
        with open(tmp_path / "runs", "a") as file:
            file.write("x")

    group.staged(task)
    assert group.run().code == 0
    assert group.run(BATCH_TASK_RETRY_ATTEMPT="1").code == 0
    assert (tmp_path / "runs").read_text() == "x"
    assert [str(name).partition(".ok")[0] for name in group.outcome_names()] == ["0.1"]


# Trouble


def test_a_missing_bucket_is_named(group: GoogleGroup) -> None:
    line = last_line(group, names.EXIT_UNREADABLE, COVALENT_RUNNER="gs://nowhere/runner/0.pyz")
    assert "There is no bucket nowhere" in line
    assert "bucket_name" in line


@pytest.mark.parametrize(
    ("permission", "what", "code"),
    [("get", "GET", names.EXIT_UNREADABLE), ("create", "PUT", names.EXIT_UNWRITABLE)],
)
def test_what_the_service_account_may_not_do_is_named(
    group: GoogleGroup, permission: str, what: str, code: int
) -> None:
    group.staged()
    group.storage.denied = {f"storage.objects.{permission}"}
    line = last_line(group, code)
    for part in (
        f"may not {what} gs://bucket/",
        f"a@b does not have storage.objects.{permission}",
        "service_account_email",
    ):
        assert part in line


def test_a_service_account_that_may_not_list_can_run_tasks(group: GoogleGroup) -> None:
    group.storage.denied = {"storage.objects.list"}
    assert group.value(group.run_one(lambda: 1)) == 1


def test_a_machine_without_a_service_account_says_what_to_set(group: GoogleGroup) -> None:
    group.staged()
    group.storage.token = None
    line = last_line(group, names.EXIT_UNREADABLE)
    assert "cannot get a token of its service account" in line
    assert "service_account_email" in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BATCH_TASK_INDEX", "-1"),
        ("BATCH_TASK_RETRY_ATTEMPT", "one"),
        ("COVALENT_FIRST_ATTEMPT", "zero"),
    ],
)
def test_a_senseless_variable_is_named(group: GoogleGroup, variable: str, value: str) -> None:
    group.staged()
    assert variable in last_line(group, names.EXIT_VARIABLES, **{variable: value})
