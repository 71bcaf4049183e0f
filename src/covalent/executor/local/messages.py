"""What only the local executor's messages hold: who writes a journal, what was begun, and tasks that lie in files."""

from __future__ import annotations

import socket
from typing import Annotated, Final

import msgspec

from ...errors import ExecutorError
from ...model import Blob, TaskSpec
from ...runner import wire
from ..base import Resources
from ..messages import Key, MalformedError

HOST: Final = socket.gethostname()


class _Start(msgspec.Struct, frozen=True):
    group: str
    node: int
    attempt: int
    at: float


class _Shared(msgspec.Struct, frozen=True):
    group: str


class _Task(msgspec.Struct, frozen=True):
    shared: _Shared
    node: int
    attempt: int


class Hello(msgspec.Struct, frozen=True):
    """Who writes a journal."""

    pid: Annotated[int, msgspec.Meta(gt=1)]
    mark: str = ""  #: When that process started.


_read_start = msgspec.json.Decoder(_Start)
_read_task = msgspec.json.Decoder(_Task)
_read_hello = msgspec.json.Decoder(Hello)


def decode_start(message: wire.Message) -> tuple[Key, float]:
    """Which attempt was begun, and when, in Unix seconds.

    :raises MalformedError: if it does not say
    """
    try:
        found = _read_start.decode(message.header)
    except msgspec.DecodeError as error:
        raise MalformedError(f"A journal cannot be read: {error}") from None
    return (found.group, found.node, found.attempt), found.at


def decode_hello(message: wire.Message) -> Hello:
    """:raises MalformedError: if it is none"""
    try:
        return _read_hello.decode(message.header)
    except msgspec.DecodeError as error:
        raise MalformedError(f"A journal cannot be read: {error}") from None


def name_task(message: wire.Message) -> Key:
    """Which attempt a message to a worker is about; it is one of ours."""
    found = _read_task.decode(message.header)
    return found.shared.group, found.node, found.attempt


def spooled(group_id: str, spec: TaskSpec, path: str) -> tuple[int, bytes]:
    """The message without its prefix that stands for a task which lies in a file: length of the header, and all bytes."""
    task = {"shared": {"group": group_id}, "node": spec.node_id, "attempt": spec.attempt, "spooled": path}
    header = msgspec.json.encode(task)
    return len(header), header


def path_in(resources: Resources, blob: Blob) -> str:
    """The file in which a blob lies.

    :raises ExecutorError: if it lies elsewhere
    """
    if blob.uri is not None:
        raise ExecutorError(
            f"A value of the task lies at {blob.uri}, where the local executor cannot read it. "
            "Run the task on the executor that made the value."
        )
    return str(resources.path(blob))
