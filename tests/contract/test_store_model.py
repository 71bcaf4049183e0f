"""Random steps, right and wrong, against a few lines that say what should come of them. Over SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covalent.errors import IllegalTransitionError
from covalent.model import Changes, Outcome, Transition
from covalent.states import ACTIVE, TASK_STEPS, Cause, Status
from covalent.store import Store
from tests.support.dispatches import blob, create

TASKS = 4

#: A step as drawn: the task; how to pick its source, its target and its attempt; and how it ends, if it does.
steps = st.tuples(
    st.integers(0, TASKS - 1),
    st.sampled_from(["here"] * 12 + list(Status)),
    st.sampled_from(["next"] * 12 + list(Status)),
    st.sampled_from(["right"] * 12 + [-1, 1]),
    st.integers(0, 5),
    st.sampled_from([None, *Cause]),
    st.booleans(),
)


@dataclass
class Model:
    """What a dispatch should look like."""

    status: list[Status] = field(default_factory=lambda: [Status.NEW_OBJECT] * TASKS)
    attempt: list[int] = field(default_factory=lambda: [0] * TASKS)
    attempts: list[list[tuple[str, bool]]] = field(default_factory=lambda: [[] for _ in range(TASKS)])
    outputs: dict[int, str] = field(default_factory=dict)
    used: dict[int, Counter[Cause]] = field(default_factory=dict)
    history: list[tuple[int | None, int, Status]] = field(default_factory=lambda: [(None, 0, Status.NEW_OBJECT)])

    def copy(self) -> Model:
        return Model(
            status=list(self.status),
            attempt=list(self.attempt),
            attempts=[list(each) for each in self.attempts],
            outputs=dict(self.outputs),
            used={node: Counter(causes) for node, causes in self.used.items()},
            history=list(self.history),
        )

    def transition(self, drawn: tuple) -> Transition:
        node, source, target, attempt, choice, cause, started = drawn
        source = self.status[node] if source == "here" else source
        if target == "next":
            targets = sorted(TASK_STEPS[source]) or list(Status)
            target = targets[choice % len(targets)]
        right = self.attempt[node] + (target is Status.SUBMITTED)
        outcome = None
        if target.is_final or (source in ACTIVE and target is Status.READY):
            status = target if target.is_final else Status.FAILED
            output = blob(f"value {choice}") if status is Status.COMPLETED else None
            cause = None if status is Status.COMPLETED else cause
            outcome = Outcome(status=status, output=output, cause=cause, started=started)
        return Transition(
            node_id=node,
            attempt=right if attempt == "right" else right + attempt,
            source=source,
            target=target,
            at=2000.0 + len(self.history),
            group_id=f"group-{len(self.history)}",
            outcome=outcome,
        )

    def take(self, step: Transition) -> bool:
        """Take a step; False if that is not allowed."""
        node = step.node_id
        before = step.attempt - (step.target is Status.SUBMITTED)
        if step.target not in TASK_STEPS[step.source] or (self.status[node], self.attempt[node]) != (
            step.source,
            before,
        ):
            return False
        if step.target is Status.SUBMITTED:
            self.attempts[node].append(("", False))
        elif step.source in ACTIVE and step.outcome:
            self.attempts[node][-1] = (step.outcome.status, step.target is Status.READY)
            if step.outcome.cause and step.outcome.started:
                self.used.setdefault(node, Counter())[step.outcome.cause] += 1
        if step.outcome and step.outcome.output:
            self.outputs[node] = step.outcome.output.digest
        self.status[node], self.attempt[node] = step.target, step.attempt
        self.history.append((node, step.attempt, step.target))
        return True

    def check(self, store: Store, dispatch_id: str) -> None:
        snapshot = store.snapshot(dispatch_id)
        assert [t.status for t in snapshot.tasks] == self.status
        assert [t.attempt for t in snapshot.tasks] == self.attempt
        assert snapshot.info.counts == Counter(self.status)
        assert snapshot.used == self.used
        assert {n: b.digest for n, b in store.outputs(dispatch_id, range(TASKS)).items()} == self.outputs
        events = store.events(dispatch_id)
        assert [(e.node_id, e.attempt, e.status) for e in events] == self.history
        assert [e.seq for e in events] == sorted({e.seq for e in events})
        for node, expected in enumerate(self.attempts):
            found = store.attempts(dispatch_id, node)
            assert [a.attempt for a in found] == list(range(1, len(expected) + 1))
            shown = [(status or self.status[node], retried) for status, retried in expected]
            assert [(a.status, a.retried) for a in found] == shown


@pytest.mark.parametrize("size", [1, 6])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.data())
def test_random_steps_come_to_what_the_table_says_or_to_nothing(store: Store, size: int, turns):
    dispatch_id, model = create(store, tasks=TASKS), Model()
    for drawn in turns.draw(st.lists(st.lists(steps, min_size=1, max_size=size), max_size=12)):
        after = model.copy()
        transitions, legal = [], True
        for each in drawn:
            transition = after.transition(each)
            transitions.append(transition)
            legal = legal and after.take(transition)
        changes = [Changes(dispatch_id=dispatch_id, transitions=tuple(transitions))]
        at_once = turns.draw(st.booleans()) and store.commit_at_once(changes)
        if legal:
            if not at_once:
                store.commit(changes)
            model = after
        else:
            assert not at_once
            with pytest.raises(IllegalTransitionError):
                store.commit(changes)
    model.check(store, dispatch_id)
