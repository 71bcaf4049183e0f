"""The values that the parts hand to one another. All frozen; none knows a database, a clock or a cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .states import Cause, Status

#: Bytes up to this many travel inside messages and database rows; larger ones are files or objects.
INLINE_LIMIT = 64 * 1024

#: Version of the graph format that :class:`Submission` carries.
GRAPH_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """Bytes that only a client or a runner opens: a pickle, or a log.

    A pickle may hold persistent references, the integers 0, 1, 2, …: reference ``i`` stands for the value of ``inputs[i]``.
    With neither ``data`` nor ``uri`` the bytes are a file of the dispatcher's object store, under ``digest``.
    """

    digest: str  #: SHA-256 of the bytes, in hex.
    size: int  #: Length in bytes.
    data: bytes | None = None  #: The bytes themselves, if they are few.
    uri: str | None = None  #: Where else they are, for example ``s3://bucket/key``.
    inputs: tuple[Blob, ...] = ()


class NodeKind(StrEnum):
    TASK = "task"
    SUBLATTICE = "sublattice"  #: Its function returns an encoded :class:`Submission`, which runs as a child dispatch.


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    name: str
    digest: str  #: Of the pickled callable, in ``Submission.values``.
    source: str = ""  #: For people to read; empty where it cannot be had.


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """What must be there before a task's function runs."""

    pip: tuple[str, ...] = ()  #: Requirements, one each, as pip writes them.
    bash: tuple[str, ...] = ()  #: Commands, run in order before the function.
    #: Digest of a pickle ``{"before": [...], "after": [...]}`` of ``(function, args, kwargs, retval_keyword)``.
    hooks: str | None = None
    inner_pip: tuple[str, ...] = ()  #: Of a sublattice: requirements of the tasks that it may call.
    #: Changes with what lies on the server's machine where requirements name a path. The dispatcher sets it when it takes a workflow in.
    local_state: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorSpec:
    """An executor by its short name and what was set on it, as plain JSON."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A task of a graph. Its id is its index in ``Graph.nodes``; the numbers below index the graph's other tuples."""

    name: str
    function: int
    args: str  #: Digest of a pickled ``(args, kwargs)``.
    executor: int = 0
    environment: int = 0
    inputs: tuple[int, ...] = ()  #: Node ids that the references in ``args`` stand for, in order.
    #: Digests of large values that many payloads share; reference ``len(inputs) + i`` stands for ``constants[i]``.
    constants: tuple[str, ...] = ()
    after: tuple[int, ...] = ()  #: Node ids that must complete first, without data.
    kind: NodeKind = NodeKind.TASK


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Where a preview has a mark in place of a task's value."""

    start: int
    end: int
    node_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """A traced workflow. Node ids are in topological order except where ``ct.wait`` says otherwise."""

    name: str
    nodes: tuple[Node, ...]
    functions: tuple[Function, ...]
    environments: tuple[Environment, ...]
    executors: tuple[ExecutorSpec, ...]
    output: str  #: Digest of the pickled return value; handles in it are references.
    output_inputs: tuple[int, ...] = ()  #: Node ids that those references stand for.
    output_constants: tuple[str, ...] = ()  #: As ``Node.constants``.
    lattice: str | None = None  #: Digest of the pickled lattice, for a later redispatch.
    arguments: str | None = None  #: Digest of the pickled ``(args, kwargs)`` of the lattice.
    arguments_constants: tuple[str, ...] = ()  #: As ``Node.constants``.
    source: str = ""
    cwd: str = ""  #: The client's working directory.
    python: str = ""  #: The client's Python, as ``3.11.7``.
    arguments_preview: str = ""  #: What the lattice was called with, as short text; empty if that is not known.
    result_preview: str = ""  #: What it returns, likewise, with marks where values of tasks are.
    result_marks: tuple[Mark, ...] = ()
    version: int = GRAPH_VERSION

    def executor_names(self) -> tuple[str, ...]:
        """Short names of the executors that its tasks run on, each once, in order of the alphabet."""
        used = {node.executor for node in self.nodes}
        return tuple(sorted({self.executors[number].name for number in used}))

    def payloads(self) -> set[str]:
        """Digests of all values that the graph names."""
        digests = {self.output, *self.output_constants, *self.arguments_constants}
        digests.update(digest for digest in (self.lattice, self.arguments) if digest is not None)
        digests.update(function.digest for function in self.functions)
        digests.update(environment.hooks for environment in self.environments if environment.hooks is not None)
        for node in self.nodes:
            digests.add(node.args)
            digests.update(node.constants)
        return digests


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """All that a dispatch needs: what a client sends, and what a sublattice's task returns."""

    graph: Graph
    #: Bytes by digest. Those larger than the client's upload limit were stored before and are absent here.
    values: dict[str, bytes]
    redispatch_of: str | None = None
    reuse: bool = False  #: Take the values of ``redispatch_of`` for tasks that are the same, with the same inputs.
    start: bool = True
    #: Texts of secrets by id, for the dispatcher alone: what the executors refer to, and perhaps those of sublattices.
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFailure:
    """An exception, as text and as the pickle of itself where that could be made."""

    type: str  #: For example ``builtins.ValueError``.
    message: str
    traceback: str
    pickled: Blob | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one attempt ended. Times are Unix seconds."""

    status: Status  #: A final one.
    output: Blob | None = None
    cause: Cause | None = None  #: None if it completed.
    message: str = ""  #: One sentence for a person: what happened, and what to do.
    failure: TaskFailure | None = None
    stdout: Blob | None = None  #: None if nothing was written.
    stderr: Blob | None = None
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    peak_memory_mib: float | None = None
    cpu_s: float | None = None
    place: str = ""  #: Where it ran: a worker, a container, an instance.
    #: False if it is certain that no user code ran; such an attempt costs no retry.
    started: bool = True
    #: The URI at which logs, times and measurements lie that nobody has asked for yet. The executor that says that it can read
    #: there is asked for them; see ``AsyncBaseExecutor.complete``.
    details: str | None = None
    inputs_preview: str = (
        ""  #: What the task was called with, as short text that the runner made; empty if that is not known.
    )
    output_preview: str = ""  #: What it returned, likewise.


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskUpdate:
    """What an executor reports of one attempt: STARTING, RUNNING, or its outcome."""

    node_id: int
    attempt: int
    status: Status
    at: float | None = None  #: Unix seconds; None means now.
    outcome: Outcome | None = None  #: Set exactly if ``status`` is final.
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRef:
    """One attempt of a task, by its numbers."""

    node_id: int
    attempt: int  #: From 1.


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSpec:
    """All that a runner needs for one attempt."""

    node_id: int
    attempt: int
    name: str
    kind: NodeKind
    function: Blob
    args: Blob
    inputs: tuple[Blob, ...]
    environment: Environment
    hooks: Blob | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Requested:
    """What an executor asks for, for each task; None where it does not say."""

    cpus: float | None = None
    memory_mib: float | None = None
    gpus: float | None = None
    time_limit_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceJob:
    """The job of a service that an attempt runs as, or as a part of which it runs."""

    id: str
    console_url: str | None = None  #: Where the service's own pages show it.


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMetadata:
    """A task group: attempts that share dispatch, executor, function and environment."""

    dispatch_id: str
    group_id: str  #: Unique for ever and the same after a restart; a valid name on every cloud.
    node_ids: tuple[int, ...]
    cwd: str = ""
    python: str = ""
    out_of_memory: int = 0  #: How often each of these tasks has run out of memory before.


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One step of one task, as the scheduler decided it and the store writes it."""

    node_id: int
    attempt: int  #: The attempt it belongs to; 0 before the first.
    source: Status
    target: Status
    at: float
    group_id: str | None = None  #: Set if ``target`` is SUBMITTED.
    outcome: Outcome | None = None  #: Set if the step ends an attempt or the task.
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRecord:
    """A task group as stored before it is sent: the intent that survives a crash."""

    group_id: str
    executor: int  #: Index in ``Graph.executors``.
    refs: tuple[TaskRef, ...]
    handle: Any = None  #: What ``send`` returned, JSON; None until then.
    sender: str = ""  #: The dispatcher that sent it, by its name in the leases.


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchStep:
    """One step of a dispatch."""

    source: Status
    target: Status
    at: float
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What one turn of the loop changed in one dispatch, in the order in which it happened."""

    dispatch_id: str
    transitions: tuple[Transition, ...] = ()
    groups: tuple[GroupRecord, ...] = ()
    handles: dict[str, Any] = field(default_factory=dict)  #: Group id to handle.
    steps: tuple[DispatchStep, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line of a dispatch's history. ``node_id`` is None for the dispatch itself."""

    seq: int  #: Grows within a dispatch, from 1.
    dispatch_id: str
    node_id: int | None
    attempt: int
    status: Status
    at: float
    cause: Cause | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchInfo:
    """A dispatch as lists and pages show it."""

    id: str
    name: str
    status: Status
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    error: str = ""
    parent_id: str | None = None
    parent_node: int | None = None
    root_id: str = ""
    redispatch_of: str | None = None
    reuse: bool = False  #: Values of ``redispatch_of`` may be taken.
    tasks: int = 0
    counts: dict[str, int] = field(default_factory=dict)  #: Tasks by status.
    not_run: int = 0  #: Of those that are FAILED, how many never ran, because of others.
    executors: tuple[str, ...] = ()  #: Short names of those that its tasks run on.


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInfo:
    """A task as lists and pages show it."""

    node_id: int
    name: str
    status: Status
    attempt: int = 0
    kind: NodeKind = NodeKind.TASK
    executor: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    cause: Cause | None = None
    message: str = ""
    child_id: str | None = None  #: The dispatch that a sublattice runs as.
    reused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptInfo:
    """One attempt with all that is known of it."""

    node_id: int
    attempt: int
    group_id: str
    submitted_at: float
    status: Status
    retried: bool = False  #: Another attempt follows this one.
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What a dispatcher needs to go on with a dispatch where another one left it."""

    info: DispatchInfo
    graph: Graph
    tasks: tuple[TaskInfo, ...]  #: One for each node, in order.
    #: How many attempts each task has used up, by cause; attempts in which nothing ran are not counted.
    used: dict[int, dict[Cause, int]]
    groups: tuple[GroupRecord, ...]  #: Those with an attempt that has not ended.
