"""The schedule of one dispatch.

Its state is changed in place, because copying the state of 100,000 tasks at every turn would cost more than running them; it is still a
function of the events alone (docs/adr/0005).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from ..errors import IllegalTransitionError
from ..model import (
    Changes,
    DispatchStep,
    GroupRecord,
    NodeKind,
    Outcome,
    Snapshot,
    TaskRef,
    Transition,
)
from ..states import ACTIVE, TASK_STEPS, Cause, Status
from .messages import (
    Cancel,
    CancelAttempts,
    CancelChild,
    ChildEnded,
    Command,
    Due,
    Progress,
    RetryLater,
    SchedulerEvent,
    SendGroup,
    Start,
    StartChild,
    Turn,
)
from .policy import FREE_AT_ONCE, FREE_RETRIES, RetryPolicy

#: How many failures the error of a dispatch names one by one.
NAMED_FAILURES: Final = 20


def group_name(dispatch_id: str, first: TaskRef) -> str:
    """The name of the group whose first member is ``first``: unique for ever, as an attempt is in one group only.

    At most 55 characters of ``[a-z0-9-]``, first a letter, last no hyphen: valid as a job name on every cloud.
    """
    return f"ct-{dispatch_id.replace('-', '')}-{first.node_id}-{first.attempt}"


class DispatchScheduler:
    """Feed it events with :meth:`step`; store and carry out what comes back, in that order.

    :param snapshot: the dispatch as the store has it, new or half done
    :param policies: one for each of the graph's executors
    :param sender: the name under which its groups are sent
    """

    def __init__(self, snapshot: Snapshot, policies: Sequence[RetryPolicy], sender: str = "") -> None:
        self.dispatch_id = snapshot.info.id
        self.graph = snapshot.graph
        self.status = snapshot.info.status
        self._policies, self._sender = policies, sender
        self._states = [task.status for task in snapshot.tasks]
        self._attempts = [task.attempt for task in snapshot.tasks]
        self._used: dict[int, dict[Cause, int]] = {n: dict(c) for n, c in snapshot.used.items()}
        self._free: dict[int, int] = {}
        self._groups = {ref.node_id: g.group_id for g in snapshot.groups for ref in g.refs}
        self._children = {task.node_id for task in snapshot.tasks if task.child_id and task.status in ACTIVE}
        self._cancelling = False
        self._unwanted: set[int] = set()
        self._delayed: set[int] = set()
        self._reused: set[int] = set()
        self._ready: list[int] = []
        self._failures = {
            task.node_id: task.message
            for task in snapshot.tasks
            if task.status is Status.FAILED and task.cause is not Cause.UPSTREAM
        }
        self._counts = Counter(self._states)
        self._open = sum(not state.is_final for state in self._states)
        self._dependents: dict[int, list[int]] = {}
        self._waiting = [0] * len(self._states)
        for node_id, node in enumerate(self.graph.nodes):
            for parent in {*node.inputs, *node.after}:
                self._dependents.setdefault(parent, []).append(node_id)
                self._waiting[node_id] += self._states[parent] is not Status.COMPLETED
        self._transitions: list[Transition] = []
        self._steps: list[DispatchStep] = []
        self._commands: list[Command] = []

    def step(self, events: Iterable[SchedulerEvent]) -> Turn:
        """Take in a batch of events; return what to store and what to do."""
        self._transitions, self._steps, self._commands = [], [], []
        at = 0.0
        for event in events:
            at = event.at
            match event:
                case Progress():
                    self._progress(event)
                case Start():
                    self._start(event)
                case ChildEnded():
                    self._child_ended(event)
                case Due():
                    self._due(event)
                case Cancel():
                    self._cancel(event)
        groups = self._form_groups(at)
        ended = self._end_if_done(at)
        changes = Changes(
            dispatch_id=self.dispatch_id,
            transitions=tuple(self._transitions),
            groups=groups,
            steps=tuple(self._steps),
        )
        return Turn(changes=changes, commands=tuple(self._commands), ended=ended)

    def is_unwanted(self, node_id: int) -> bool:
        """Whether somebody wants the task to end that is under way."""
        return node_id in self._unwanted

    def group_of(self, node_id: int) -> str | None:
        """The group that works on the task now."""
        return self._groups.get(node_id)

    def out_of_memory(self, node_id: int) -> int:
        """How often the task has run out of memory."""
        return self._used[node_id].get(Cause.OUT_OF_MEMORY, 0) if node_id in self._used else 0

    def counts(self) -> dict[str, int]:
        """Tasks by status."""
        return {str(status): count for status, count in self._counts.items() if count}

    def not_run(self) -> int:
        """How many of the FAILED ones never ran, because of others."""
        return self._counts[Status.FAILED] - len(self._failures)

    # Events

    def _start(self, event: Start) -> None:
        if self.status.is_final:
            return
        if self.status is Status.NEW_OBJECT:
            self._dispatch_step(Status.RUNNING, event.at)
        found = list(self._states)
        self._ready.extend(node_id for node_id, state in enumerate(found) if state is Status.READY)
        self._reused.update(event.reused)
        for node_id, outcome in sorted(event.reused.items()):
            if self._states[node_id] is Status.NEW_OBJECT:
                self._move(node_id, Status.COMPLETED, event.at, outcome=outcome, detail="reused")
        for node_id, state in enumerate(found):
            if state in (Status.FAILED, Status.CANCELLED):
                self._give_up_dependents(node_id, event.at)
            elif self._states[node_id] is Status.NEW_OBJECT and not self._waiting[node_id]:
                self._make_ready(node_id, event.at)

    def _progress(self, event: Progress) -> None:
        update = event.update
        node_id, state = update.node_id, self._states[update.node_id]
        if state not in ACTIVE or update.attempt != self._attempts[node_id] or node_id in self._children:
            return
        at = event.at if update.at is None else update.at
        if update.outcome is None:
            if update.status in TASK_STEPS[state] and update.status in ACTIVE:
                self._move(node_id, update.status, at, detail=update.detail)
        elif update.outcome.status is Status.COMPLETED:
            self._succeeded(node_id, at, update.outcome)
        else:
            self._ended_badly(node_id, at, update.outcome)

    def _child_ended(self, event: ChildEnded) -> None:
        if event.node_id not in self._children:
            return
        self._children.discard(event.node_id)
        self._finish(event.node_id, event.at, event.outcome)

    def _due(self, event: Due) -> None:
        if event.node_id in self._delayed:
            self._delayed.discard(event.node_id)
            self._ready.append(event.node_id)

    def _cancel(self, event: Cancel) -> None:
        if self.status.is_final:
            return
        if event.node_ids is None:
            self._cancelling = True
        chosen = range(len(self._states)) if event.node_ids is None else event.node_ids
        attempts: dict[str, list[TaskRef]] = {}
        for node_id in chosen:
            state = self._states[node_id]
            if state in (Status.NEW_OBJECT, Status.READY):
                self._finish(node_id, event.at, _cancelled("It was cancelled before it started."))
            elif node_id in self._children:
                self._unwanted.add(node_id)
                self._commands.append(CancelChild(node_id=node_id))
            elif state in ACTIVE:
                self._unwanted.add(node_id)
                ref = TaskRef(node_id=node_id, attempt=self._attempts[node_id])
                attempts.setdefault(self._groups[node_id], []).append(ref)
        for group_id, refs in attempts.items():
            self._commands.append(CancelAttempts(group_id=group_id, refs=tuple(refs)))

    # What follows from them

    def _succeeded(self, node_id: int, at: float, outcome: Outcome) -> None:
        if self.graph.nodes[node_id].kind is NodeKind.TASK:
            self._finish(node_id, at, outcome)
        elif node_id in self._unwanted:
            self._finish(node_id, at, _cancelled("It was cancelled before its sublattice started."))
        elif outcome.output is not None:
            if Status.RUNNING in TASK_STEPS[self._states[node_id]]:
                self._move(node_id, Status.RUNNING, at)
            self._groups.pop(node_id, None)
            self._children.add(node_id)
            command = StartChild(node_id=node_id, attempt=self._attempts[node_id], submission=outcome.output)
            self._commands.append(command)

    def _ended_badly(self, node_id: int, at: float, outcome: Outcome) -> None:
        cause = outcome.cause or Cause.UNKNOWN
        if node_id in self._unwanted:
            if cause is not Cause.USER:
                outcome = _cancelled(outcome.message or "It was cancelled while it ran.", outcome)
        elif outcome.status is Status.FAILED:
            delay_s = self._retry_delay_s(node_id, cause, outcome)
            if delay_s is not None:
                self._retry(node_id, at, outcome, delay_s)
                return
        self._finish(node_id, at, outcome)

    def _retry_delay_s(self, node_id: int, cause: Cause, outcome: Outcome) -> float | None:
        """Seconds until the next attempt; None if this was the last."""
        policy = self._policies[self.graph.nodes[node_id].executor]
        if policy.is_free(outcome):
            free = self._free[node_id] = self._free.get(node_id, 0) + 1
            if free > FREE_RETRIES:
                return None
            return 0.0 if free <= FREE_AT_ONCE else policy.delay_s(cause, free - FREE_AT_ONCE)
        used = self._used.setdefault(node_id, {})
        used[cause] = used.get(cause, 0) + 1
        return policy.delay_s(cause, used[cause]) if policy.allows(cause, used) else None

    def _retry(self, node_id: int, at: float, outcome: Outcome, delay_s: float) -> None:
        self._move(node_id, Status.READY, at, outcome=outcome, detail=f"retry in {delay_s:g} s")
        self._groups.pop(node_id, None)
        if delay_s:
            self._delayed.add(node_id)
            self._commands.append(RetryLater(node_id=node_id, delay_s=delay_s))
        else:
            self._ready.append(node_id)

    def _finish(self, node_id: int, at: float, outcome: Outcome) -> None:
        self._move(node_id, outcome.status, at, outcome=outcome)
        self._groups.pop(node_id, None)
        self._delayed.discard(node_id)
        self._unwanted.discard(node_id)
        if outcome.status is not Status.COMPLETED:
            self._give_up_dependents(node_id, at)

    def _release_dependents(self, node_id: int, at: float) -> None:
        for dependent in self._dependents.get(node_id, ()):
            self._waiting[dependent] -= 1
            is_new = self._states[dependent] is Status.NEW_OBJECT and dependent not in self._reused
            if is_new and not self._waiting[dependent]:
                self._make_ready(dependent, at)

    def _make_ready(self, node_id: int, at: float) -> None:
        self._move(node_id, Status.READY, at)
        self._ready.append(node_id)

    def _give_up_dependents(self, origin: int, at: float) -> None:
        """End all that can no longer run because ``origin`` did not complete."""
        status = self._states[origin]
        verb = "was cancelled" if status is Status.CANCELLED else "failed"
        outcome = Outcome(
            status=status,
            cause=Cause.UPSTREAM,
            message=f"It did not run: task {origin} ({self.graph.nodes[origin].name}) {verb}.",
            started=False,
        )
        pending = list(self._dependents.get(origin, ()))
        while pending:
            node_id = pending.pop()
            if self._states[node_id] is Status.NEW_OBJECT:
                self._move(node_id, status, at, outcome=outcome)
                pending.extend(self._dependents.get(node_id, ()))

    def _form_groups(self, at: float) -> tuple[GroupRecord, ...]:
        """Coalesce ready tasks that share executor, function, environment, kind and want of memory; hand each group over."""
        if not self._ready:
            return ()
        alike: dict[tuple[int, int, int, NodeKind, int], list[TaskRef]] = {}
        for node_id in self._ready:
            if self._states[node_id] is not Status.READY:
                continue
            node = self.graph.nodes[node_id]
            self._attempts[node_id] += 1
            ref = TaskRef(node_id=node_id, attempt=self._attempts[node_id])
            key = (node.executor, node.function, node.environment, node.kind, self.out_of_memory(node_id))
            alike.setdefault(key, []).append(ref)
        self._ready = []
        groups = []
        for (executor, *_), refs in alike.items():
            group_id = group_name(self.dispatch_id, refs[0])
            group = GroupRecord(group_id=group_id, executor=executor, refs=tuple(refs), sender=self._sender)
            for ref in refs:
                self._groups[ref.node_id] = group_id
                self._move(ref.node_id, Status.SUBMITTED, at, group_id=group_id)
            groups.append(group)
            self._commands.append(SendGroup(group=group))
        return tuple(groups)

    def _end_if_done(self, at: float) -> bool:
        if self._open or self.status.is_final or not (self.status is Status.RUNNING or self._cancelling):
            return False
        if self.status is Status.NEW_OBJECT or (
            self._cancelling and self._counts[Status.COMPLETED] < len(self._states)
        ):
            status = Status.CANCELLED
        elif self._counts[Status.FAILED]:
            status = Status.FAILED
        elif self._counts[Status.CANCELLED]:
            status = Status.CANCELLED
        else:
            status = Status.COMPLETED
        self._dispatch_step(status, at, error=self._error())
        return True

    def _error(self) -> str:
        if not self._failures:
            return ""
        named = sorted(self._failures.items())
        skipped = self.not_run()
        lines = [
            f"{len(named)} of {len(self._states)} task{'s' if len(self._states) > 1 else ''} failed"
            + (f", {skipped} did not run." if skipped else ".")
        ]
        for node_id, message in named[:NAMED_FAILURES]:
            lines.append(f"Task {node_id} ({self.graph.nodes[node_id].name}): {message}")
        if len(named) > NAMED_FAILURES:
            lines.append(f"… and {len(named) - NAMED_FAILURES} more.")
        return "\n".join(lines)

    # Steps

    def _move(
        self,
        node_id: int,
        target: Status,
        at: float,
        *,
        outcome: Outcome | None = None,
        group_id: str | None = None,
        detail: str = "",
    ) -> None:
        source = self._states[node_id]
        if target not in TASK_STEPS[source]:
            raise IllegalTransitionError(self.dispatch_id, node_id, source, target)
        self._states[node_id] = target
        self._counts[source] -= 1
        self._counts[target] += 1
        transition = Transition(
            node_id=node_id,
            attempt=self._attempts[node_id],
            source=source,
            target=target,
            at=at,
            group_id=group_id,
            outcome=outcome,
            detail=detail,
        )
        self._transitions.append(transition)
        if target.is_final:
            self._open -= 1
        if target is Status.COMPLETED:
            self._release_dependents(node_id, at)
        elif target is Status.FAILED and outcome and outcome.cause is not Cause.UPSTREAM:
            self._failures[node_id] = outcome.message

    def _dispatch_step(self, target: Status, at: float, error: str = "") -> None:
        self._steps.append(DispatchStep(source=self.status, target=target, at=at, error=error))
        self.status = target


def _cancelled(message: str, outcome: Outcome | None = None) -> Outcome:
    """A cancelled outcome, with what is known of the attempt that it ended."""
    if outcome is None:
        return Outcome(status=Status.CANCELLED, cause=Cause.CANCELLED, message=message, started=False)
    return Outcome(
        status=Status.CANCELLED,
        cause=Cause.CANCELLED,
        message=message,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        started_at=outcome.started_at,
        ended_at=outcome.ended_at,
        exit_code=outcome.exit_code,
        peak_memory_mib=outcome.peak_memory_mib,
        cpu_s=outcome.cpu_s,
        place=outcome.place,
        started=outcome.started,
        details=outcome.details,
        inputs_preview=outcome.inputs_preview,
    )
