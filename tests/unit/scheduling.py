"""A world for the scheduler to be tested in: a recording store and an executor that does whatever it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from covalent.model import (
    Blob,
    DispatchInfo,
    Environment,
    ExecutorSpec,
    Function,
    Graph,
    GroupRecord,
    Node,
    NodeKind,
    Outcome,
    Snapshot,
    TaskInfo,
    TaskUpdate,
)
from covalent.scheduler import (
    CancelAttempts,
    CancelChild,
    ChildEnded,
    Command,
    DispatchScheduler,
    Due,
    Progress,
    RetryLater,
    RetryPolicy,
    SchedulerEvent,
    SendGroup,
    Start,
    StartChild,
    Turn,
)
from covalent.states import ACTIVE, DISPATCH_STEPS, TASK_STEPS, Cause, Status

VALUE = Blob(digest="0" * 64, size=1, data=b"x")


def completed(**more: object) -> Outcome:
    return Outcome(status=Status.COMPLETED, output=VALUE, **more)  # type: ignore[arg-type]


def failed(
    cause: Cause = Cause.USER, *, started: bool = True, message: str = "boom", details: str | None = None
) -> Outcome:
    return Outcome(status=Status.FAILED, cause=cause, message=message, started=started, details=details)


def cancelled() -> Outcome:
    return Outcome(status=Status.CANCELLED, cause=Cause.CANCELLED)


def graph(*nodes: Node, functions: int = 1, executors: int = 1) -> Graph:
    return Graph(
        name="w",
        nodes=nodes,
        functions=tuple(Function(name=f"f{i}", digest=f"{i:064x}") for i in range(functions)),
        environments=(Environment(),),
        executors=tuple(ExecutorSpec(name="local") for _ in range(executors)),
        output="0" * 64,
    )


def node(*inputs: int, after: tuple[int, ...] = (), function: int = 0, kind: NodeKind = NodeKind.TASK) -> Node:
    return Node(name="t", function=function, args="0" * 64, inputs=inputs, after=after, kind=kind)


@dataclass
class World:
    """One dispatch: its scheduler, what a store would hold, and the commands not yet carried out."""

    graph: Graph
    retries: int = 0
    status: Status = Status.NEW_OBJECT
    error: str = ""
    tasks: list[TaskInfo] = field(default_factory=list)
    used: dict[int, dict[Cause, int]] = field(default_factory=dict)
    groups: dict[str, GroupRecord] = field(default_factory=dict)
    out_of_memory: dict[str, int] = field(default_factory=dict)
    runs: dict[tuple[int, int], Outcome | None] = field(default_factory=dict)
    pending: list[Command] = field(default_factory=list)
    history: list[tuple[int, Status, Status]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks = [
            TaskInfo(node_id=i, name=n.name, status=Status.NEW_OBJECT, kind=n.kind)
            for i, n in enumerate(self.graph.nodes)
        ]
        self.scheduler = self._scheduler()

    def _scheduler(self) -> DispatchScheduler:
        active = {t.node_id for t in self.tasks if t.status in ACTIVE and not t.child_id}
        groups = []
        for group in self.groups.values():
            refs = tuple(r for r in group.refs if r.node_id in active and self.tasks[r.node_id].attempt == r.attempt)
            if refs:
                groups.append(GroupRecord(group_id=group.group_id, executor=group.executor, refs=refs))
        snapshot = Snapshot(
            info=DispatchInfo(id="d-1", name="w", status=self.status, created_at=0.0),
            graph=self.graph,
            tasks=tuple(self.tasks),
            used=self.used,
            groups=tuple(groups),
        )
        policies = [RetryPolicy(retries=self.retries) for _ in self.graph.executors]
        return DispatchScheduler(snapshot, policies)

    def crash(self) -> None:
        """Lose all that was not stored, and go on from the store; sent groups are still out there."""
        self.scheduler = self._scheduler()
        self.pending = [c for c in self.pending if isinstance(c, SendGroup)]
        for node_id, _ in self.out():
            group_id = self.scheduler.group_of(node_id)
            assert group_id is not None
            assert self.scheduler.out_of_memory(node_id) == self.out_of_memory[group_id], "a group changed its size"
        self.feed(Start(at=1.0))

    def feed(self, *events: SchedulerEvent) -> Turn:
        turn = self.scheduler.step(events)
        self._store(turn)
        self.pending.extend(turn.commands)
        return turn

    def start(self) -> Turn:
        return self.feed(Start(at=1.0))

    def _store(self, turn: Turn) -> None:
        for group in turn.changes.groups:
            assert group.group_id not in self.groups, "a group name came twice"
            self.groups[group.group_id] = group
        for step in turn.changes.transitions:
            task = self.tasks[step.node_id]
            assert task.status is step.source, "a step from where the task is not"
            assert step.target in TASK_STEPS[step.source], "a step outside the table"
            if step.target is Status.READY and step.source is Status.NEW_OBJECT:
                parents = {*self.graph.nodes[step.node_id].inputs, *self.graph.nodes[step.node_id].after}
                assert all(self.tasks[p].status is Status.COMPLETED for p in parents), "ready before its inputs"
            if step.target is Status.SUBMITTED:
                assert (step.node_id, step.attempt) not in self.runs, "an attempt was made twice"
                self.runs[step.node_id, step.attempt] = None
            if step.source in ACTIVE and (step.target.is_final or step.target is Status.READY):
                assert step.outcome is not None
                self.runs[step.node_id, step.attempt] = step.outcome
                if step.outcome.started and step.outcome.cause:
                    used = self.used.setdefault(step.node_id, {})
                    used[step.outcome.cause] = used.get(step.outcome.cause, 0) + 1
            self.history.append((step.node_id, step.source, step.target))
            self.tasks[step.node_id] = TaskInfo(
                node_id=step.node_id,
                name=task.name,
                kind=task.kind,
                status=step.target,
                attempt=step.attempt,
                child_id=task.child_id,
                cause=step.outcome.cause if step.outcome else None,
                message=step.outcome.message if step.outcome else "",
            )
        for group in turn.changes.groups:
            counts = {self.used.get(ref.node_id, {}).get(Cause.OUT_OF_MEMORY, 0) for ref in group.refs}
            assert len(counts) == 1, "a group of tasks that want different amounts of memory"
            (self.out_of_memory[group.group_id],) = counts
        for dispatch_step in turn.changes.steps:
            assert dispatch_step.source is self.status
            assert dispatch_step.target in DISPATCH_STEPS[self.status]
            self.status, self.error = dispatch_step.target, dispatch_step.error

    def take(self, kind: type[Command]) -> list[Command]:  # type: ignore[valid-type]
        taken = [c for c in self.pending if isinstance(c, kind)]
        self.pending = [c for c in self.pending if not isinstance(c, kind)]
        return taken

    def out(self) -> list[tuple[int, int]]:
        """Attempts that an executor works on."""
        return [key for key, outcome in self.runs.items() if outcome is None and not self.tasks[key[0]].child_id]

    def end(self, node_id: int, outcome: Outcome, attempt: int | None = None) -> Turn:
        attempt = self.tasks[node_id].attempt if attempt is None else attempt
        return self.feed(self.news(node_id, attempt, outcome.status, outcome))

    def news(self, node_id: int, attempt: int, status: Status, outcome: Outcome | None = None) -> Progress:
        return Progress(at=2.0, update=TaskUpdate(node_id=node_id, attempt=attempt, status=status, outcome=outcome))

    def carry_out(self, decide: Callable[[int, int], Outcome]) -> None:
        """Carry out what is pending, once: children are linked, waits end, cancels succeed, attempts end as decided."""
        for command in self.take(Command.__args__):  # type: ignore[attr-defined]
            match command:
                case StartChild(node_id=n):
                    task = self.tasks[n]
                    self.tasks[n] = TaskInfo(
                        node_id=n,
                        name=task.name,
                        kind=task.kind,
                        status=task.status,
                        attempt=task.attempt,
                        child_id=f"child-{n}",
                    )
                case CancelChild(node_id=n):
                    self.feed(ChildEnded(at=3.0, node_id=n, outcome=cancelled()))
                case RetryLater(node_id=n):
                    self.feed(Due(at=3.0, node_id=n))
                case CancelAttempts(refs=refs):
                    for ref in refs:
                        self.end(ref.node_id, cancelled(), ref.attempt)
                case SendGroup(group=group):
                    for ref in group.refs:
                        self.end(ref.node_id, decide(ref.node_id, ref.attempt), ref.attempt)
