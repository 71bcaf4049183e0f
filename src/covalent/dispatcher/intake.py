"""Takes a submission in: every value is there, is what its digest says, and lies where values of its size lie."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from ..errors import IntegrityError, RequestError
from ..model import INLINE_LIMIT, DispatchInfo, Graph, Submission
from ..objects import ObjectStore
from ..store.base import Store
from .keepers import keepers
from .unused import UnusedFiles

#: Seconds after which a file that was written is known to the store, if it was written for a task that has ended.
IN_USE_S: Final = 600.0


def accept(submission: Submission, objects: ObjectStore) -> dict[str, bytes]:
    """Check the values of a submission and put the large ones into the object store; return the others.

    :raises IntegrityError: if a value is not what its digest says
    """
    small: dict[str, bytes] = {}
    wanted = submission.graph.payloads()
    for digest in wanted & submission.values.keys():
        data = submission.values[digest]
        if hashlib.sha256(data).hexdigest() != digest:
            raise IntegrityError(digest, "value")
        if len(data) <= INLINE_LIMIT:
            small[digest] = data
        else:
            objects.put(digest, data)
    return small


def store_dispatch(
    store: Store,
    objects: ObjectStore,
    info: DispatchInfo,
    graph: Graph,
    values: dict[str, bytes],
    owner: str,
    secrets: Mapping[str, bytes],
) -> bool:
    """Store a dispatch, if all that it needs is there. Runs in the writer's thread, as :func:`purge` does: no file can go in between.

    :raises RequestError: if values are neither among ``values`` nor in the object store; names them
    """
    missing = sorted(d for d in graph.payloads() - values.keys() if not objects.exists(d))
    if missing:
        raise RequestError(422, f"Values are missing; send them first: {', '.join(missing[:20])}")
    return store.create_dispatch(info, graph, values, owner, keepers=keepers(graph), secrets=secrets)


def purge(
    store: Store, objects: ObjectStore, unused: UnusedFiles, dispatch_ids: Sequence[str] | None
) -> tuple[int, list[str]]:
    """Delete dispatches and the files that only they needed.

    A file that was written a short while ago stays, for a task that has just made the same value relies on it. Returns how many
    dispatches were deleted, and the files that :func:`delete_unused` should look at ``IN_USE_S`` later; ``unused`` has them too.

    :raises NotEndedError: if one has not ended
    :raises NotFoundError: if one does not exist
    """
    report = store.purge(dispatch_ids)
    left = [digest for digest in report.orphaned_objects if not objects.delete(digest, untouched_s=IN_USE_S)]
    unused.add(left)
    return report.dispatches, left


def delete_unused(store: Store, objects: ObjectStore, unused: UnusedFiles, digests: Sequence[str]) -> None:
    """Delete those of the files that no dispatch needs. What is too young again is for the next start."""
    needless = store.unreferenced(digests)
    left = {digest for digest in needless if not objects.delete(digest, untouched_s=IN_USE_S)}
    unused.remove(digest for digest in digests if digest not in left)
