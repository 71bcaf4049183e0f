"""From a lattice and its arguments to a workflow, on the client and, for sublattices, in a worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import WorkflowError
from ..model import NodeKind, Submission
from ..secrets import collected
from ..serialize import encode_submission
from .constants import LARGE_BYTES
from .leaks import warn_of_leaks
from .settings import Settings
from .trace import Trace

if TYPE_CHECKING:
    from .lattices import Lattice
    from .tasks import Task

#: The directory in which a worker may leave large values for the dispatcher, set by executors that have one.
OBJECTS_VARIABLE: Final = "COVALENT_OBJECTS"


def build(
    lattice: Lattice[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    replacements: Mapping[str, Task[..., Any]] | None = None,
) -> Submission:
    """The workflow that ``lattice`` makes of these arguments.

    :param replacements: electrons to use in place of those of the same name, in sublattices too
    :raises WorkflowError: if the lattice does what a lattice cannot do, or something of it cannot travel
    """
    if replacements:
        lattice = lattice.replacing(replacements)
    trace = Trace(lattice.__name__, lattice.settings, lattice.replacements)
    with collected() as secrets:
        submission = trace.run(lattice, args, kwargs)
        packed = trace.keep_lattice(lattice)
    graph = submission.graph
    unused = trace.unused_replacements & set(replacements or ())
    if unused and not any(node.kind is NodeKind.SUBLATTICE for node in graph.nodes):
        raise WorkflowError(f"The lattice {lattice.__name__} calls no electron named {', '.join(sorted(unused))}.")
    texts = {secret.id: secret.reveal() for secret in secrets.values() if secret.is_known}
    built = replace(submission, graph=replace(graph, lattice=packed), secrets=texts)
    warn_of_leaks(built)
    return built


@dataclass(frozen=True)
class SublatticeBuilder:
    """The function of a sublattice's task: builds the workflow with the real arguments."""

    lattice: Lattice[..., Any]
    defaults: Settings
    replacements: Mapping[str, Task[..., Any]]

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """What it is called like."""
        return self.lattice.function

    def __call__(self, *args: Any, **kwargs: Any) -> bytes:
        trace = Trace(self.lattice.__name__, self.lattice.settings.over(self.defaults), self.replacements)
        with collected() as secrets:
            submission = trace.run(self.lattice, args, kwargs)
        if any(secret.is_known for secret in secrets.values()):
            # This is the result of a task, which lies where results lie: unencrypted, perhaps in a bucket.
            raise WorkflowError(
                f"The sublattice {self.lattice.__name__} uses an executor with a secret that was made in its task, and secrets cannot "
                "be returned from there. Make that executor in the script that dispatches, outside of the lattice, or set the secret in "
                "the configuration of the server."
            )
        return encode_submission(_spill(submission))


def _spill(submission: Submission) -> Submission:
    """The submission with its large values left in the object store, if there is one at hand."""
    folder = os.environ.get(OBJECTS_VARIABLE)
    if not folder:
        return submission
    small = {}
    for digest, data in submission.values.items():
        if len(data) < LARGE_BYTES:
            small[digest] = data
        else:
            _write(Path(folder, digest[:2], digest), data)
    return replace(submission, values=small)


def _write(path: Path, data: bytes) -> None:
    """Make a file that is either whole or not there, also if another process makes it too."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
