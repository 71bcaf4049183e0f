"""Copies of outputs and logs as files that need no server to be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..serialize import dumps
from ..states import Status

if TYPE_CHECKING:
    from .bundle import Bundle
    from .node_result import NodeResult
    from .result import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """Which outputs are copied."""

    workflow: bool = True  #: What the workflow returned.
    intermediate: bool = True  #: What each task returned and wrote.
    sublattices: bool = True  #: The same of the dispatches that sublattices ran as.


def save(result: Result, base: Path, kinds: Kinds) -> None:
    """Write ``<base>/<dispatch id>/result.pkl`` and ``node_<n>/{output.pkl,stdout.log,stderr.log}`` beside it."""
    folder = base / result.dispatch_id
    folder.mkdir(parents=True, exist_ok=True)
    if kinds.workflow and result.status is Status.COMPLETED:
        with result.bundle() as bundle:
            _write(folder / "result.pkl", pickle_of(bundle))
    for node in result.get_all_node_results() if kinds.intermediate or kinds.sublattices else ():
        if kinds.intermediate:
            _save_node(node, folder / f"node_{node['node_id']}")
        if kinds.sublattices and node["sublattice_result"] is not None:
            save(node["sublattice_result"], base, kinds)


def _save_node(node: NodeResult, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    if node["status"] is Status.COMPLETED:
        with node.bundle() as bundle:
            _write(folder / "output.pkl", pickle_of(bundle))
    for stream in ("stdout", "stderr"):
        _write(folder / f"{stream}.log", node.log_parts(stream))


def pickle_of(bundle: Bundle) -> Iterable[bytes]:
    """The value as one pickle that refers to nothing; its bytes as they are where that is what they are."""
    return bundle.root_bytes() if bundle.is_plain else (dumps(bundle.load()),)


def _write(path: Path, parts: Iterable[bytes]) -> None:
    """All of it or nothing."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.writelines(parts)
    new.replace(path)
