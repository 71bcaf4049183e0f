"""Containers that cannot do their work: what they leave in the bucket, or else the exit code and last words by which they say why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from covalent.executor.batch.bundle import runner_bundle
from covalent.runner import wire
from covalent.runner.cloud import names
from covalent.states import Cause
from tests.support.container import OTHER_PYTHONS, PYTHON, Group, last_line

pytest_plugins = ("tests.support.container_fixtures",)


def deny(group: Group, *actions: str) -> None:
    """Refuse these actions to everybody."""
    resources = [f"arn:aws:s3:::{group.bucket}", f"arn:aws:s3:::{group.bucket}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": resources}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    group.s3.put_bucket_policy(Bucket=group.bucket, Policy=json.dumps(policy))


@pytest.mark.parametrize("python", OTHER_PYTHONS, ids=lambda python: python.parts[-3])
def test_another_python_is_named_with_the_remedy_before_anything_is_opened(group: Group, python: Path) -> None:
    group.add(lambda: 1)
    group.stage()
    assert group.run(str(python)).code == names.EXIT_FAILED
    outcome = group.outcome()
    version = ".".join(python.parts[-3].split(".")[:2])
    assert outcome.cause is Cause.ENVIRONMENT
    assert f"The image has Python {version}" in outcome.message
    assert f"Use an image with Python {PYTHON}, or dispatch with Python {version}" in outcome.message
    assert group.run(str(python)).code == names.EXIT_OK


@pytest.mark.parametrize("version", ["3.6", "3.7"])
def test_a_python_that_is_too_old_for_an_outcome_says_so(group: Group, version: str) -> None:
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
    if not found:
        pytest.skip(f"no Python {version} here")
    ended = group.run(str(found[0]))
    assert ended.code == names.EXIT_PYTHON
    assert f"The image has Python {version}" in ended.complaint
    assert f"Use an image with Python {PYTHON}" in ended.complaint


def test_a_record_of_another_python_is_not_opened_either(group: Group) -> None:
    outcome = group.run_one(lambda: 1, python="3.9.1", code=1)
    assert outcome.cause is Cause.ENVIRONMENT
    assert "3.9" in outcome.message


@pytest.mark.parametrize("elsewhere", ["function", "args", "inputs", "hooks"])
def test_a_damaged_object_is_not_opened(group: Group, elsewhere: str) -> None:
    opened = group.scratch.parent / "opened"
    group.add(
        lambda *args: opened.touch(), b"args", inputs=["x"], hooks={"before": [], "after": []}, elsewhere=(elsewhere,)
    )
    group.stage()
    (name,) = group.names("values/")
    data = group.get(f"values/{name}")
    for damaged in (data[:-1] + b"x", data[:-1], data + b"x", b""):
        group.put(f"values/{name}", damaged)
        assert group.run().code == names.EXIT_FAILED
        outcome = group.outcome()
        assert outcome.cause is Cause.UNKNOWN
        assert f"values/{name} is damaged" in outcome.message
        assert "was not opened" in outcome.message
        group.s3.delete_object(Bucket=group.bucket, Key=group.key("groups/g1/outcomes/0.1.error"))
    assert not opened.exists()


def test_damaged_bytes_in_the_manifest_are_not_opened(group: Group) -> None:
    group.add(lambda: 1)
    group.records[0] = group.records[0].replace(b"cloudpickle", b"cloudpicnic")
    group.stage()
    assert group.run().code == names.EXIT_FAILED
    assert "damaged" in group.outcome().message


# No outcome: the exit code and the last line tell


def test_a_missing_object_is_named(group: Group) -> None:
    group.add(lambda: 1, elsewhere=("function",))
    group.stage()
    (name,) = group.names("values/")
    group.s3.delete_object(Bucket=group.bucket, Key=group.key(f"values/{name}"))
    assert group.run().code == names.EXIT_FAILED
    outcome = group.outcome()
    assert outcome.cause is Cause.LOST
    assert f"{group.uri(f'values/{name}')} is not there" in outcome.message


@pytest.mark.parametrize("missing", ["runner", "groups"])
def test_a_missing_runner_or_manifest_is_named(group: Group, missing: str) -> None:
    group.add(lambda: 1)
    group.stage()
    (name,) = group.names(f"{missing}/")
    group.s3.delete_object(Bucket=group.bucket, Key=group.key(f"{missing}/{name}"))
    assert group.uri(f"{missing}/{name}") in last_line(group, names.EXIT_MISSING)


def test_a_missing_bucket_is_named(group: Group) -> None:
    line = last_line(group, names.EXIT_UNREADABLE, COVALENT_RUNNER="s3://nowhere/runner/0.pyz")
    assert "There is no bucket nowhere" in line
    assert "s3_bucket_name" in line


def test_a_bucket_that_may_not_be_read_says_what_to_allow(group: Group) -> None:
    group.add(lambda: 1)
    group.stage()
    deny(group, "s3:GetObject")
    line = last_line(group, names.EXIT_UNREADABLE)
    assert "may not GET" in line
    assert "s3:GetObject" in line
    assert "job's role" in line


def test_a_bucket_that_may_not_be_written_says_what_to_allow(group: Group) -> None:
    group.add(lambda: 1)
    group.stage()
    deny(group, "s3:PutObject")
    line = last_line(group, names.EXIT_UNWRITABLE)
    assert "may not PUT" in line
    assert "s3:PutObject" in line


def test_another_python_and_a_bucket_that_may_not_be_written(group: Group) -> None:
    group.add(lambda: 1)
    group.stage()
    deny(group, "s3:PutObject")
    assert "s3:PutObject" in last_line(group, names.EXIT_UNWRITABLE, COVALENT_PYTHON="3.5")


def test_a_damaged_runner_is_not_started(group: Group) -> None:
    group.add(lambda: 1)
    group.stage()
    name = f"runner/{runner_bundle().digest}.pyz"
    group.put(name, runner_bundle().data[:-1])
    assert "is damaged" in last_line(group, names.EXIT_DAMAGED)


@pytest.mark.parametrize(
    "content",
    [b"", b"CTM1", b"CTM1\2\0\0\0\1", b"nonsense" * 100, None],
    ids=["empty", "cut", "without offsets", "nonsense", "short"],
)
def test_a_manifest_that_is_none_is_said_to_be_so(group: Group, content: bytes | None) -> None:
    group.add(lambda: 1)
    group.stage()
    if content is not None:
        group.put("groups/g1/manifest", content)
    assert "manifest" in last_line(group, names.EXIT_MANIFEST, AWS_BATCH_JOB_ARRAY_INDEX="1")


def test_a_record_that_is_none_is_said_to_be_so(group: Group) -> None:
    for record in (b"", b"short", wire.PREFIX.pack(wire.TASK, 0, 5) + b"{nope"):
        group.records = [record]
        group.stage()
        assert "record 0 cannot be read" in last_line(group, names.EXIT_MANIFEST)


def test_a_failure_of_the_runner_itself_is_not_taken_for_the_tasks(group: Group) -> None:
    group.records = [wire.encode(wire.TASK, 0, {"shared": {}})]
    group.stage()
    ended = group.run()
    assert ended.code == names.EXIT_BROKEN
    assert "KeyError" in ended.complaint


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COVALENT_RUNNER", ""),
        ("COVALENT_RUNNER", "https://example.org/x.pyz"),
        ("COVALENT_MANIFEST", ""),
        ("COVALENT_MANIFEST", "s3://bucket/other"),
        ("COVALENT_FIRST", "one"),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "-1"),
    ],
)
def test_a_senseless_variable_is_named(group: Group, variable: str, value: str) -> None:
    group.add(lambda: 1)
    group.stage()
    assert variable in last_line(group, names.EXIT_VARIABLES, **{variable: value})


def test_a_container_without_credentials_says_what_to_set(group: Group) -> None:
    line = last_line(group, names.EXIT_UNREADABLE, AWS_ACCESS_KEY_ID="")
    assert "no AWS credentials" in line
    assert "batch_job_role_name" in line


def test_a_container_without_a_directory_to_write_to_says_so(group: Group) -> None:
    group.add(lambda: 1)
    group.stage()
    assert "COVALENT_SCRATCH" in last_line(group, names.EXIT_SCRATCH, COVALENT_SCRATCH="/proc/no/such/directory")


def test_every_exit_code_has_a_cause_and_a_sentence() -> None:
    codes = {value for name, value in vars(names).items() if name.startswith("EXIT_") and isinstance(value, int)}
    assert set(names.EXIT_REASONS) == codes - {names.EXIT_OK, names.EXIT_FAILED, names.EXIT_TERMINATED}
    for cause, message in names.EXIT_REASONS.values():
        assert Cause(cause)
        assert message.endswith(".")


# Ways around a refusal


def test_a_role_that_may_not_list_can_run_tasks(group: Group) -> None:
    group.add(lambda: 1)
    group.stage()
    deny(group, "s3:ListBucket")
    assert group.run().code == 0
    group.s3.delete_bucket_policy(Bucket=group.bucket)
    assert group.value(group.outcome()) == 1
