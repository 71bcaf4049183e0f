"""Outcomes in the bucket: found by one listing, told by their names, and opened only where the name does not say enough."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Final

from ...errors import ObjectNotFoundError, ObjectTooLargeError
from ...model import Blob, Outcome, TaskRef
from ...objects import RemoteStore
from ...runner import wire
from ...runner.cloud.names import OutcomeName, outcome_key, outcomes_prefix, task_key
from ...states import Cause, Status
from ..messages import MalformedError, decode_outcome
from .causes import unreadable
from .concurrently import each
from .tracking import TrackedGroup

#: The longest outcome that is read: what is larger in it lies beside it.
OUTCOME_BYTES: Final = 8 * 1024 * 1024

#: More than any storage service takes as one object.
MOST_BYTES: Final = 1 << 50

#: Outcomes that are opened at a time.
READS: Final = 16

_OUTCOME_URI: Final = re.compile(r"groups/(?P<group>[^/]+)/outcomes/(?P<name>[^/]+)")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


async def collect(group: TrackedGroup) -> bool:
    """Deliver what a listing shows that was not seen before; whether there was anything.

    :raises ExecutorError: if the bucket cannot be listed or read
    """
    group_id, store = group.metadata.group_id, group.store
    new: list[tuple[OutcomeName, str]] = []
    async for page in store.list(outcomes_prefix(group_id)):
        named = [(_parsed(text), text) for text in page if text not in group.seen]
        new += [(name, text) for name, text in named if name is not None]
    failed: list[tuple[OutcomeName, str]] = []
    for name, text in sorted(new, key=lambda one: one[0][:2]):
        if name.size is None:
            failed.append((name, text))
            continue
        group.seen.add(text)
        if (place := group.at(name.task)) is not None:
            group.deliver(*place, completed(store, group_id, name))
    # Last, so that of several outcomes that appear together a good one counts.
    await each(failed, lambda one: _deliver_failure(group, *one), READS)
    return bool(new)


def completed(store: RemoteStore, group_id: str, name: OutcomeName) -> Outcome:
    """What the name alone says of a task that has completed."""
    assert name.size is not None
    uri = store.uri(task_key(group_id, name.task, name.attempt, name.digest))
    return Outcome(
        status=Status.COMPLETED,
        output=Blob(digest=name.digest, size=name.size, uri=uri),
        details=store.uri(outcome_key(group_id, name)),
    )


async def read_outcome(store: RemoteStore, group_id: str, name: OutcomeName, ref: TaskRef | None) -> Outcome:
    """An outcome with all that it holds.

    :param ref: whose it must be, if that is known
    :raises MalformedError: if it is none, or somebody else's
    :raises ExecutorError: if it cannot be read
    """
    data = await store.get(outcome_key(group_id, name), limit=OUTCOME_BYTES)

    def uri_of(part: str, digest: str) -> str:
        kept_as = part if part in ("stdout", "stderr") else digest
        return store.uri(task_key(group_id, name.task, name.attempt, kept_as))

    try:
        message = wire.decode(data)
    except ValueError as error:
        raise MalformedError(f"A runner has left an outcome that cannot be read: {error}") from None
    (group, node_id, attempt), outcome = decode_outcome(message, "", uri_of)
    if group != group_id or (ref is not None and (node_id, attempt) != (ref.node_id, ref.attempt)):
        raise MalformedError("A runner has left the outcome of another task in this one's place")
    return outcome


async def with_details(store: RemoteStore, outcome: Outcome) -> Outcome:
    """An outcome that is known by its name, with what the object of that name holds.

    :raises ExecutorError: if it cannot be read
    """
    key = store.key(outcome.details) if outcome.details is not None else None
    found = _OUTCOME_URI.fullmatch(key) if key is not None else None
    if found is None or (name := _parsed(found["name"])) is None:
        return outcome
    full = await read_outcome(store, found["group"], name, None)
    return replace(full, status=outcome.status, output=outcome.output)


async def give_up(group: TrackedGroup, index: int) -> None:
    """Write the outcome of a task that nobody wants any more. Whatever runs it finds that, and ends.

    :param index: its place in the manifest
    :raises ExecutorError: if it cannot be written
    """
    group_id, ref = group.metadata.group_id, group.refs[index]
    header = {"group": group_id, "node": ref.node_id, "attempt": ref.attempt, "ended_at": time.time()}
    ending = {"status": Status.CANCELLED, "cause": Cause.CANCELLED, "message": "It was cancelled."}
    key = outcome_key(group_id, OutcomeName(index, 1, None, ""))
    await group.store.put(key, wire.encode(wire.OUTCOME, 1, {**header, **ending}, []), create_only=True)


async def _deliver_failure(group: TrackedGroup, name: OutcomeName, text: str) -> None:
    place = group.at(name.task)
    if place is not None and place[1] in place[0].open:
        try:
            outcome = await read_outcome(group.store, group.metadata.group_id, name, group.refs[name.task])
            if outcome.status is Status.COMPLETED:
                raise MalformedError("A runner has left an outcome whose name says that it failed, but not its content")
        except (MalformedError, ObjectNotFoundError, ObjectTooLargeError) as error:
            outcome = unreadable(error, Cause.UNKNOWN)
        group.deliver(*place, outcome)
    group.seen.add(text)


def _parsed(text: str) -> OutcomeName | None:
    """What a name says; None if it is none, for what a task's code writes there is its own business."""
    try:
        name = OutcomeName.parse(text)
    except ValueError:
        return None
    if name.attempt < 1 or str(name) != text:
        return None
    if name.size is not None and not (0 <= name.size < MOST_BYTES and _DIGEST.fullmatch(name.digest)):
        return None
    return name
