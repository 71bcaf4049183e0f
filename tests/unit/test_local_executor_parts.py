"""Parts of the local executor that need no process."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covalent.errors import ExecutorError
from covalent.executor.local.durations import Durations
from covalent.executor.local.messages import name_task, path_in, spooled
from covalent.executor.local.processes import exit_code, explain_exit
from covalent.executor.local.spool import FUNCTION_BYTES, GRACE_S, Spool
from covalent.executor.messages import MalformedError, TaskWriter, decode_outcome
from covalent.model import Blob, Environment, GroupMetadata, NodeKind, Outcome, TaskSpec
from covalent.runner import wire
from covalent.runner.packages import all_satisfied
from covalent.runner.values import Payload
from covalent.states import Cause, Status

DIGEST = hashlib.sha256(b"value").hexdigest()
GOOD = {"group": "g", "node": 3, "attempt": 1, "status": "COMPLETED", "output": [DIGEST, 5, 0]}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


def message(header: Any, data: bytes = b"value") -> wire.Message:
    return wire.decode(wire.encode(wire.OUTCOME, 1, header, [data]))


def test_an_outcome_is_read_as_the_worker_wrote_it() -> None:
    key, outcome = decode_outcome(message({**GOOD, "started_at": 1.0, "ended_at": 2.5, "cpu_s": 0.5}), "here")
    assert key == ("g", 3, 1)
    assert outcome == Outcome(
        status=Status.COMPLETED,
        output=Blob(digest=DIGEST, size=5, data=b"value"),
        started_at=1.0,
        ended_at=2.5,
        cpu_s=0.5,
        place="here",
    )


def test_bytes_that_are_in_a_file_are_not_in_the_outcome() -> None:
    _, outcome = decode_outcome(message({**GOOD, "output": [DIGEST, 10**9, wire.IN_FILE]}), "")
    assert outcome.output == Blob(digest=DIGEST, size=10**9)


@pytest.mark.parametrize(
    "change",
    [
        {"output": None},
        {"output": [DIGEST, 6, 0]},
        {"output": [DIGEST, 5, 1]},
        {"output": [DIGEST, 5, -2]},
        {"output": [DIGEST, -5, 0]},
        {"output": ["../../etc/passwd", 5, 0]},
        {"output": [DIGEST + "\n", 5, 0]},
        {"status": "FAILED"},
        {"status": "CANCELLED"},
        {"cause": "USER"},
        {"cause": "BOREDOM"},
        {"status": "FAILED", "output": [DIGEST, 5, 0], "cause": "USER"},
        {"node": "3"},
        {"node": True},
        {"started_at": "now"},
    ],
)
def test_an_outcome_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        decode_outcome(message({**GOOD, **change}), "")


@given(json_values, st.binary(max_size=20))
def test_no_json_does_harm(header: Any, data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_outcome(message(header, data), "")


@given(st.sampled_from(sorted(GOOD)), json_values)
def test_no_single_field_does_harm(name: str, value: Any) -> None:
    try:
        _, outcome = decode_outcome(message({**GOOD, name: value}), "")
    except MalformedError:
        return
    assert outcome.output is not None
    assert len(outcome.output.digest) == 64


def spec(**changes: Any) -> TaskSpec:
    blob = Blob(digest=hashlib.sha256(b"f").hexdigest(), size=1, data=b"f")
    fields: dict[str, Any] = {
        "node_id": 7,
        "attempt": 2,
        "name": "task",
        "kind": NodeKind.TASK,
        "function": blob,
        "args": Blob(digest="b" * 64, size=3, data=b"abc"),
        "inputs": (),
        "environment": Environment(bash=("true",)),
    }
    return TaskSpec(**{**fields, **changes})


METADATA = GroupMetadata(dispatch_id="d", group_id="g", node_ids=(7,), cwd="/here", python="3.11.7")


class Files:
    """Resources of which only the paths are asked for."""

    def path(self, blob: Blob) -> Path:
        return Path("/objects", blob.digest[:2])


def written(one: TaskSpec, **changes: Any) -> tuple[dict[str, Any], Any]:
    writer = TaskWriter(METADATA, partial(path_in, Files()), changes.get("function_path", lambda blob: None))
    head_bytes, frame = writer.write(one)
    return json.loads(frame[:head_bytes]), memoryview(frame)[head_bytes:]


def test_a_task_is_read_by_the_runner_as_it_was_written() -> None:
    nested = Blob(digest="d" * 64, size=2, data=b"in")
    inputs = (Blob(digest="c" * 64, size=9, inputs=(nested,)), Blob(digest="e" * 64, size=1, data=b"x"))
    task, data = written(spec(inputs=inputs, hooks=Blob(digest="f" * 64, size=2, data=b"hk")))
    shared = task["shared"]
    assert {k: shared[k] for k in ("dispatch", "group", "cwd", "python", "kind", "bash")} == {
        "dispatch": "d",
        "group": "g",
        "cwd": "/here",
        "python": "3.11.7",
        "kind": "task",
        "bash": ["true"],
    }
    assert (task["node"], task["attempt"]) == (7, 2)
    assert bytes(Payload.read(shared["function"], data).data) == b"f"
    assert bytes(Payload.read(shared["hooks"], data).data) == b"hk"
    assert bytes(Payload.read(task["args"], data).data) == b"abc"
    first, second = (Payload.read(one, data) for one in task["inputs"])
    assert (first.path, first.data, bytes(first.inputs[0].data)) == ("/objects/cc", None, b"in")
    assert bytes(second.data) == b"x"


def test_a_function_that_is_kept_in_a_file_is_not_in_the_message() -> None:
    task, data = written(spec(), function_path=lambda blob: "/spool/function")
    assert task["shared"]["function"][2:4] == [wire.IN_FILE, "/spool/function"]
    assert bytes(data) == b"abc"


def test_what_tasks_share_may_still_change_between_them() -> None:
    writer = TaskWriter(METADATA, str)
    for content in (b"f", b"gg"):
        function = Blob(digest=hashlib.sha256(content).hexdigest(), size=len(content), data=content)
        head_bytes, frame = writer.write(spec(function=function))
        task = json.loads(frame[:head_bytes])
        assert bytes(Payload.read(task["shared"]["function"], memoryview(frame)[head_bytes:]).data) == content


def test_a_value_in_a_cloud_is_refused() -> None:
    with pytest.raises(ExecutorError, match="s3://b/k"):
        written(spec(args=Blob(digest="b" * 64, size=3, uri="s3://b/k")))


def test_every_message_to_a_worker_names_its_task() -> None:
    writer = TaskWriter(METADATA, str)
    for head_bytes, frame in (writer.write(spec()), spooled("g", spec(), "/spool/x")):
        assert name_task(wire.decode(wire.PREFIX.pack(wire.TASK, 0, head_bytes) + frame)) == ("g", 7, 2)


def test_functions_are_kept_for_their_users_and_for_a_while_after(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.prepare()
    blobs = [Blob(digest=f"{i:064x}", size=FUNCTION_BYTES + 1, data=bytes(FUNCTION_BYTES + 1)) for i in range(80)]
    for blob in blobs:
        assert spool.wants(blob)
        spool.keep(blob)
        spool.keep(blob)
    paths = {blob.digest: Path(str(spool.function(blob))) for blob in blobs}
    spool.let_go([blob.digest for blob in blobs])
    assert all(path.read_bytes() == bytes(FUNCTION_BYTES + 1) for path in paths.values())
    spool.let_go([blob.digest for blob in blobs[:70]])
    assert [spool.function(blob) is None for blob in blobs] == [True] * 6 + [False] * 74
    assert len(list((tmp_path / "spool").iterdir())) == 74
    spool.keep(blobs[0])
    assert Path(str(spool.function(blobs[0]))).exists()


def test_a_spool_forgets_what_an_earlier_dispatcher_left_but_not_at_once(tmp_path: Path) -> None:
    old, new = tmp_path / "task-old", tmp_path / "task-new"
    for file in (old, new):
        file.write_bytes(b"x")
    os.utime(old, (time.time() - GRACE_S - 10,) * 2)
    Spool(tmp_path).prepare()
    assert list(tmp_path.iterdir()) == [new]


def test_durations_follow_the_latest_and_believe_the_worst() -> None:
    durations = Durations()
    assert durations.expected_s("f") is None
    durations.learn("f", 0.001)
    assert durations.expected_s("f") == 0.001
    durations.learn("f", 1.0)
    assert durations.expected_s("f") == 1.0
    for _ in range(40):
        durations.learn("f", 0.001)
    assert durations.expected_s("f") == pytest.approx(0.001, rel=0.05)


@pytest.mark.parametrize(
    ("code", "out_of_memory", "cause", "shown", "as_shell"),
    [
        (0, False, Cause.USER, "exit code 0", 0),
        (3, True, Cause.USER, "exit code 3", 3),
        (-signal.SIGSEGV, False, Cause.USER, "SIGSEGV", 139),
        (-signal.SIGABRT, False, Cause.USER, "SIGABRT", 134),
        (-signal.SIGKILL, True, Cause.OUT_OF_MEMORY, "memory ran out", 137),
        (-signal.SIGKILL, False, Cause.LOST, "SIGKILL", 137),
        (-signal.SIGTERM, True, Cause.LOST, "SIGTERM", 143),
        (-63, False, Cause.LOST, "signal 63", 191),
    ],
)
def test_the_end_of_a_process_is_explained(
    code: int, out_of_memory: bool, cause: Cause, shown: str, as_shell: int
) -> None:
    found, message = explain_exit(code, out_of_memory=out_of_memory)
    assert found is cause
    assert shown in message
    assert exit_code(code) == as_shell


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ((), True),
        (("cloudpickle",), True),
        ((" CloudPickle ",), True),
        ((f"cloudpickle=={importlib.metadata.version('cloudpickle')}",), True),
        (("cloudpickle==0.0.1",), False),
        (("cloudpickle>=1",), False),
        (("cloudpickle[extra]",), False),
        (("cloudpickle; python_version > '3'",), False),
        (("no-such-package-anywhere",), False),
        (("cloudpickle", "no-such-package-anywhere"), False),
        (("--index-url https://example.org",), False),
        (("./cloudpickle",), False),
        (("git+https://example.org/cloudpickle",), False),
    ],
)
def test_only_what_is_certainly_there_counts_as_there(requirements: tuple[str, ...], expected: bool) -> None:
    assert all_satisfied(requirements) is expected
