"""Submissions as MessagePack. What comes in is checked whole, so that nobody after this needs to doubt an index or a digest."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..errors import CycleError, IntegrityError, SubmissionError
from ..model import GRAPH_VERSION, Graph, Node, Submission
from ..secrets import ID_PATTERN, MAX_CHARS

MAX_NAME_CHARS: Final = 1000
MAX_TEXT_CHARS: Final = 1024 * 1024

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def encode_submission(submission: Submission) -> bytes:
    """The submission as bytes."""
    import msgspec

    return msgspec.msgpack.encode(submission)


def decode_submission(data: bytes) -> Submission:
    """The submission in ``data``, with every index, digest and value checked.

    :raises SubmissionError: if it is not well-formed; names the place
    :raises CycleError: if tasks wait for one another
    :raises IntegrityError: if a value is not what its digest says
    """
    import msgspec

    try:
        submission = msgspec.msgpack.decode(data, type=Submission)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SubmissionError(_version_complaint(data) or f"This is no workflow: {error}.") from error
    if submission.graph.version != GRAPH_VERSION:
        raise SubmissionError(_version_text(submission.graph.version))
    for complaint in _complaints(submission):
        raise SubmissionError(f"This workflow is not well-formed: {complaint}.")
    _check_order(submission.graph)
    for digest, value in submission.values.items():
        if hashlib.sha256(value).hexdigest() != digest:
            raise IntegrityError(digest, "value")
    return submission


def find_cycle(nodes: Sequence[Node]) -> list[int] | None:
    """Node ids that wait for one another, each for the next and the last for the first; None if there are none."""
    if all(before < node_id for node_id, node in enumerate(nodes) for before in node.after):
        return None
    done: set[int] = set()
    for start in range(len(nodes)):
        path: dict[int, Iterator[int]] = {}
        current: int | None = start
        while current is not None:
            if current not in path:
                path[current] = iter((*nodes[current].inputs, *nodes[current].after))
            step = next((before for before in path[current] if before not in done), None)
            if step is None:
                done.add(current)
                del path[current]
                current = next(reversed(path), None)
            elif step in path:
                ids = list(path)
                return ids[ids.index(step) :]
            else:
                current = step
    return None


def cycle_error(nodes: Sequence[Node], cycle: Sequence[int]) -> CycleError:
    """The error that names the tasks of a cycle."""
    names = [f"{nodes[node_id].name} ({node_id})" for node_id in (*cycle, cycle[0])]
    return CycleError(
        f"Tasks wait for one another: {', which waits for '.join(names)}. Take away one of these ct.wait."
    )


def _check_order(graph: Graph) -> None:
    cycle = find_cycle(graph.nodes)
    if cycle:
        raise cycle_error(graph.nodes, cycle)


def _version_complaint(data: bytes) -> str:
    """A version of the format that is not ours often fails as something else first."""
    import msgspec

    try:
        version = msgspec.msgpack.decode(data)["graph"]["version"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeyError):
        return ""
    return "" if version == GRAPH_VERSION else _version_text(version)


def _version_text(version: object) -> str:
    return (
        f"This workflow is in format {version}; this program reads format {GRAPH_VERSION}. "
        "Install the same version of Covalent on both sides."
    )


def _complaints(submission: Submission) -> Iterator[str]:
    graph = submission.graph
    yield from _text("graph.name", graph.name, MAX_NAME_CHARS)
    for field in ("source", "cwd", "python"):
        yield from _text(f"graph.{field}", getattr(graph, field), MAX_TEXT_CHARS)
    yield from _digests("graph.output", graph.output)
    yield from _digests("graph.output_constants", *graph.output_constants)
    yield from _digests("graph.arguments_constants", *graph.arguments_constants)
    yield from _digests("graph.lattice", *filter(None, (graph.lattice,)))
    yield from _digests("graph.arguments", *filter(None, (graph.arguments,)))
    yield from _indices("graph.output_inputs", graph.output_inputs, len(graph.nodes), "nodes")
    yield from _parts(graph)
    for node_id, node in enumerate(graph.nodes):
        yield from _node(node_id, node, graph)
    yield from _digests("values", *submission.values)
    yield from _secrets(submission.secrets)


def _parts(graph: Graph) -> Iterator[str]:
    for index, function in enumerate(graph.functions):
        yield from _text(f"functions[{index}].name", function.name, MAX_NAME_CHARS)
        yield from _text(f"functions[{index}].source", function.source, MAX_TEXT_CHARS)
        yield from _digests(f"functions[{index}].digest", function.digest)
    for index, environment in enumerate(graph.environments):
        yield from _digests(f"environments[{index}].hooks", *filter(None, (environment.hooks,)))
    for index, executor in enumerate(graph.executors):
        yield from _text(f"executors[{index}].name", executor.name, MAX_NAME_CHARS)
        yield from _json(f"executors[{index}].options", executor.options)


def _node(node_id: int, node: Node, graph: Graph) -> Iterator[str]:
    """The checks of one node; written for speed, as there may be 100,000."""
    where = f"nodes[{node_id}]"
    if len(node.name) > MAX_NAME_CHARS:
        yield from _text(f"{where}.name", node.name, MAX_NAME_CHARS)
    if not _DIGEST.fullmatch(node.args):
        yield from _digests(f"{where}.args", node.args)
    for name, table in (
        ("function", graph.functions),
        ("executor", graph.executors),
        ("environment", graph.environments),
    ):
        index = getattr(node, name)
        if not 0 <= index < len(table):
            yield f"{where}.{name} = {index} but there are {len(table)} {name}s"
    if node.inputs:
        yield from _indices(f"{where}.inputs", node.inputs, len(graph.nodes), "nodes")
        for index, before in enumerate(node.inputs):
            if before >= node_id:
                yield f"{where}.inputs[{index}] = {before}, but a task takes values of earlier tasks only"
    if node.after:
        yield from _indices(f"{where}.after", node.after, len(graph.nodes), "nodes")
    if node.constants:
        yield from _digests(f"{where}.constants", *node.constants)


def _secrets(secrets: Mapping[str, str]) -> Iterator[str]:
    """Complaints that tell nothing of what is in it."""
    for secret_id, text in secrets.items():
        if not ID_PATTERN.fullmatch(secret_id):
            yield "secrets has a key that is no id of a secret"
        if not 0 < len(text) <= MAX_CHARS:
            yield f"secrets holds a text of {len(text)} characters; 1 to {MAX_CHARS} are allowed"


def _text(where: str, text: str, limit: int) -> Iterator[str]:
    if len(text) > limit:
        yield f"{where} has {len(text)} characters; {limit} are allowed"


def _digests(where: str, *digests: str) -> Iterator[str]:
    for digest in digests:
        if not _DIGEST.fullmatch(digest):
            yield f"{where} holds {digest[:80]!r}, which is no SHA-256 in hex"


def _indices(where: str, indices: tuple[int, ...], count: int, what: str) -> Iterator[str]:
    for position, index in enumerate(indices):
        if not 0 <= index < count:
            yield f"{where}[{position}] = {index} but there are {count} {what}"
    if len(set(indices)) != len(indices):
        yield f"{where} names one of the {what} twice"


def _json(where: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                yield f"{where} has the key {key!r}, which is no string"
            yield from _json(f"{where}.{key}", part)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _json(f"{where}[{index}]", part)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where} is {value}, which JSON does not have"
    elif value is not None and not isinstance(value, bool | int | float | str):
        yield f"{where} is of type {type(value).__name__}, which JSON does not have"
