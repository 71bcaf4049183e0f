"""Tasks in containers of Google Batch: the real bootstrap, against Cloud Storage's XML API and a metadata server over loopback."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covalent.executor.batch.bundle import runner_bundle
from covalent.runner.cloud import names
from covalent.states import Cause, Status
from tests.support.container import OTHER_PYTHONS, PYTHON, last_line, terminate, wait_for
from tests.support.fake_storage import TOKEN_PATH
from tests.support.google_container import GoogleGroup, new_google_group


@pytest.fixture
def group(tmp_path: Path) -> Iterator[GoogleGroup]:
    with new_google_group(tmp_path) as made:
        yield made


def staged(group: GoogleGroup, function: Any = lambda: 1, **options: Any) -> GoogleGroup:
    group.add(function, **options)
    group.stage()
    return group


def test_a_task_leaves_its_result_and_an_outcome_that_names_it(group: GoogleGroup) -> None:
    outcome = group.run_one(lambda a, b: a * b, 6, 7)
    assert group.value(outcome) == 42
    assert outcome.status is Status.COMPLETED
    assert outcome.output is not None
    assert outcome.output.uri is not None
    assert outcome.place.endswith("job j-uid")


def test_large_values_and_long_output_lie_in_the_bucket(group: GoogleGroup) -> None:
    big = os.urandom(1_000_000)

    def task(data: bytes, extra: bytes) -> bytes:
        print("line\n" * 10_000)
        return data[::-1] + extra

    outcome = group.run_one(task, big, b"!", elsewhere=("function", "args"))
    assert group.value(outcome) == big[::-1] + b"!"
    assert group.content(outcome.stdout) == b"line\n" * 10_000 + b"\n"
    assert outcome.stdout is not None
    assert outcome.stdout.uri is not None


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

    staged(group, task)
    assert group.run().code == 0
    assert group.run(BATCH_TASK_RETRY_ATTEMPT="1").code == 0
    assert (tmp_path / "runs").read_text() == "x"
    assert [str(name).partition(".ok")[0] for name in group.outcome_names()] == ["0.1"]


def test_of_two_that_run_at_the_same_time_the_first_to_end_counts(group: GoogleGroup, tmp_path: Path) -> None:
    def task() -> Any:
        (tmp_path / f"started-{os.getppid()}").touch()
        while len(list(tmp_path.glob("started-*"))) < 2:
            time.sleep(0.01)
        return "the same"

    staged(group, task)
    with group.start() as first, group.start() as second:
        assert [process.wait(30) for process in (first, second)] == [0, 0]
    assert group.value(group.outcome()) == "the same"


def test_a_task_that_costs_nothing_costs_six_requests_and_a_token_for_each_program(group: GoogleGroup) -> None:
    staged(group, elsewhere=("function",))
    group.storage.asked.clear()
    assert group.run().code == 0
    assert group.storage.asked.count(f"GET {TOKEN_PATH}") == 2
    asked = [request for request in group.storage.asked if TOKEN_PATH not in request]
    assert ["PUT" in request for request in asked] == [False] * 4 + [True] * 2


def test_a_token_that_expires_while_the_task_runs_is_renewed(group: GoogleGroup, tmp_path: Path) -> None:
    group.storage.expires_in = 1.0

    def task() -> str:
        (tmp_path / "started").touch()
        while not (tmp_path / "go").exists():
            time.sleep(0.01)
        return "done"

    staged(group, task)

    def renew() -> None:
        wait_for(tmp_path / "started")
        group.storage.token = "token-2"
        (tmp_path / "go").touch()

    thread = threading.Thread(target=renew)
    thread.start()
    assert group.run().code == 0
    thread.join()
    assert group.value(group.outcome()) == "done"


def test_a_token_that_is_no_longer_accepted_is_asked_for_again(group: GoogleGroup, tmp_path: Path) -> None:
    def task() -> int:
        (tmp_path / "started").touch()
        while not (tmp_path / "go").exists():
            time.sleep(0.01)
        return 1

    staged(group, task)
    with group.start() as process:
        wait_for(tmp_path / "started")
        group.storage.token = "token-2"
        (tmp_path / "go").touch()
        assert process.wait(30) == 0
    assert group.value(group.outcome()) == 1


def test_when_the_service_ends_the_container_there_is_no_outcome(group: GoogleGroup, tmp_path: Path) -> None:
    def task() -> None:
        (tmp_path / "started").touch()
        time.sleep(60)

    staged(group, task)
    with group.start() as process:
        wait_for(tmp_path / "started")
        ended = terminate(process)
    assert ended.code == names.EXIT_TERMINATED
    assert group.outcome_names() == []
    assert not list(group.scratch.iterdir())


# Trouble


@pytest.mark.parametrize("python", OTHER_PYTHONS, ids=lambda python: python.parts[-3])
def test_another_python_is_named_with_the_remedy(group: GoogleGroup, python: Path) -> None:
    staged(group)
    assert group.run(str(python)).code == names.EXIT_FAILED
    outcome = group.outcome()
    assert outcome.cause is Cause.ENVIRONMENT
    assert f"Use an image with Python {PYTHON}" in outcome.message


def test_a_python_that_is_too_old_says_so(group: GoogleGroup) -> None:
    found = sorted(Path.home().glob(".pyenv/versions/3.[67].*/bin/python3"))
    if not found:
        pytest.skip("no such old Python here")
    ended = group.run(str(found[0]))
    assert ended.code == names.EXIT_PYTHON
    assert f"Use an image with Python {PYTHON}" in ended.complaint


@pytest.mark.parametrize("missing", ["runner", "groups"])
def test_a_missing_runner_or_manifest_is_named(group: GoogleGroup, missing: str) -> None:
    staged(group)
    (name,) = group.names(f"{missing}/")
    del group.objects[group.key(f"{missing}/{name}")]
    assert f"{group.uri(f'{missing}/{name}')} is not there" in last_line(group, names.EXIT_MISSING)


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
    staged(group)
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
    staged(group)
    group.storage.token = None
    line = last_line(group, names.EXIT_UNREADABLE)
    assert "cannot get a token of its service account" in line
    assert "service_account_email" in line


def test_a_damaged_runner_is_not_started(group: GoogleGroup) -> None:
    staged(group)
    group.put(f"runner/{runner_bundle().digest}.pyz", runner_bundle().data[:-1])
    assert "is damaged" in last_line(group, names.EXIT_DAMAGED)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COVALENT_RUNNER", "s3://bucket/x.pyz"),
        ("COVALENT_MANIFEST", "gs://bucket/other"),
        ("BATCH_TASK_INDEX", "-1"),
        ("BATCH_TASK_RETRY_ATTEMPT", "one"),
        ("COVALENT_FIRST_ATTEMPT", "zero"),
    ],
)
def test_a_senseless_variable_is_named(group: GoogleGroup, variable: str, value: str) -> None:
    staged(group)
    assert variable in last_line(group, names.EXIT_VARIABLES, **{variable: value})


def test_an_image_with_obstore_moves_large_values_through_it(group: GoogleGroup) -> None:
    def task(data: bytes) -> bytes:
        return data[::-1]

    big = os.urandom(1_000_000) * 70
    group.add(task, big, elsewhere=("args",))
    group.stage()
    ended = group.run()
    assert ended.code == 0, ended
    assert group.value(group.outcome()) == big[::-1]
    ranges = [request for request in group.storage.asked if "values/" in request]
    assert len(ranges) >= len(big) // (16 * 1024 * 1024)
