"""A container as a batch service would start it, but a process: the real command, the real environment, a bucket behind real HTTP."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import boto3
import cloudpickle
from moto.server import ThreadedMotoServer

from covalent.executor.batch.bundle import command, runner_bundle
from covalent.executor.messages import decode_outcome
from covalent.model import Blob, Outcome
from covalent.runner import wire
from covalent.runner.cloud.manifest import write_manifest
from covalent.runner.cloud.names import OutcomeName, manifest_key, outcomes_prefix, runner_key, task_key, value_key

PREFIX = "some/prefix"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
IDENTITY = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
OTHER_PYTHONS = sorted(
    python
    for version in ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
    for python in Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")
    if version != PYTHON
)


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of one."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Ended:
    code: int
    printed: str  #: What the container wrote to its standard output.
    complaint: str  #: And to its standard error.


@dataclass
class TaskGroup(ABC):
    """A task group in a bucket, and containers that run it."""

    scheme: ClassVar[str]

    url: str
    scratch: Path
    bucket: str
    name: str = "g1"
    environment: dict[str, str] = field(default_factory=dict)
    records: list[bytes] = field(default_factory=list)

    # Objects

    def key(self, name: str) -> str:
        return f"{PREFIX}/{name}"

    def uri(self, name: str) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key(name)}"

    @abstractmethod
    def put(self, name: str, data: bytes) -> None: ...

    @abstractmethod
    def get(self, name: str) -> bytes: ...

    @abstractmethod
    def names(self, prefix: str) -> list[str]:
        """What is there below a prefix, without it."""

    @abstractmethod
    def service_variables(self) -> dict[str, str]:
        """What the service puts into the environment of its containers, and the names by which it does."""

    # Tasks

    def add(
        self,
        function: Any,
        *args: Any,
        inputs: Sequence[Any] = (),
        kind: str = "task",
        python: str = f"{PYTHON}.0",
        cwd: str = "/no/such/directory",
        bash: Sequence[str] = (),
        pip: Sequence[str] = (),
        time_limit_s: float | None = None,
        elsewhere: Sequence[str] = (),
        hooks: Any = None,
    ) -> None:
        """A task for the manifest.

        :param elsewhere: which of function, args, inputs, hooks lie in the bucket and not in the manifest
        """
        data: list[bytes] = []

        def blob(what: str, value: Any) -> list[Any]:
            content = value if isinstance(value, bytes) else cloudpickle.dumps(value, protocol=5)
            if what in elsewhere:
                self.put(value_key(digest_of(content)), content)
                return [digest_of(content), len(content), wire.IN_FILE, self.uri(value_key(digest_of(content))), []]
            data.append(content)
            return [digest_of(content), len(content), sum(map(len, data[:-1])), "", []]

        shared = {
            "dispatch": "d1",
            "group": self.name,
            "cwd": cwd,
            "python": python,
            "kind": kind,
            "bash": list(bash),
            "function": blob("function", function),
            "hooks": None if hooks is None else blob("hooks", hooks),
            "pip": list(pip),
            "time_limit_s": time_limit_s,
        }
        header = {"shared": shared, "node": 7, "attempt": 2, "args": blob("args", (args, {}))}
        header["inputs"] = [blob("inputs", one) for one in inputs]
        self.records.append(wire.encode(wire.TASK, len(self.records), header, data))

    def stage(self) -> None:
        bundle = runner_bundle()
        self.put(runner_key(bundle.digest), bundle.data)
        self.put(manifest_key(self.name), write_manifest(self.records))

    # Containers

    def variables(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.scratch.parent),
            "UV_OFFLINE": "1",
            "PIP_NO_INDEX": "1",
            "COVALENT_MANIFEST": self.uri(manifest_key(self.name)),
            "COVALENT_RUNNER": self.uri(runner_key(runner_bundle().digest)),
            "COVALENT_PYTHON": PYTHON,
            "COVALENT_SCRATCH": str(self.scratch),
            **self.service_variables(),
            **self.environment,
            **more,
        }

    def arguments(self) -> Sequence[str]:
        """What follows the name of the interpreter in the command."""
        return command(self.scheme)[1:]

    def start(self, python: str = sys.executable, **more: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in self.variables(**more).items() if value}
        return subprocess.Popen(
            [python, *self.arguments()],
            env=environment,
            cwd=self.scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, python: str = sys.executable, **more: str) -> Ended:
        with self.start(python, **more) as process:
            printed, complaint = process.communicate(timeout=60)
        return Ended(code=process.returncode, printed=printed, complaint=complaint)

    def run_one(self, function: Any, *args: Any, code: int = 0, **options: Any) -> Outcome:
        """Run one task; its outcome."""
        self.add(function, *args, **options)
        self.stage()
        ended = self.run()
        assert ended.code == code, ended
        assert not list(self.scratch.iterdir()), "the container leaves nothing behind"
        return self.outcome()

    # Outcomes

    def outcome_names(self) -> list[OutcomeName]:
        return [OutcomeName.parse(name) for name in self.names(outcomes_prefix(self.name))]

    def outcome(self, task: int = 0) -> Outcome:
        """The one outcome of a task; that it belongs to it has been checked."""
        (name,) = [name for name in self.outcome_names() if name.task == task]
        message = wire.decode(self.get(f"{outcomes_prefix(self.name)}{name}"))

        def uri_of(part: str, digest: str) -> str:
            return task_key(self.name, task, name.attempt, part if part in ("stdout", "stderr") else digest)

        key, outcome = decode_outcome(message, "", uri_of)
        assert key == (self.name, 7, 2)
        if outcome.output is not None:
            assert (name.digest, name.size) == (outcome.output.digest, outcome.output.size)
        return outcome

    def content(self, blob: Blob | None) -> bytes:
        """The bytes of a part of an outcome."""
        assert blob is not None
        if blob.data is None:
            assert blob.uri is not None
            data = self.get(blob.uri)
        else:
            data = blob.data
        assert (digest_of(data), len(data)) == (blob.digest, blob.size)
        return data

    def value(self, outcome: Outcome) -> Any:
        """What the task returned."""
        assert outcome.message == ""
        return pickle.loads(self.content(outcome.output))


@dataclass
class Group(TaskGroup):
    """One on AWS."""

    scheme = "s3"

    def __post_init__(self) -> None:
        self.s3: Any = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def put(self, name: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self.key(name), Body=data)

    def get(self, name: str) -> bytes:
        found: bytes = self.s3.get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read()
        return found

    def names(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.key(prefix)).get("Contents", [])
        return [one["Key"][len(self.key(prefix)) :] for one in listed]

    def service_variables(self) -> dict[str, str]:
        return {
            "COVALENT_INDEX_IN": "AWS_BATCH_JOB_ARRAY_INDEX",
            "COVALENT_ATTEMPT_IN": "AWS_BATCH_JOB_ATTEMPT",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **IDENTITY,
        }


@contextmanager
def new_group(url: str, directory: Path) -> Iterator[Group]:
    """One in a bucket of its own."""
    scratch = directory / "scratch"
    scratch.mkdir()
    group = Group(url=url, scratch=scratch, bucket=f"bucket-{digest_of(str(directory).encode())[:16]}")
    group.s3.create_bucket(Bucket=group.bucket)
    try:
        yield group
    finally:
        group.s3.close()


def last_line(group: TaskGroup, code: int, **variables: str) -> str:
    """Of a container that leaves no outcome and says why on its standard error."""
    ended = group.run(**variables)
    assert ended.code == code, ended
    assert not list(group.scratch.iterdir())
    assert group.outcome_names() == []
    line = ended.complaint.splitlines()[-1]
    assert line.startswith("covalent: ")
    return line


def wait_for(path: Path, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not path.exists():
        assert time.monotonic() < end, f"{path} has not appeared"
        time.sleep(0.01)


def terminate(process: subprocess.Popen[str]) -> Ended:
    process.send_signal(signal.SIGTERM)
    printed, complaint = process.communicate(timeout=30)
    return Ended(code=process.returncode, printed=printed, complaint=complaint)
