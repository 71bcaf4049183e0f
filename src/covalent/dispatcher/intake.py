"""Takes a submission in: every value is there, is what its digest says, and lies where values of its size lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ..errors import IntegrityError, RequestError
from ..model import INLINE_LIMIT, Blob, Graph, Submission
from ..objects import ObjectStore
from ..serialize import decode_submission


def payload_digests(graph: Graph) -> Iterator[str]:
    """Digests of all payloads that a graph names, some more than once."""
    yield graph.output
    yield from graph.output_constants
    yield from graph.arguments_constants
    if graph.lattice is not None:
        yield graph.lattice
    if graph.arguments is not None:
        yield graph.arguments
    for function in graph.functions:
        yield function.digest
    for environment in graph.environments:
        if environment.hooks is not None:
            yield environment.hooks
    for node in graph.nodes:
        yield node.args
        yield from node.constants


def accept(submission: Submission, objects: ObjectStore) -> dict[str, bytes]:
    """Check the values of a submission and put the large ones into the object store; return the others.

    :raises IntegrityError: if a value is not what its digest says
    :raises RequestError: if values are neither here nor in the object store; names them
    """
    small: dict[str, bytes] = {}
    wanted = set(payload_digests(submission.graph))
    for digest in wanted & submission.values.keys():
        data = submission.values[digest]
        if hashlib.sha256(data).hexdigest() != digest:
            raise IntegrityError(digest, "value")
        if len(data) <= INLINE_LIMIT:
            small[digest] = data
        else:
            objects.put(digest, data)
    missing = [d for d in wanted - submission.values.keys() if not objects.exists(d)]
    if missing:
        raise RequestError(422, f"Values are missing; send them first: {', '.join(sorted(missing)[:20])}")
    return small


def read_submission(blob: Blob, objects: ObjectStore) -> Submission:
    """The submission that a sublattice's task returned.

    :raises CovalentError: if it is damaged or is no submission
    """
    data = blob.data if blob.data is not None else objects.path(blob.digest).read_bytes()
    if hashlib.sha256(data).hexdigest() != blob.digest:
        raise IntegrityError(blob.digest, "sublattice")
    return decode_submission(data)
