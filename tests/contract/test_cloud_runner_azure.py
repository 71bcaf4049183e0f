"""Tasks in containers of Azure Batch: the real bootstrap, against Blob Storage's interface and a metadata service over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covalent.runner.cloud import names
from covalent.states import Cause, Status
from tests.support.azure_container import AzureGroup, new_azure_group
from tests.support.container import last_line
from tests.support.fake_blobs import HOST


@pytest.fixture
def group(tmp_path: Path) -> Iterator[AzureGroup]:
    with new_azure_group(tmp_path) as made:
        yield made


def test_a_task_leaves_its_result_and_an_outcome_that_names_it(group: AzureGroup) -> None:
    outcome = group.run_one(lambda a, b: a * b, 6, 7)
    assert group.value(outcome) == 42
    assert outcome.status is Status.COMPLETED
    assert outcome.output is not None
    assert outcome.output.uri is not None
    assert outcome.place.endswith(", job ct-1, task g1-0")


def test_each_task_of_a_job_runs_its_own_part(group: AzureGroup) -> None:
    for number in range(4):
        group.add(lambda n: n * 10, number)
    group.stage()
    for index in ("0", "1"):
        ended = group.run(COVALENT_FIRST="2", COVALENT_TASK_INDEX=index)
        assert ended.code == 0, ended
    assert [(name.task, name.attempt) for name in group.outcome_names()] == [(2, 1), (3, 1)]
    assert [group.value(group.outcome(task)) for task in (2, 3)] == [20, 30]


def test_a_task_that_has_an_outcome_does_not_run_again(group: AzureGroup, tmp_path: Path) -> None:
    def task() -> None:
        with open(tmp_path / "runs", "a") as file:
            file.write("x")
        raise ValueError("once")

    group.staged(task)
    assert group.run().code == names.EXIT_FAILED
    assert group.run().code == names.EXIT_OK
    assert (tmp_path / "runs").read_text() == "x"
    assert group.outcome().cause is Cause.USER


def test_what_an_attempt_left_that_lost_its_machine_is_not_overwritten(group: AzureGroup, tmp_path: Path) -> None:
    def task() -> Any:
        print("second run " * 10_000)
        return "the same"

    group.staged(task)
    assert group.run().code == 0
    (outcome,) = group.names("groups/g1/outcomes/")
    del group.objects[group.key(f"groups/g1/outcomes/{outcome}")]
    group.put("groups/g1/0/1/stdout", b"first run")
    assert group.run().code == 0
    assert group.value(group.outcome()) == "the same"
    assert group.get("groups/g1/0/1/stdout") == b"first run"
    assert b"second run" in group.content(group.outcome().stdout)


@pytest.mark.slow
def test_nor_is_what_obstore_has_written(group: AzureGroup) -> None:
    def task() -> None:
        for _ in range(70):
            print("x" * 1_000_000)

    group.staged(task)
    group.put("groups/g1/0/1/stdout", b"first run")
    assert group.run().code == 0
    assert group.get("groups/g1/0/1/stdout") == b"first run"
    assert b"xxx" in group.content(group.outcome().stdout)


# Trouble


def test_a_missing_container_is_named(group: AzureGroup) -> None:
    line = last_line(group, names.EXIT_UNREADABLE, COVALENT_RUNNER=f"az://nowhere@{HOST}/runner/0.pyz")
    assert f"There is no container nowhere in the storage account {HOST}" in line
    assert "container_name" in line


@pytest.mark.parametrize(
    ("action", "what", "code"), [("read", "GET", names.EXIT_UNREADABLE), ("write", "PUT", names.EXIT_UNWRITABLE)]
)
def test_an_identity_without_rights_is_told_its_role(group: AzureGroup, action: str, what: str, code: int) -> None:
    group.staged()
    group.blobs.denied = {action}
    line = last_line(group, code)
    for part in (
        f"may not {what} az://container@{HOST}/",
        "AuthorizationPermissionMismatch",
        "Storage Blob Data Contributor",
    ):
        assert part in line
    assert "RequestId" not in line


@pytest.mark.parametrize(
    ("identities", "client", "said"),
    [
        (set(), "", "Identity not found"),
        ({"a", "b"}, "", "Multiple user assigned identities"),
        ({"a"}, "c", "not found"),
    ],
    ids=["none", "several", "another"],
)
def test_a_machine_that_gives_no_token_says_what_to_set(
    group: AzureGroup, identities: set[str], client: str, said: str
) -> None:
    group.staged()
    group.blobs.identities = identities
    line = last_line(group, names.EXIT_UNREADABLE, AZURE_CLIENT_ID=client)
    assert "cannot get a token of its managed identity" in line
    assert said in line
    assert "user_assigned_identity" in line


def test_the_only_identity_of_a_pool_needs_no_name(group: AzureGroup) -> None:
    group.staged()
    assert group.run(AZURE_CLIENT_ID="").code == 0


def test_a_senseless_index_is_named(group: AzureGroup) -> None:
    group.staged()
    assert "COVALENT_TASK_INDEX" in last_line(group, names.EXIT_VARIABLES, COVALENT_TASK_INDEX="-1")
