"""Names that the dispatcher and a container must agree on: objects below a bucket's prefix, and variables of the container.

::

    functions/<sha256>                           a pickled callable or hooks, once, unless they fit into the manifest
    values/<sha256>                              a large argument, once
    runner/<sha256>.pyz                          this program, once per version
    groups/<group>/manifest                      what task i runs
    groups/<group>/outcomes/<i>.<attempt>.ok.<size>.<sha256>     it completed; size and digest are those of its result
    groups/<group>/outcomes/<i>.<attempt>.error                  it did not
    groups/<group>/<i>/<attempt>/<sha256>        its result
    groups/<group>/<i>/<attempt>/{stdout,stderr} what it printed, if that is too long for the outcome

``i`` is the task's place in the manifest, from 0; ``attempt`` is the service's own count, brought to begin at 1. The content of an outcome
is a message of :mod:`..wire` of kind OUTCOME; a blob of it that is too large to be in the message lies beside it. Outcomes and results are
created, never overwritten; where a task has several outcomes, the first that the dispatcher saw counts, for ever.
"""

from __future__ import annotations

from typing import NamedTuple

#: Where the manifest, and with it everything else, lies.
MANIFEST_VARIABLE = "COVALENT_MANIFEST"
#: Where this program lies.
RUNNER_VARIABLE = "COVALENT_RUNNER"
#: The text that fetches and starts it, where a service gives commands too few characters.
BOOTSTRAP_VARIABLE = "COVALENT_BOOTSTRAP"
#: The Python of the workflow, as ``3.11``.
PYTHON_VARIABLE = "COVALENT_PYTHON"
#: Index in the manifest of the job's first task.
FIRST_VARIABLE = "COVALENT_FIRST"
#: Name of the variable in which the service says which task of the job this is; a job of one task may lack it.
INDEX_VARIABLE = "COVALENT_INDEX_IN"
#: Name of the variable in which the service counts attempts; may be absent.
ATTEMPT_VARIABLE = "COVALENT_ATTEMPT_IN"
#: The number of the first attempt in that count; 1 unless set.
FIRST_ATTEMPT_VARIABLE = "COVALENT_FIRST_ATTEMPT"
#: Where Azure's storage accounts are, below an emulator's address, if they are not where their names say. May be absent.
BLOB_ENDPOINT_VARIABLE = "COVALENT_AZURE_STORAGE_ENDPOINT"
#: The region of the bucket, for services that need it.
REGION_VARIABLE = "COVALENT_REGION"
#: Seconds between two looks, while a task runs, whether it has an outcome already: somebody has given it up. May be absent.
RECALL_VARIABLE = "COVALENT_RECALL_S"
#: Directory for temporary files.
SCRATCH_VARIABLE = "COVALENT_SCRATCH"

#: Begins lines of standard error in what the container prints, so that both streams can be told apart.
STDERR_MARK = "\x1e"

# Exit codes of a container. The first two go with an outcome, the others explain why there is none.

#: A task has completed, or has had an outcome before.
EXIT_OK = 0
#: A task has ended without a result; its outcome says why.
EXIT_FAILED = 1
EXIT_PYTHON = 90
EXIT_VARIABLES = 91
EXIT_UNREADABLE = 92
EXIT_DAMAGED = 93
EXIT_MANIFEST = 94
EXIT_SCRATCH = 95
EXIT_UNWRITABLE = 96
#: The runner itself has failed.
EXIT_BROKEN = 97
#: What was staged for the container has been deleted.
EXIT_MISSING = 98
#: The service wants the container to end; it knows why.
EXIT_TERMINATED = 143

#: What they mean: the name of a cause, and a sentence for a person. The last line of the container's output says more.
EXIT_REASONS: dict[int, tuple[str, str]] = {
    EXIT_PYTHON: (
        "ENVIRONMENT",
        "The image's Python is too old to run the workflow. Use an image with the workflow's Python.",
    ),
    EXIT_VARIABLES: ("CONFIG", "The container lacks the variables by which Covalent tells it what to do."),
    EXIT_UNREADABLE: (
        "CONFIG",
        "The container could not read from the bucket. Check the job's role, service account or managed identity, the bucket's region, "
        "and the way from the job's network to it.",
    ),
    EXIT_DAMAGED: ("CONFIG", "The runner in the bucket is damaged. Delete it, and run the workflow again."),
    EXIT_MANIFEST: ("CONFIG", "The group's manifest in the bucket is damaged. Run the workflow again."),
    EXIT_SCRATCH: (
        "CONFIG",
        "The container has no directory that it can write to, or no room in it. Give the job more disk space.",
    ),
    EXIT_BROKEN: ("HOST", "The runner failed in the container; the last lines of its output show where."),
    EXIT_MISSING: ("LOST", "What was put into the bucket for the task was deleted before it was read."),
    EXIT_UNWRITABLE: (
        "CONFIG",
        "The container could not write to the bucket, so the task's outcome is lost. Allow the job's role, service account or managed "
        "identity to write there.",
    ),
}


class OutcomeName(NamedTuple):
    """The last part of an outcome's key."""

    task: int  #: Its place in the manifest.
    attempt: int
    size: int | None  #: Of the result; None if it did not complete.
    digest: str  #: Of the result; empty if it did not complete.

    @classmethod
    def parse(cls, name: str) -> OutcomeName:
        """:raises ValueError: if it is no such name"""
        index, attempt, kind, *rest = name.split(".")
        if kind == "error" and not rest:
            return cls(int(index), int(attempt), None, "")
        if kind == "ok" and len(rest) == 2 and len(rest[1]) == 64:
            return cls(int(index), int(attempt), int(rest[0]), rest[1])
        raise ValueError(f"not the name of an outcome: {name[:120]!r}")

    def __str__(self) -> str:
        end = "error" if self.size is None else f"ok.{self.size}.{self.digest}"
        return f"{self.task}.{self.attempt}.{end}"


def function_key(digest: str) -> str:
    return f"functions/{digest}"


def value_key(digest: str) -> str:
    return f"values/{digest}"


def runner_key(digest: str) -> str:
    return f"runner/{digest}.pyz"


def group_prefix(group: str) -> str:
    """Everything that goes when the group is purged."""
    return f"groups/{group}/"


def manifest_key(group: str) -> str:
    return f"groups/{group}/manifest"


def outcomes_prefix(group: str) -> str:
    return f"groups/{group}/outcomes/"


def outcome_key(group: str, name: OutcomeName) -> str:
    return f"groups/{group}/outcomes/{name}"


def task_key(group: str, index: int, attempt: int, name: str) -> str:
    """``name`` is ``stdout``, ``stderr`` or the digest of the result."""
    return f"groups/{group}/{index}/{attempt}/{name}"
