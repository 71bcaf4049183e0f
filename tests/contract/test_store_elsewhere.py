"""What executors keep in places of their own, as the store knows it. Over SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from covalent.model import ExecutorSpec, Outcome
from covalent.states import Status
from covalent.store import Store
from covalent.store.base import Leftovers
from tests.support.dispatches import (
    OWNER,
    begin,
    blob,
    cancel_now,
    digest,
    end,
    ended,
    file,
    graph,
    group,
    info,
    move,
    ready,
    running,
    step,
    submitted,
)

LOCAL = ExecutorSpec(name="local")
FAR = ExecutorSpec(name="far", options={"bucket": "b", "n": [1]})
FARTHER = ExecutorSpec(name="far", options={"n": [1], "bucket": "c"})

DETAILS = "far://b/details"


def create(store: Store, *executors: ExecutorSpec, **more: Any) -> str:
    """A dispatch with a task on each executor, of which those that are not local keep something."""
    nodes = graph(len(executors)).nodes
    made = info(**more)
    keepers = [number for number, spec in enumerate(executors) if spec.name != "local"]
    store.create_dispatch(made, graph(nodes=nodes, executors=executors), {}, OWNER, keepers=keepers)
    return made.id


def done(store: Store, *executors: ExecutorSpec, **more: Any) -> str:
    """One that has ended, with a group ``<id>-<number>`` for each executor."""
    dispatch_id = create(store, *executors, **more)
    groups = tuple(group(n, group_id=f"{dispatch_id}-{n}", executor=n) for n in range(len(executors)))
    move(store, dispatch_id, groups=groups)
    cancel_now(store, dispatch_id)
    return dispatch_id


def left(store: Store, limit: int = 100) -> dict[str, list[str]]:
    """Groups by the bucket of their executor."""
    return {one.executor.options["bucket"]: list(one.group_ids) for one in store.leftovers(limit)}


def test_groups_of_purged_dispatches_are_left_by_executor_until_they_are_forgotten(store: Store):
    one, two = done(store, LOCAL, FAR, FARTHER), done(store, FAR)
    assert store.leftovers(10) == []
    store.purge([one, two])
    assert store.leftovers(10) == [
        Leftovers(executor=FAR, group_ids=tuple(sorted([f"{one}-1", f"{two}-0"]))),
        Leftovers(executor=FARTHER, group_ids=(f"{one}-2",)),
    ]
    assert [len(groups) for groups in left(store, limit=1).values()] == [1, 1]
    store.forget_leftovers([f"{one}-1", f"{one}-2"])
    assert left(store) == {"b": [f"{two}-0"]}
    store.forget_leftovers([f"{two}-0", "unknown"])
    assert store.leftovers(10) == []


def test_dispatches_that_keep_nothing_elsewhere_leave_nothing(store: Store):
    done(store, LOCAL)
    store.purge(None)
    assert store.leftovers(10) == []
    assert store.executors("any", 10) == []


def test_what_survives_a_restart_of_the_program(database):
    store = database.open()
    dispatch_id = done(store, FAR)
    store.purge(None)
    store.close()
    again = database.open()
    assert left(again) == {"b": [f"{dispatch_id}-0"]}
    again.close()


def test_groups_stay_while_a_dispatch_is_there_that_may_have_reused_their_values(store: Store):
    one = done(store, FAR)
    two = done(store, LOCAL, redispatch_of=one, reuse=True)
    three = done(store, LOCAL, redispatch_of=two, reuse=True)
    done(store, LOCAL, redispatch_of=one, reuse=False)
    store.purge([one])
    store.purge([two])
    assert store.leftovers(10) == []
    store.purge([three])
    assert left(store) == {"b": [f"{one}-0"]}


def test_groups_of_a_sublattice_stay_while_its_root_is_there_or_somebody_reuses_that(store: Store):
    root = done(store, LOCAL)
    child = done(store, FAR, parent_id=root, parent_node=0, root_id=root)
    later = done(store, LOCAL, redispatch_of=root, reuse=True)
    store.purge([child])
    assert store.leftovers(10) == []
    store.purge([root])
    assert store.leftovers(10) == []
    store.purge([later])
    assert left(store) == {"b": [f"{child}-0"]}


def test_reusing_what_is_gone_keeps_nothing(store: Store):
    one = done(store, FAR)
    store.purge([one])
    done(store, LOCAL, redispatch_of=one, reuse=True)
    assert left(store) == {"b": [f"{one}-0"]}


def test_executors_are_told_nearest_first_and_each_once(store: Store):
    other, oldest = ExecutorSpec(name="other"), ExecutorSpec(name="oldest")
    create(store, oldest)
    root = create(store, FARTHER, LOCAL)
    child = create(store, FAR, parent_id=root, parent_node=0, root_id=root)
    create(store, other, FAR)
    assert store.executors(child, 10) == [FAR, FARTHER, other, oldest]
    assert store.executors(root, 10) == [FARTHER, FAR, other, oldest]
    assert {spec.name for spec in store.executors("unknown", 2)} == {"far", "other"}


def test_executors_of_what_was_purged_are_told_while_it_is_left(store: Store):
    one = done(store, FAR)
    two = done(store, LOCAL, redispatch_of=one, reuse=True)
    store.purge([one])
    assert store.executors(two, 10) == [FAR]


def complete(store: Store, outcome: Outcome) -> str:
    """A dispatch whose task 0 has ended so; return its id."""
    dispatch_id = create(store, FAR)
    steps = (*ready(0), *submitted(0), *running(0))
    move(store, dispatch_id, *steps, ended(0, outcome), groups=(group(0),), steps=(begin(), end()))
    return dispatch_id


def test_an_outcome_may_be_told_more_of_later(store: Store):
    known = Outcome(status=Status.COMPLETED, output=file("out", uri="far://b/out"), details=DETAILS)
    dispatch_id = complete(store, known)
    assert store.attempts(dispatch_id, 0)[0].outcome == known
    whole = Outcome(
        status=Status.COMPLETED,
        output=known.output,
        stdout=blob("said", uri=None),
        stderr=file("long", uri="far://b/long"),
        started_at=10.0,
        ended_at=20.0,
    )
    for _ in range(2):
        store.replace_outcome(dispatch_id, 0, 1, whole)
        assert store.attempts(dispatch_id, 0)[0].outcome == whole
    task = store.task(dispatch_id, 0)
    assert (task.started_at, task.ended_at) == (10.0, 20.0)
    assert store.outputs(dispatch_id, [0]) == {0: known.output}
    assert digest("long") in store.purge(None).orphaned_objects


def test_an_outcome_is_not_replaced_by_another_nor_where_there_is_none(store: Store):
    known = Outcome(status=Status.COMPLETED, output=blob("x"), details=DETAILS)
    dispatch_id = complete(store, known)
    other = Outcome(status=Status.FAILED, stdout=file("log"), started_at=1.0)
    store.replace_outcome(dispatch_id, 0, 1, other)
    store.replace_outcome(dispatch_id, 0, 2, known)
    store.replace_outcome(dispatch_id, 7, 1, known)
    store.replace_outcome("unknown", 0, 1, known)
    assert [attempt.outcome for attempt in store.attempts(dispatch_id, 0)] == [known]
    assert store.task(dispatch_id, 0).started_at == 2002.0
    assert digest("log") not in store.purge(None).orphaned_objects
    store.replace_outcome(dispatch_id, 0, 1, known)
    assert store.unreferenced([digest("out")]) == [digest("out")]


def test_an_earlier_attempt_dates_no_later_one(store: Store):
    dispatch_id = create(store, FAR)
    lost = Outcome(status=Status.FAILED, details=DETAILS)
    steps = (*ready(0), *submitted(0), *running(0))
    again = step(0, Status.RUNNING, Status.READY, 1, outcome=lost)
    move(store, dispatch_id, *steps, again, groups=(group(0),), steps=(begin(),))
    store.replace_outcome(dispatch_id, 0, 1, Outcome(status=Status.FAILED, started_at=1.0, ended_at=2.0, place="p"))
    assert store.attempts(dispatch_id, 0)[0].outcome.place == "p"
    assert store.task(dispatch_id, 0).ended_at is None
