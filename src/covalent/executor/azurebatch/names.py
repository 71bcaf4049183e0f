"""Ids of jobs and tasks, and how a group is found again from its reference alone.

::

    ct-<dispatch>-<options>-<n>   a job: for one dispatch and one set of what holds for whole jobs; n counts those that followed each other
    <group>-<index>               a task of it
    <job>/<group>:<size>          the reference to a group

Azure takes ids of up to 64 letters, digits, hyphens and underscores, and sees no difference between capital and small letters. Ours hold
small letters alone, and whatever does not fit is there as its digest. Source: API reference of Azure Batch, "Add a job", ``id``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ...errors import ExecutorError

LONGEST: Final = 64

#: Digits of a task's index, and the hyphen before it.
_INDEX_CHARS: Final = 6

_DISPATCH: Final = re.compile(r"[0-9a-f]{32}")
_GROUP: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST - _INDEX_CHARS - 1}}}")
_JOB: Final = re.compile(r"(?P<line>ct-(?P<dispatch>[0-9a-f]{32})-[0-9a-f]{8})-\d+")
_OF_DISPATCH: Final = re.compile(r"ct-(?P<dispatch>[0-9a-f]{32})-\d")
_REF: Final = re.compile(r"(?P<job>[^/:]+)/(?P<group>[^/:]+):(?P<size>\d+)")


class GroupRef(NamedTuple):
    """Where a group is."""

    job: str  #: Id of the job.
    group: str  #: What the ids of its tasks begin with.
    size: int

    @classmethod
    def parse(cls, ref: str) -> GroupRef:
        """:raises ExecutorError: if it is none"""
        if not (found := _REF.fullmatch(ref)):
            raise ExecutorError(
                f"{ref!r} is no reference to tasks of Azure Batch: they are written as JOB/GROUP:NUMBER_OF_TASKS."
            )
        return cls(found["job"], found["group"], int(found["size"]))

    def __str__(self) -> str:
        return f"{self.job}/{self.group}:{self.size}"


def dispatch_prefix(dispatch_id: str) -> str:
    """What the ids of all jobs of a dispatch begin with."""
    plain = dispatch_id.replace("-", "").lower()
    return f"ct-{plain if _DISPATCH.fullmatch(plain) else _digest(dispatch_id, 32)}-"


def line_name(dispatch_id: str, content: bytes) -> str:
    """What the ids of all jobs begin with that have this content and follow one another."""
    return f"{dispatch_prefix(dispatch_id)}{hashlib.sha256(content).hexdigest()[:8]}"


def job_id(line: str, number: int) -> str:
    return f"{line}-{number}"


def line_of(job: str) -> str:
    """The line that a job belongs to."""
    return found["line"] if (found := _JOB.fullmatch(job)) else job


def number_of(job: str) -> int:
    """The place of a job in its line."""
    return int(job.rpartition("-")[2])


def dispatch_of(job: str) -> str | None:
    """The dispatch of a job, as 32 hexadecimal digits; None if the id is none of ours."""
    return found["dispatch"] if (found := _JOB.fullmatch(job)) else None


def dispatches_of(group_ids: Iterable[str]) -> set[str]:
    """The dispatches that groups belong to, as far as their names tell."""
    return {found["dispatch"] for name in group_ids if (found := _OF_DISPATCH.match(name))}


def group_name(name: str) -> str:
    """What the ids of a group's tasks begin with. Different for different names, those that differ in capital letters alone included."""
    return name if _GROUP.fullmatch(name) else f"ct-{_digest(name, 40)}"


def task_id(group: str, index: int) -> str:
    return f"{group}-{index}"


def task_of(task: str) -> tuple[str, int] | None:
    """The group of a task and its index there; None if the id is none of ours."""
    group, _, index = task.rpartition("-")
    return (group, int(index)) if group and index.isdecimal() else None


def _digest(text: str, chars: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:chars]
