"""Large things on their way between a container and its bucket."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covalent.runner import wire
from covalent.runner.cloud import bulk, s3_requests
from covalent.runner.cloud.collect import add_streams, read_outcome
from covalent.runner.cloud.credentials import AWSIdentity
from covalent.runner.cloud.errors import ObjectError
from covalent.runner.cloud.fetch import DamagedObjectError, fetch_all
from covalent.runner.cloud.job import Assignment, Job
from covalent.runner.cloud.objects import Objects
from covalent.runner.cloud.supervise import Files
from tests.support.container import IDENTITY, Group, digest_of, new_group

pytest_plugins = ("tests.support.container_fixtures",)

DATA = os.urandom(1_000_000) * 3


@pytest.fixture
def group(moto_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    for name, value in {**IDENTITY, "AWS_ENDPOINT_URL": moto_url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3_requests, "IDENTITY", AWSIdentity())
    with new_group(moto_url, tmp_path) as made:
        yield made


@pytest.fixture
def assignment(group: Group) -> Assignment:
    client, _ = Objects().locate(group.uri("groups/g1/manifest"))
    job = Job(group.uri("groups/g1/manifest"), "g1", "some/prefix/", 0, 1, "")
    return Assignment(job, client, {"node": 7, "attempt": 2}, b"")


def header(*blobs: list[Any]) -> dict[str, Any]:
    first, *rest = blobs
    return {"shared": {"function": first, "hooks": None}, "args": [digest_of(b""), 0, 0, "", rest], "inputs": []}


def written(directory: Path, output: bytes) -> str:
    """What a task's process leaves that has returned these bytes."""
    digest = digest_of(output)
    place = directory / "objects" / digest[:2]
    place.mkdir(parents=True)
    (place / digest).write_bytes(output)
    fields = {"status": "COMPLETED", "started_at": 1.0, "ended_at": 2.0, "output": [digest, len(output), wire.IN_FILE]}
    (directory / "outcome").write_bytes(wire.encode(wire.OUTCOME, 1, fields))
    return str(directory / "outcome")


@pytest.mark.parametrize("is_bulk", [False, True], ids=["alone", "with obstore"])
def test_what_a_task_refers_to_is_fetched_at_all_depths(
    group: Group, tmp_path: Path, is_bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BULK_BYTES", 1 if is_bulk else 1 << 40)
    monkeypatch.setattr(bulk, "_PART_BYTES", 1_000_000)
    values = [DATA, b"", b"small"]
    blobs: list[list[Any]] = []
    for value in values:
        group.put(f"values/{digest_of(value)}", value)
        blobs.append([digest_of(value), len(value), wire.IN_FILE, group.uri(f"values/{digest_of(value)}"), []])
    asked = header(*blobs)
    fetched = fetch_all(asked, Objects(), str(tmp_path))
    assert fetched.used_bulk is is_bulk
    for value, blob in zip(values, [asked["shared"]["function"], *asked["args"][4]], strict=True):
        assert Path(blob[3]).read_bytes() == value
        assert fetched.paths[blob[0]] == blob[3]


@pytest.mark.parametrize("is_bulk", [False, True], ids=["alone", "with obstore"])
def test_what_is_damaged_or_missing_is_named(
    group: Group, tmp_path: Path, is_bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BULK_BYTES", 1 if is_bulk else 1 << 40)
    uri = group.uri("values/x")
    with pytest.raises(ObjectError, match="values/x"):
        fetch_all(header([digest_of(DATA), len(DATA), wire.IN_FILE, uri, []]), Objects(), str(tmp_path))
    group.put("values/x", DATA[:-1] + b"x")
    with pytest.raises(DamagedObjectError, match="values/x is damaged"):
        fetch_all(header([digest_of(DATA), len(DATA), wire.IN_FILE, uri, []]), Objects(), str(tmp_path))


@pytest.mark.parametrize("is_bulk", [False, True], ids=["alone", "with obstore"])
def test_a_large_result_is_in_the_bucket_before_its_outcome(
    group: Group, assignment: Assignment, tmp_path: Path, is_bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BULK_BYTES", 1 if is_bulk else 1 << 40)
    outcome = read_outcome(assignment, written(tmp_path, DATA), str(tmp_path / "objects"))
    assert outcome is not None
    assert group.outcome_names() == []
    assert group.get(f"groups/g1/0/1/{digest_of(DATA)}") == DATA
    outcome.publish()
    assert [(name.size, name.digest) for name in group.outcome_names()] == [(len(DATA), digest_of(DATA))]


def test_a_result_too_large_for_one_upload_needs_obstore(
    group: Group, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "is_available", lambda: False)
    outcome = read_outcome(assignment, written(tmp_path, DATA), str(tmp_path / "objects"), max_put_bytes=1_000_000)
    assert outcome is not None
    assert not outcome.is_completed
    assert outcome.fields["cause"] == "USER"
    for part in ("3,000,000 bytes", "1,000,000 bytes at most", "pip install obstore"):
        assert part in outcome.fields["message"]
    outcome.publish()
    assert [str(name) for name in group.outcome_names()] == ["0.1.error"]


def test_a_result_too_large_for_one_upload_goes_through_obstore(
    group: Group, assignment: Assignment, tmp_path: Path
) -> None:
    outcome = read_outcome(assignment, written(tmp_path, DATA), str(tmp_path / "objects"), max_put_bytes=1_000_000)
    assert outcome is not None
    assert outcome.is_completed
    assert group.get(f"groups/g1/0/1/{digest_of(DATA)}") == DATA


def test_output_too_large_for_one_upload_is_cut_and_the_task_completes(
    group: Group, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "is_available", lambda: False)
    outcome = read_outcome(assignment, written(tmp_path, b"x"), str(tmp_path / "objects"), max_put_bytes=1_000_000)
    assert outcome is not None
    (tmp_path / "out").write_bytes(b"line\n" * 1_000_000)
    (tmp_path / "err").write_bytes(b"")
    add_streams(outcome, Files(str(tmp_path / "out"), str(tmp_path / "err")))
    assert outcome.is_completed
    assert "stderr" not in outcome.fields
    outcome.publish()
    (name,) = group.outcome_names()
    message = wire.decode(group.get(f"groups/g1/outcomes/{name}"))
    digest, size, at = json.loads(bytes(message.header))["stdout"]
    text = bytes(message.data[at : at + size])
    assert hashlib.sha256(text).hexdigest() == digest
    assert text.startswith("… the first 49".encode())
    assert text.endswith(b"line\nline\n")
