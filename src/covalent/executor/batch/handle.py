"""What is stored of a group that was submitted: small, whatever the number of its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...errors import ExecutorError
from ...model import TaskRef

#: Names of groups begin with it that have one task, run without a dispatcher.
SINGLE_PREFIX: Final = "ct-single-"


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedJob:
    """A job and the part of the manifest that it works on."""

    ref: str
    first: int  #: Index in the manifest of its first task.
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Handle:
    """As JSON: ``{"jobs": [{"ref", "first", "size"}, …], "refs": [[node id, count, attempt], …]}``."""

    jobs: tuple[SubmittedJob, ...]
    refs: tuple[TaskRef, ...]  #: In the manifest's order.

    def to_json(self) -> dict[str, Any]:
        jobs = [{"ref": job.ref, "first": job.first, "size": job.size} for job in self.jobs]
        return {"jobs": jobs, "refs": _runs(self.refs)}

    @classmethod
    def from_json(cls, value: Any) -> Handle:
        """:raises ExecutorError: if it is none"""
        try:
            jobs = tuple(
                SubmittedJob(ref=str(j["ref"]), first=int(j["first"]), size=int(j["size"])) for j in value["jobs"]
            )
            refs = tuple(
                TaskRef(node_id=node_id + step, attempt=attempt)
                for node_id, count, attempt in value["refs"]
                for step in range(count)
            )
            if [job.first for job in jobs] != [sum(job.size for job in jobs[:n]) for n in range(len(jobs))]:
                raise ValueError("its jobs do not follow one another")
            if not jobs or sum(job.size for job in jobs) != len(refs):
                raise ValueError("its jobs do not hold its tasks")
        except (KeyError, TypeError, ValueError) as error:
            raise ExecutorError(
                f"The stored handle of a task group cannot be read ({error!r}): {str(value)[:200]}"
            ) from None
        return cls(jobs=jobs, refs=refs)


def manifest_order(refs: Sequence[TaskRef]) -> tuple[TaskRef, ...]:
    """The same for the same tasks, in whatever order they come after a restart."""
    return tuple(sorted(refs, key=lambda ref: (ref.node_id, ref.attempt)))


def _runs(refs: Sequence[TaskRef]) -> list[list[int]]:
    runs: list[list[int]] = []
    for ref in refs:
        if runs and runs[-1][0] + runs[-1][1] == ref.node_id and runs[-1][2] == ref.attempt:
            runs[-1][1] += 1
        else:
            runs.append([ref.node_id, 1, ref.attempt])
    return runs
