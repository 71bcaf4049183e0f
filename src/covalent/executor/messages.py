"""Tasks as runners read them, and outcomes as runners write them, checked field by field: what a runner sends is the user's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from ..errors import ExecutorError
from ..model import Blob, GroupMetadata, Outcome, TaskFailure, TaskSpec
from ..runner import wire
from ..states import Cause, Status

#: Group, node, attempt: an attempt by its name, over all groups.
Key: TypeAlias = tuple[str, int, int]

#: Where the bytes of a blob lie that are not in the message itself.
PathOf: TypeAlias = Callable[[Blob], str]

#: Where the bytes of a part of an outcome lie that are not in it: takes the name of the part and their digest.
UriOf: TypeAlias = Callable[[str, str], str]

#: More than 64 bits cannot be stored.
_MOST = (1 << 63) - 1

_Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Size = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
_Number = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]

#: Unix seconds that a calendar has a date for: up to the year 9999.
_Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]


#: Characters of a preview, of which a runner sends fewer.
_PREVIEW = 4096


class MalformedError(ExecutorError):
    """A worker has sent something that is no outcome."""


class _Blob(msgspec.Struct, array_like=True, frozen=True):
    digest: _Digest
    size: _Size
    at: int


class _Failure(msgspec.Struct, frozen=True):
    type: str
    message: str
    traceback: str
    pickled: _Blob | None = None


class _Outcome(msgspec.Struct, frozen=True):
    group: str
    node: int
    attempt: int
    status: Literal["COMPLETED", "FAILED", "CANCELLED"]
    output: _Blob | None = None
    cause: Cause | None = None
    message: str = ""
    failure: _Failure | None = None
    stdout: _Blob | None = None
    stderr: _Blob | None = None
    started_at: _Time | None = None
    ended_at: _Time | None = None
    peak_memory_mib: float | None = None
    cpu_s: float | None = None
    exit_code: _Number | None = None
    place: str = ""
    inputs_preview: str = ""
    output_preview: str = ""


_read_outcome = msgspec.json.Decoder(_Outcome)
_to_json = msgspec.json.Encoder().encode


def decode_outcome(message: wire.Message, place: str, uri_of: UriOf | None = None) -> tuple[Key, Outcome]:
    """An outcome as the dispatcher knows it.

    :param place: where it ran; if that is empty, the runner's word counts
    :param uri_of: where the parts of it lie that are not in the message; None if in files of the dispatcher's object store
    :raises MalformedError: if it is none
    """
    try:
        found = _read_outcome.decode(message.header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"A worker has sent an outcome that cannot be read: {error}") from None
    completed = found.status == "COMPLETED"
    if completed == (found.output is None) or completed == (found.cause is not None):
        raise MalformedError("A worker has sent an outcome that is neither a success nor a failure")
    data = message.data
    outcome = Outcome(
        status=Status(found.status),
        output=_from_wire("output", found.output, data, uri_of),
        cause=found.cause,
        message=found.message,
        failure=_failure(found.failure, data, uri_of) if found.failure else None,
        stdout=_from_wire("stdout", found.stdout, data, uri_of),
        stderr=_from_wire("stderr", found.stderr, data, uri_of),
        started_at=found.started_at,
        ended_at=found.ended_at,
        peak_memory_mib=found.peak_memory_mib,
        cpu_s=found.cpu_s,
        exit_code=found.exit_code,
        place=place or found.place,
        inputs_preview=found.inputs_preview[:_PREVIEW],
        output_preview=found.output_preview[:_PREVIEW],
    )
    return (found.group, found.node, found.attempt), outcome


class TaskWriter:
    """Writes the tasks of one group; what they share is encoded once.

    :param path_of: where a blob without data lies
    :param function_path: the file in which a function is kept, if it is
    :param extra: what else the tasks share, from the first of them
    """

    def __init__(
        self,
        metadata: GroupMetadata,
        path_of: PathOf,
        function_path: Callable[[Blob], str | None] = lambda blob: None,
        extra: Callable[[TaskSpec], Mapping[str, Any]] = lambda spec: {},
    ) -> None:
        self._metadata, self._path_of, self._function_path, self._extra = metadata, path_of, function_path, extra
        self._shared_as: tuple[Any, ...] = ()
        self._shared = msgspec.Raw()
        self._shared_data = b""

    def write(self, spec: TaskSpec) -> tuple[int, bytes]:
        """The task without its prefix: length of the header, and all bytes.

        :raises ExecutorError: if a value lies where this executor cannot read it
        """
        shared_as = (spec.function.digest, spec.kind, spec.environment, spec.hooks)
        if shared_as != self._shared_as:
            self._share(spec)
            self._shared_as = shared_as
        parts = [self._shared_data]
        at = len(self._shared_data)
        args, at = self._to_wire(spec.args, parts, at)
        inputs = []
        for blob in spec.inputs:
            one, at = self._to_wire(blob, parts, at)
            inputs.append(one)
        header = _to_json(
            {"shared": self._shared, "node": spec.node_id, "attempt": spec.attempt, "args": args, "inputs": inputs}
        )
        return len(header), b"".join((header, *parts))

    def _share(self, spec: TaskSpec) -> None:
        parts: list[bytes] = []
        kept = self._function_path(spec.function)
        function: list[Any]
        if kept is None:
            function, at = self._to_wire(spec.function, parts, 0)
        else:
            function, at = [spec.function.digest, spec.function.size, wire.IN_FILE, kept, []], 0
        hooks = self._to_wire(spec.hooks, parts, at)[0] if spec.hooks else None
        self._shared_data = b"".join(parts)
        shared = {
            "dispatch": self._metadata.dispatch_id,
            "group": self._metadata.group_id,
            "cwd": self._metadata.cwd,
            "python": self._metadata.python,
            "kind": spec.kind,
            "bash": spec.environment.bash,
            "function": function,
            "hooks": hooks,
            **self._extra(spec),
        }
        self._shared = msgspec.Raw(_to_json(shared))

    def _to_wire(self, blob: Blob, parts: list[bytes], at: int) -> tuple[list[Any], int]:
        """The blob for a header, and where the next one's bytes begin."""
        inputs: list[Any] = []
        if blob.data is not None:
            parts.append(blob.data)
            described: list[Any] = [blob.digest, len(blob.data), at, "", inputs]
            at += len(blob.data)
        else:
            described = [blob.digest, blob.size, wire.IN_FILE, self._path_of(blob), inputs]
        for one in blob.inputs:
            wired, at = self._to_wire(one, parts, at)
            inputs.append(wired)
        return described, at


def _from_wire(name: str, blob: _Blob | None, data: Any, uri_of: UriOf | None) -> Blob | None:
    if blob is None:
        return None
    if blob.at == wire.IN_FILE:
        return Blob(digest=blob.digest, size=blob.size, uri=uri_of(name, blob.digest) if uri_of else None)
    if blob.at < 0 or blob.at + blob.size > len(data):
        raise MalformedError("A worker has sent an outcome whose bytes are missing")
    return Blob(digest=blob.digest, size=blob.size, data=bytes(data[blob.at : blob.at + blob.size]))


def _failure(failure: _Failure, data: Any, uri_of: UriOf | None) -> TaskFailure:
    pickled = _from_wire("pickled", failure.pickled, data, uri_of)
    return TaskFailure(type=failure.type, message=failure.message, traceback=failure.traceback, pickled=pickled)
