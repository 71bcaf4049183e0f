"""What the tables hold as bytes or text, and what stands for it in memory. No pickles: an old or foreign row can do no harm."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from ..model import (
    Blob,
    DispatchInfo,
    Event,
    ExecutorSpec,
    Graph,
    GroupRecord,
    NodeKind,
    Outcome,
    TaskFailure,
    TaskInfo,
    TaskRef,
)
from ..states import Cause, Status
from .base import GraphPreviews
from .database import Row, storable

#: The node of an event that is the dispatch's own.
DISPATCH_ITSELF: Final = -1

#: Members by value; a look-up costs a third of calling the enum.
STATUS: Final = {status.value: status for status in Status}
CAUSE: Final[dict[str, Cause | None]] = {"": None, **{cause.value: cause for cause in Cause}}

#: Values by member: sqlite3 takes a plain string four times as fast as a member.
TEXT: Final[dict[Status | Cause, str]] = {**{s: s.value for s in Status}, **{c: c.value for c in Cause}}

#: What the counts of a dispatch have: its tasks by status, and beside that those of the FAILED ones that never ran.
_COUNTED: Final[tuple[tuple[str, Status | Cause], ...]] = (*STATUS.items(), (Cause.UPSTREAM.value, Cause.UPSTREAM))


class _Output(msgspec.Struct):
    """The one part of an outcome that other tasks need."""

    output: Blob | None = None


class _Preview(msgspec.Struct):
    """What people see of it."""

    output_preview: str = ""


_encode: Final = msgspec.msgpack.Encoder().encode
_encode_json: Final = msgspec.json.Encoder().encode
_decode_counts: Final = msgspec.json.Decoder(dict[str, int]).decode
_decode_graph: Final = msgspec.msgpack.Decoder(Graph).decode
_decode_outcome: Final = msgspec.msgpack.Decoder(Outcome).decode
_decode_output: Final = msgspec.msgpack.Decoder(_Output).decode
_decode_preview: Final = msgspec.msgpack.Decoder(_Preview).decode
_decode_previews: Final = msgspec.msgpack.Decoder(GraphPreviews).decode
_decode_refs: Final = msgspec.msgpack.Decoder(tuple[tuple[int, int], ...]).decode


def clean(text: str) -> str:
    """The text with what PostgreSQL or UTF-8 cannot hold made visible: the character 0, and halves of pairs."""
    return str(storable(text)) if text else text


def encode_graph(graph: Graph) -> bytes:
    return _encode(graph)


def decode_graph(body: bytes) -> Graph:
    return _decode_graph(body)


def decode_previews(body: bytes) -> GraphPreviews:
    """The previews of a graph, without the rest of it."""
    return _decode_previews(body)


def encode_outcome(outcome: Outcome) -> bytes:
    try:
        return _encode(outcome)
    except UnicodeEncodeError:
        return _encode(_speakable(outcome))


def _speakable(outcome: Outcome) -> Outcome:
    failure = outcome.failure
    if failure is not None:
        failure = TaskFailure(
            type=clean(failure.type),
            message=clean(failure.message),
            traceback=clean(failure.traceback),
            pickled=failure.pickled,
        )
    return replace(
        outcome,
        message=clean(outcome.message),
        place=clean(outcome.place),
        failure=failure,
        inputs_preview=clean(outcome.inputs_preview),
        output_preview=clean(outcome.output_preview),
    )


def decode_outcome(body: bytes | None) -> Outcome | None:
    return None if body is None else _decode_outcome(body)


def decode_output(body: bytes) -> Blob | None:
    """The output alone, without the rest of the outcome."""
    return _decode_output(body).output


def decode_preview(body: bytes) -> str:
    """What people see of the output."""
    return _decode_preview(body).output_preview


def object_digests(outcome: Outcome) -> Iterator[str]:
    """Digests of the files that an outcome refers to: those that are there, and those to which what lies elsewhere may be copied."""
    pickled = outcome.failure.pickled if outcome.failure else None
    pending = [blob for blob in (outcome.output, outcome.stdout, outcome.stderr, pickled) if blob is not None]
    while pending:
        blob = pending.pop()
        if blob.data is None:
            yield blob.digest
        pending.extend(blob.inputs)


def encode_counts(before: Mapping[str, int], moved: Mapping[Status | Cause, int]) -> str:
    """The counts after some tasks have moved; none that is 0."""
    counts = {text: before.get(text, 0) + moved.get(member, 0) for text, member in _COUNTED}
    return _encode_json({text: count for text, count in counts.items() if count}).decode()


def decode_counts(text: str) -> dict[str, int]:
    return _decode_counts(text)


def encode_refs(refs: tuple[TaskRef, ...]) -> bytes:
    return _encode([(ref.node_id, ref.attempt) for ref in refs])


def encode_handle(handle: Any) -> str | None:
    return None if handle is None else json.dumps(handle)


def decode_handle(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def encode_options(options: Mapping[str, Any]) -> str:
    """The same text for the same options."""
    return json.dumps(options, sort_keys=True)


def encode_names(names: Iterable[str]) -> str:
    """Short names of executors, each in quotes, so that a search for one in quotes finds it alone."""
    return json.dumps([clean(name) for name in names])


def executor(row: Row) -> ExecutorSpec:
    name, options = row
    return ExecutorSpec(name=name, options=json.loads(options))


def group(row: Row, open_refs: set[tuple[int, int]]) -> GroupRecord:
    """A group with those of its attempts that have not ended."""
    group_id, executor, refs, handle, sender = row
    return GroupRecord(
        group_id=group_id,
        executor=executor,
        refs=tuple(TaskRef(node_id=ref[0], attempt=ref[1]) for ref in _decode_refs(refs) if ref in open_refs),
        handle=decode_handle(handle),
        sender=sender,
    )


def dispatch_info(row: Row) -> DispatchInfo:
    """A dispatch from its row, of which the first column is its key."""
    counts = decode_counts(row[14])
    not_run = counts.pop(Cause.UPSTREAM.value, 0)
    return DispatchInfo(
        id=row[1],
        name=row[2],
        status=STATUS[row[3]],
        created_at=row[4],
        started_at=row[5],
        ended_at=row[6],
        error=row[7],
        parent_id=row[8],
        parent_node=row[9],
        root_id=row[10],
        redispatch_of=row[11],
        reuse=bool(row[12]),
        tasks=row[13],
        counts=counts,
        not_run=not_run,
        executors=tuple(json.loads(row[15])),
    )


def task_info(row: Row) -> TaskInfo:
    node_id, name, kind, executor, text, attempt, started_at, ended_at, cause, message, child_id = row
    status = STATUS[text]
    return TaskInfo(
        node_id=node_id,
        name=name,
        status=status,
        attempt=attempt,
        kind=NodeKind(kind),
        executor=executor,
        # What is known of an earlier attempt is no news of one that waits to start.
        started_at=started_at if status is Status.RUNNING or status.is_final else None,
        ended_at=ended_at,
        cause=CAUSE[cause],
        message=message,
        child_id=child_id,
        reused=status is Status.COMPLETED and attempt == 0,
    )


def event(dispatch_id: str, row: Row) -> Event:
    seq, node, attempt, status, at, cause, detail = row
    return Event(
        seq=seq,
        dispatch_id=dispatch_id,
        node_id=None if node == DISPATCH_ITSELF else node,
        attempt=attempt,
        status=STATUS[status],
        at=at,
        cause=CAUSE[cause],
        detail=detail,
    )
