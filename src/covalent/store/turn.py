"""The rows that one turn of the loop comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..errors import IllegalTransitionError, StoreError
from ..model import Changes, DispatchStep, Transition
from ..states import ACTIVE, DISPATCH_STEPS, TASK_STEPS, Cause, Status
from .codec import DISPATCH_ITSELF, TEXT, clean, encode_handle, encode_outcome, encode_refs, object_digests
from .database import Row

#: Targets that change nothing but the status, unless there is an outcome.
_PLAIN: Final = frozenset({Status.READY, Status.STARTING})


@dataclass(kw_only=True, slots=True)
class Wave:
    """Steps of different tasks."""

    plain: list[Row] = field(default_factory=list)  #: For the query ``step_tasks``.
    submitted: list[Row] = field(default_factory=list)  #: For ``submit_tasks``.
    full: list[Row] = field(default_factory=list)  #: For ``change_tasks``.
    ended: list[Row] = field(default_factory=list)  #: For ``end_attempts``, once they have stepped.


class Turn:
    """Rows for each table, by the key of their dispatch.

    :raises IllegalTransitionError: if a step is not in its table, or its dispatch does not exist
    :raises StoreError: if there is a handle for a dispatch that does not exist
    """

    def __init__(self, changes: Sequence[Changes], keys: Mapping[str, int]) -> None:
        #: A task that takes several steps has one in each of the first waves.
        self.waves: list[Wave] = []
        self.object_refs: set[tuple[int, str]] = set()
        self.groups: list[Row] = []
        self.handles: list[tuple[int, str, str | None]] = []
        self.steps: list[tuple[int, DispatchStep]] = []
        #: By how much the number of tasks in each status changes, and of those that fail without having run.
        self.moved: defaultdict[int, defaultdict[Status | Cause, int]] = defaultdict(lambda: defaultdict(int))
        self.events: dict[int, list[Row]] = {key: [] for key in keys.values()}
        self._taken: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for change in changes:
            if change.dispatch_id not in keys:
                raise _unknown(change)
            self._add(keys[change.dispatch_id], change)

    def _add(self, key: int, change: Changes) -> None:
        self._add_steps(key, change)
        # In the history of a dispatch its beginning comes before everything else, and its end after.
        events = self.events[key]
        events.extend(_event(step) for step in change.steps if not step.target.is_final)
        self._add_transitions(key, change)
        events.extend(_event(step) for step in change.steps if step.target.is_final)
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

    def _add_transitions(self, key: int, change: Changes) -> None:
        # Runs thousands of times a second: what follows avoids calls, and looks nothing up twice.
        taken, moved, waves, events = self._taken[key], self.moved[key], self.waves, self.events[key]
        for step in change.transitions:
            node_id, attempt, target, at, outcome = step.node_id, step.attempt, step.target, step.at, step.outcome
            source = step.source
            if target not in TASK_STEPS[source]:
                raise IllegalTransitionError(change.dispatch_id, node_id, source, target)
            moved[source] -= 1
            moved[target] += 1
            number = taken[node_id] = taken.get(node_id, -1) + 1
            if number == len(waves):
                waves.append(Wave())
            wave, cause = waves[number], ""
            if target is Status.SUBMITTED:
                wave.submitted.append((key, node_id, attempt, step.group_id, at))
            elif outcome is None and target in _PLAIN:
                wave.plain.append((key, node_id, attempt, TEXT[source], TEXT[target]))
            else:
                if outcome is not None and outcome.cause is not None:
                    cause = TEXT[outcome.cause]
                    if outcome.cause is Cause.UPSTREAM and target is Status.FAILED:
                        moved[Cause.UPSTREAM] += 1
                wave.full.append(_full(key, step, cause))
            events.append((node_id, attempt, TEXT[target], at, cause, clean(step.detail)))
            if target not in ACTIVE:
                self._end(wave, key, step, cause)

    def _end(self, wave: Wave, key: int, step: Transition, cause: str) -> None:
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
        wave.ended.append((key, step.node_id, attempt, TEXT[status], cause, started, retried, body))
        if outcome:
            self.object_refs.update([(key, digest) for digest in object_digests(outcome)])


def _event(step: DispatchStep) -> Row:
    return (DISPATCH_ITSELF, 0, TEXT[step.target], step.at, "", clean(step.error))


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
    return (key, step.node_id, step.attempt, TEXT[step.source], TEXT[target], started_at, ended_at, cause, message)


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
