"""The rows that one turn of the loop comes to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..errors import IllegalTransitionError, StoreError
from ..model import Changes, DispatchStep, Transition
from ..states import ACTIVE, DISPATCH_STEPS, TASK_STEPS, Status
from .codec import DISPATCH_ITSELF, TEXT, clean, encode_handle, encode_outcome, encode_refs, object_digests
from .database import Row

#: Targets that change nothing but the status and the attempt of a task that was never tried before.
_PLAIN: Final = frozenset({Status.READY, Status.SUBMITTED, Status.STARTING})


@dataclass(kw_only=True, slots=True)
class Wave:
    """Steps of different tasks."""

    plain: list[Row] = field(default_factory=list)  #: For the query ``step_tasks``.
    full: list[Row] = field(default_factory=list)  #: For ``change_tasks``.


class Turn:
    """Rows for each table, by the key of their dispatch.

    :raises IllegalTransitionError: if a step is not in its table, or its dispatch does not exist
    :raises StoreError: if there is a handle for a dispatch that does not exist
    """

    def __init__(self, changes: Sequence[Changes], keys: Mapping[str, int]) -> None:
        #: A task that takes several steps has one in each of the first waves.
        self.waves: list[Wave] = []
        self.attempts: list[Row] = []
        self.outcomes: list[Row] = []
        self.object_refs: set[tuple[int, str]] = set()
        self.groups: list[Row] = []
        self.handles: list[tuple[int, str, str | None]] = []
        self.steps: list[tuple[int, DispatchStep]] = []
        self.counts: defaultdict[int, Counter[Status]] = defaultdict(Counter)  #: By how much they change.
        self.events: list[Row] = []
        self._taken: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for change in changes:
            if change.dispatch_id not in keys:
                raise _unknown(change)
            self._add(keys[change.dispatch_id], change)

    def _add(self, key: int, change: Changes) -> None:
        self._add_steps(key, change)
        self._count(key, change)
        # In the history of a dispatch its beginning comes before everything else, and its end after.
        self.events.extend(_event(key, step) for step in change.steps if not step.target.is_final)
        self._add_transitions(key, change.transitions)
        self.events.extend(_event(key, step) for step in change.steps if step.target.is_final)
        self.groups.extend(
            (key, group.group_id, group.executor, encode_refs(group.refs), encode_handle(group.handle), group.sender)
            for group in change.groups
        )
        self.handles.extend((key, group_id, encode_handle(handle)) for group_id, handle in change.handles.items())

    def _add_steps(self, key: int, change: Changes) -> None:
        for step in change.steps:
            if step.target not in DISPATCH_STEPS[step.source]:
                raise IllegalTransitionError(change.dispatch_id, None, step.source, step.target)
            self.steps.append((key, step))

    def _count(self, key: int, change: Changes) -> None:
        for (source, target), count in Counter((s.source, s.target) for s in change.transitions).items():
            if target not in TASK_STEPS[source]:
                step = next(s for s in change.transitions if s.source is source and s.target is target)
                raise IllegalTransitionError(change.dispatch_id, step.node_id, source, target)
            self.counts[key][source] -= count
            self.counts[key][target] += count

    def _add_transitions(self, key: int, transitions: Sequence[Transition]) -> None:
        # Runs thousands of times a second: what follows avoids calls, and looks nothing up twice.
        taken, waves, events = self._taken[key], self.waves, self.events
        for step in transitions:
            node_id, attempt, target, at, outcome = step.node_id, step.attempt, step.target, step.at, step.outcome
            number = taken[node_id] = taken.get(node_id, -1) + 1
            if number == len(waves):
                waves.append(Wave())
            cause = ""
            if outcome is None and attempt <= 1 and target in _PLAIN:
                was = attempt - 1 if target is Status.SUBMITTED else attempt
                waves[number].plain.append((key, node_id, was, TEXT[step.source], TEXT[target], attempt))
            else:
                if outcome is not None and outcome.cause is not None:
                    cause = TEXT[outcome.cause]
                waves[number].full.append(_full(key, step, cause))
            events.append((key, node_id, attempt, TEXT[target], at, cause, clean(step.detail)))
            if target is Status.SUBMITTED:
                self.attempts.append((key, node_id, attempt, step.group_id, at))
            elif target not in ACTIVE:
                self._end(key, step, cause)

    def _end(self, key: int, step: Transition, cause: str) -> None:
        """The outcome of an attempt; or a value without an attempt, as attempt 0."""
        outcome = step.outcome
        if step.source in ACTIVE:
            # An attempt that ended without a word can only have failed.
            status = outcome.status if outcome else step.target if step.target.is_final else Status.FAILED
            attempt = step.attempt
        elif outcome and outcome.output:
            status, attempt = outcome.status, 0
        else:
            return
        started, retried = int(outcome is None or outcome.started), int(step.target is Status.READY)
        body = encode_outcome(outcome) if outcome else None
        self.outcomes.append((key, step.node_id, attempt, TEXT[status], cause, started, retried, body))
        if outcome:
            self.object_refs.update([(key, digest) for digest in object_digests(outcome)])


def _event(key: int, step: DispatchStep) -> Row:
    return (key, DISPATCH_ITSELF, 0, TEXT[step.target], step.at, "", clean(step.error))


def _full(key: int, step: Transition, cause: str) -> Row:
    """A row of the query ``change_tasks``."""
    outcome, target = step.outcome, step.target
    started_at = step.at if target is Status.RUNNING else None
    ended_at = step.at if target.is_final else None
    message = ""
    if outcome is not None:
        message = clean(outcome.message)
        if ended_at is not None:
            started_at, ended_at = outcome.started_at, outcome.ended_at or ended_at
    source, was = TEXT[step.source], attempt_before(step)
    return (key, step.node_id, was, source, TEXT[target], step.attempt, started_at, ended_at, cause, message)


def attempt_before(step: Transition) -> int:
    """The number of the task's last attempt before the step."""
    return step.attempt - 1 if step.target is Status.SUBMITTED else step.attempt


def _unknown(change: Changes) -> StoreError:
    if change.transitions:
        first = change.transitions[0]
        return IllegalTransitionError(change.dispatch_id, first.node_id, first.source, first.target)
    if change.steps:
        return IllegalTransitionError(change.dispatch_id, None, change.steps[0].source, change.steps[0].target)
    return StoreError(f"There is no dispatch {change.dispatch_id} to store a handle for.")
