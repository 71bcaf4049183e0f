"""Tasks in containers of those services whose storage is faked here: what does not depend on which it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covalent.executor.batch.bundle import runner_bundle
from covalent.runner.cloud import names
from covalent.states import Cause
from tests.support.azure_container import new_azure_group
from tests.support.container import OTHER_PYTHONS, PYTHON, last_line, terminate, wait_for
from tests.support.faked_group import FakedGroup
from tests.support.google_container import new_google_group


@pytest.fixture(params=[new_google_group, new_azure_group], ids=["google", "azure"])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakedGroup]:
    with request.param(tmp_path) as made:
        yield made


def waiting(directory: Path) -> Any:
    """A task that says that it runs, and ends when it may."""

    def task() -> str:
        (directory / "started").touch()
        while not (directory / "go").exists():
            time.sleep(0.01)
        return "done"

    return task


def test_large_values_and_long_output_lie_in_the_bucket(group: FakedGroup) -> None:
    big = os.urandom(1_000_000)

    def task(data: bytes, extra: bytes) -> bytes:
        print("line\n" * 10_000)
        return data[::-1] + extra

    outcome = group.run_one(task, big, b"!", elsewhere=("function", "args"))
    assert group.value(outcome) == big[::-1] + b"!"
    assert group.content(outcome.stdout) == b"line\n" * 10_000 + b"\n"
    assert outcome.stdout is not None
    assert outcome.stdout.uri is not None


def test_of_two_that_run_at_the_same_time_the_first_to_end_counts(group: FakedGroup, tmp_path: Path) -> None:
    def task() -> Any:
        (tmp_path / f"started-{os.getppid()}").touch()
        while len(list(tmp_path.glob("started-*"))) < 2:
            time.sleep(0.01)
        return "the same"

    group.staged(task)
    with group.start() as first, group.start() as second:
        assert [process.wait(30) for process in (first, second)] == [0, 0]
    assert group.value(group.outcome()) == "the same"


def test_a_task_that_costs_nothing_costs_six_requests_and_a_token_for_each_program(group: FakedGroup) -> None:
    group.staged(elsewhere=("function",))
    group.cloud.asked.clear()
    assert group.run().code == 0
    assert group.cloud.asked.count(f"GET {group.token_path}") == 2
    asked = [request for request in group.cloud.asked if group.token_path not in request]
    assert ["PUT" in request for request in asked] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("expires_in", [1.0, 3600.0], ids=["expires", "is refused"])
def test_a_token_that_is_no_longer_good_is_renewed(group: FakedGroup, tmp_path: Path, expires_in: float) -> None:
    group.cloud.expires_in = expires_in
    group.staged(waiting(tmp_path))
    with group.start() as process:
        wait_for(tmp_path / "started")
        group.cloud.token = "token-2"
        (tmp_path / "go").touch()
        assert process.wait(30) == 0
    assert group.value(group.outcome()) == "done"


def test_when_the_service_ends_the_container_there_is_no_outcome(group: FakedGroup, tmp_path: Path) -> None:
    group.staged(waiting(tmp_path))
    with group.start() as process:
        wait_for(tmp_path / "started")
        ended = terminate(process)
    assert ended.code == names.EXIT_TERMINATED
    assert group.outcome_names() == []
    assert not list(group.scratch.iterdir())


def test_an_image_with_obstore_moves_large_values_through_it(group: FakedGroup) -> None:
    def task(data: bytes) -> bytes:
        return data[::-1]

    big = os.urandom(1_000_000) * 70
    group.add(task, big, elsewhere=("args",))
    group.stage()
    group.cloud.asked.clear()
    ended = group.run()
    assert ended.code == 0, ended
    assert group.value(group.outcome()) == big[::-1]
    ranges = [request for request in group.cloud.asked if "values/" in request]
    assert len(ranges) >= len(big) // (16 * 1024 * 1024)


# Trouble


@pytest.mark.parametrize("python", OTHER_PYTHONS, ids=lambda python: python.parts[-3])
def test_another_python_is_named_with_the_remedy(group: FakedGroup, python: Path) -> None:
    group.staged()
    assert group.run(str(python)).code == names.EXIT_FAILED
    outcome = group.outcome()
    assert outcome.cause is Cause.ENVIRONMENT
    assert f"Use an image with Python {PYTHON}" in outcome.message


def test_a_python_that_is_too_old_says_so(group: FakedGroup) -> None:
    found = sorted(Path.home().glob(".pyenv/versions/3.[67].*/bin/python3"))
    if not found:
        pytest.skip("no such old Python here")
    ended = group.run(str(found[0]))
    assert ended.code == names.EXIT_PYTHON
    assert f"Use an image with Python {PYTHON}" in ended.complaint


@pytest.mark.parametrize("missing", ["runner", "groups"])
def test_a_missing_runner_or_manifest_is_named(group: FakedGroup, missing: str) -> None:
    group.staged()
    (name,) = group.names(f"{missing}/")
    del group.objects[group.key(f"{missing}/{name}")]
    assert f"{group.uri(f'{missing}/{name}')} is not there" in last_line(group, names.EXIT_MISSING)


def test_a_damaged_runner_is_not_started(group: FakedGroup) -> None:
    group.staged()
    group.put(f"runner/{runner_bundle().digest}.pyz", runner_bundle().data[:-1])
    assert "is damaged" in last_line(group, names.EXIT_DAMAGED)


@pytest.mark.parametrize(
    ("variable", "value"), [("COVALENT_RUNNER", "s3://bucket/x.pyz"), ("COVALENT_MANIFEST", "gs://bucket/other")]
)
def test_a_senseless_address_is_named(group: FakedGroup, variable: str, value: str) -> None:
    group.staged()
    assert variable in last_line(group, names.EXIT_VARIABLES, **{variable: value})
