"""Steps, attempts and outcomes: what may happen, what is refused, and what is kept of it. Over SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace

import pytest

from covalent.errors import IllegalTransitionError, StoreError
from covalent.model import AttemptInfo, DispatchStep, GroupRecord, Outcome, TaskFailure, TaskRef
from covalent.states import ACTIVE, DISPATCH_STEPS, TASK_STEPS, Cause, Status
from covalent.store import Store
from covalent.store.queries import load_migrations
from tests.support.dispatches import (
    begin,
    blob,
    changes,
    completed,
    create,
    end,
    ended,
    failed,
    file,
    group,
    move,
    ready,
    run_to_running,
    running,
    step,
    submitted,
)

FULL_OUTCOME = Outcome(
    status=Status.FAILED,
    output=None,
    cause=Cause.OUT_OF_MEMORY,
    message="It ran out of memory — größer, bitte",
    failure=TaskFailure(type="builtins.MemoryError", message="no", traceback="Traceback…", pickled=blob("pickled")),
    stdout=blob("said"),
    stderr=file("shouted", uri="s3://bucket/key"),
    started_at=2002.25,
    ended_at=2003.75,
    exit_code=-9,
    peak_memory_mib=1024.5,
    cpu_s=0.125,
    place="worker 3",
)


def test_a_task_that_runs_through_shows_where_it_stands(store: Store):
    dispatch_id = create(store)
    move(store, dispatch_id, *ready(0), steps=(begin(),))
    assert store.task(dispatch_id, 0).status is Status.READY
    move(store, dispatch_id, *submitted(0), groups=(group(0),))
    assert (store.task(dispatch_id, 0).attempt, store.task(dispatch_id, 0).started_at) == (1, None)
    move(store, dispatch_id, step(0, Status.SUBMITTED, Status.STARTING, 1))
    move(store, dispatch_id, step(0, Status.STARTING, Status.RUNNING, 1, at=2002.0))
    assert (store.task(dispatch_id, 0).started_at, store.task(dispatch_id, 0).ended_at) == (2002.0, None)
    move(store, dispatch_id, ended(0, completed(started_at=2002.5, ended_at=2002.75)))
    task = store.task(dispatch_id, 0)
    assert (task.status, task.started_at, task.ended_at, task.reused) == (Status.COMPLETED, 2002.5, 2002.75, False)
    assert store.dispatch(dispatch_id).counts == {"NEW_OBJECT": 2, "COMPLETED": 1}


def fail_upstream(store: Store, dispatch_id: str) -> None:
    """Task 0 fails, and so task 1 never runs; task 2 is cancelled below another."""
    run_to_running(store, dispatch_id, 0)
    move(store, dispatch_id, ended(0, failed()))
    move(store, dispatch_id, ended(1, failed(Cause.UPSTREAM), attempt=0, source=Status.NEW_OBJECT))
    never = Outcome(status=Status.CANCELLED, cause=Cause.UPSTREAM)
    move(store, dispatch_id, ended(2, never, attempt=0, source=Status.NEW_OBJECT))


def test_failed_tasks_that_never_ran_are_counted_apart(store: Store):
    dispatch_id = create(store)
    assert store.dispatch(dispatch_id).not_run == 0
    fail_upstream(store, dispatch_id)
    (listed,) = store.dispatches()
    assert (listed.counts, listed.not_run) == ({"FAILED": 2, "CANCELLED": 1}, 1)
    assert store.dispatch(dispatch_id) == store.snapshot(dispatch_id).info == listed


def test_dispatches_of_an_earlier_version_get_the_number_of_tasks_that_never_ran(store: Store, database):
    dispatch_id, other = create(store), create(store)
    fail_upstream(store, dispatch_id)
    connection = database.connect()
    connection.execute("""UPDATE event SET counts = REPLACE(counts, ',"UPSTREAM":1', '')""")
    assert store.dispatch(dispatch_id).not_run == 0
    (migration,) = [m for m in load_migrations(store._database.dialect) if m.name == "not_run"]
    connection.execute(*migration.scripts)
    connection.close()
    assert [info.not_run for info in map(store.dispatch, (dispatch_id, other))] == [1, 0]
    assert store.dispatch(dispatch_id).counts == {"FAILED": 2, "CANCELLED": 1}


def test_times_of_steps_stand_in_for_times_that_an_outcome_lacks(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    move(store, dispatch_id, ended(0, completed(), at=2003.0))
    task = store.task(dispatch_id, 0)
    assert (task.started_at, task.ended_at) == (2002.0, 2003.0)


def test_an_attempt_is_kept_with_everything_about_its_outcome(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    expected = AttemptInfo(node_id=0, attempt=1, group_id="group-1", submitted_at=2001.0, status=Status.RUNNING)
    assert store.attempts(dispatch_id, 0) == [expected]
    move(store, dispatch_id, ended(0, FULL_OUTCOME))
    assert store.attempts(dispatch_id, 0) == [replace(expected, status=Status.FAILED, outcome=FULL_OUTCOME)]
    task = store.task(dispatch_id, 0)
    assert (task.cause, task.message) == (Cause.OUT_OF_MEMORY, FULL_OUTCOME.message)
    assert store.attempts(dispatch_id, 1) == []


def test_a_retry_ends_one_attempt_and_starts_another(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    lost = failed(Cause.HOST, message="the host is gone", started_at=2002.5)
    move(store, dispatch_id, step(0, Status.RUNNING, Status.READY, 1, outcome=lost, detail="retry in 5 s"))
    waiting = store.task(dispatch_id, 0)
    assert (waiting.status, waiting.cause, waiting.message) == (Status.READY, Cause.HOST, "the host is gone")
    assert (waiting.started_at, waiting.ended_at, waiting.attempt) == (None, None, 1)
    move(
        store,
        dispatch_id,
        *submitted(0, attempt=2, group_id="group-2", at=2010.0),
        groups=(group(0, attempt=2, group_id="group-2"),),
    )
    again = store.task(dispatch_id, 0)
    assert (again.cause, again.message, again.started_at, again.attempt) == (None, "", None, 2)
    move(store, dispatch_id, step(0, Status.SUBMITTED, Status.COMPLETED, 2, outcome=completed("second")))
    first, second = store.attempts(dispatch_id, 0)
    assert (first.status, first.retried, first.outcome) == (Status.FAILED, True, lost)
    assert (second.status, second.retried, second.group_id) == (Status.COMPLETED, False, "group-2")
    assert store.outputs(dispatch_id, [0]) == {0: blob("second")}


def test_a_retry_that_waits_can_be_cancelled(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    move(store, dispatch_id, step(0, Status.RUNNING, Status.READY, 1, outcome=failed()))
    cancelled = Outcome(status=Status.CANCELLED, cause=Cause.CANCELLED, message="enough", started=False)
    move(store, dispatch_id, step(0, Status.READY, Status.CANCELLED, 1, outcome=cancelled))
    assert (store.task(dispatch_id, 0).status, store.task(dispatch_id, 0).message) == (Status.CANCELLED, "enough")
    (only,) = store.attempts(dispatch_id, 0)
    assert (only.status, only.retried) == (Status.FAILED, True)


def test_a_task_that_never_ran_has_no_attempt(store: Store):
    dispatch_id = create(store)
    upstream = failed(Cause.UPSTREAM, started=False)
    move(store, dispatch_id, step(1, Status.NEW_OBJECT, Status.FAILED, outcome=upstream))
    task = store.task(dispatch_id, 1)
    assert (task.status, task.cause, task.attempt, task.message) == (Status.FAILED, Cause.UPSTREAM, 0, "it failed")
    assert store.attempts(dispatch_id, 1) == []
    assert store.snapshot(dispatch_id).used == {}


def test_a_reused_task_has_its_value_and_no_attempt(store: Store):
    dispatch_id = create(store)
    move(
        store, dispatch_id, step(1, Status.NEW_OBJECT, Status.COMPLETED, outcome=completed("earlier"), detail="reused")
    )
    assert store.task(dispatch_id, 1).reused
    assert store.attempts(dispatch_id, 1) == []
    assert store.outputs(dispatch_id, [0, 1, 2]) == {1: blob("earlier")}


def test_outputs_keep_what_they_refer_to(store: Store):
    nested = blob("top", inputs=(blob("a", inputs=(file("deep"),)), file("b", uri="gs://bucket/b"), blob("")))
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0, 1)
    move(store, dispatch_id, ended(0, completed(output=nested)), ended(1, failed()))
    assert store.outputs(dispatch_id, range(100)) == {0: nested}
    assert store.outputs(dispatch_id, [1]) == {}


def test_an_outcome_of_any_text_can_be_stored(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    strange = "a \0 b \udcff c"
    failure = TaskFailure(type="E", message=strange, traceback=strange)
    move(store, dispatch_id, replace(ended(0, failed(message=strange, failure=failure, place=strange)), detail=strange))
    readable = "a \\x00 b \\udcff c"
    assert store.task(dispatch_id, 0).message == readable
    assert store.events(dispatch_id, node_id=0)[-1].detail == readable
    (attempt,) = store.attempts(dispatch_id, 0)
    assert attempt.outcome is not None
    assert attempt.outcome.failure == TaskFailure(type="E", message=readable, traceback=readable)


def test_an_attempt_that_ends_without_a_word_has_failed(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0, 1)
    move(store, dispatch_id, step(0, Status.RUNNING, Status.READY, 1), step(1, Status.RUNNING, Status.CANCELLED, 1))
    (first,), (second,) = store.attempts(dispatch_id, 0), store.attempts(dispatch_id, 1)
    assert (first.status, first.retried, first.outcome) == (Status.FAILED, True, None)
    assert (second.status, second.retried, second.outcome) == (Status.CANCELLED, False, None)


def test_a_snapshot_counts_the_attempts_that_were_used_up_by_cause(store: Store):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0, 1, 2)
    causes = [failed(Cause.PREEMPTED), failed(Cause.PREEMPTED), failed(Cause.HOST), failed(Cause.LOST, started=False)]
    for attempt, outcome in enumerate(causes, 1):
        source = Status.RUNNING if attempt == 1 else Status.SUBMITTED
        move(store, dispatch_id, step(0, source, Status.READY, attempt, outcome=outcome))
        move(store, dispatch_id, *submitted(0, attempt=attempt + 1, group_id=f"again-{attempt}"))
    move(store, dispatch_id, ended(1, completed()), ended(2, failed()))
    assert store.snapshot(dispatch_id).used == {0: {Cause.PREEMPTED: 2, Cause.HOST: 1}, 2: {Cause.USER: 1}}


def test_a_snapshot_has_the_groups_that_are_out_with_those_of_their_attempts_that_are(store: Store):
    dispatch_id = create(store, tasks=5)
    sent = GroupRecord(group_id="one", executor=0, refs=tuple(TaskRef(node_id=n, attempt=1) for n in (4, 0, 2)))
    move(
        store, dispatch_id, *ready(0, 1, 2, 3, 4), *submitted(4, 0, 2, group_id="one"), groups=(sent,), steps=(begin(),)
    )
    move(store, dispatch_id, *submitted(1, group_id="two"), *submitted(3, group_id="three"), groups=(
        group(1, group_id="two"), group(3, group_id="three", handle={"id": 7}),
    ))  # fmt: skip
    move(store, dispatch_id, handles={"one": {"job": ["x", 1, None, "ö\0\ud800"]}})
    move(store, dispatch_id, step(0, Status.SUBMITTED, Status.COMPLETED, 1, outcome=completed()))
    move(store, dispatch_id, step(1, Status.SUBMITTED, Status.READY, 1, outcome=failed()))
    groups = {g.group_id: g for g in store.snapshot(dispatch_id).groups}
    refs = (TaskRef(node_id=4, attempt=1), TaskRef(node_id=2, attempt=1))
    assert groups == {
        "one": replace(sent, refs=refs, handle={"job": ["x", 1, None, "ö\0\ud800"]}),
        "three": group(3, group_id="three", handle={"id": 7}),
    }


def test_every_step_is_one_event_with_its_cause_and_its_detail(store: Store):
    dispatch_id = create(store, tasks=1)
    run_to_running(store, dispatch_id, 0)
    last = ended(0, failed(Cause.TIMEOUT), at=2003.5)
    move(store, dispatch_id, replace(last, detail="after 5 s"), steps=(end(Status.FAILED, error="1 of 1 failed"),))
    history = store.events(dispatch_id)
    assert [(e.node_id, e.attempt, e.status, e.at, e.cause, e.detail) for e in history] == [
        (None, 0, Status.NEW_OBJECT, 1000.0, None, ""),
        (None, 0, Status.RUNNING, 1500.0, None, ""),
        (0, 0, Status.READY, 2000.0, None, ""),
        (0, 1, Status.SUBMITTED, 2001.0, None, ""),
        (0, 1, Status.RUNNING, 2002.0, None, ""),
        (0, 1, Status.FAILED, 2003.5, Cause.TIMEOUT, "after 5 s"),
        (None, 0, Status.FAILED, 3000.0, None, "1 of 1 failed"),
    ]
    found = store.dispatch(dispatch_id)
    assert (found.status, found.started_at, found.ended_at) == (Status.FAILED, 1500.0, 3000.0)
    assert found.error == "1 of 1 failed"


def test_one_commit_changes_several_dispatches_or_none(store: Store):
    one, two = create(store), create(store)
    store.commit([changes(one, ready(0)), changes(two, ready(1)), changes(one, submitted(0), groups=(group(0),))])
    assert store.task(one, 0).status is Status.SUBMITTED
    assert store.task(two, 1).status is Status.READY
    before = (store.snapshot(one), store.snapshot(two), store.events(one), store.events(two))
    with pytest.raises(IllegalTransitionError) as raised:
        store.commit([changes(one, running(0), steps=(begin(),)), changes(two, ready(0, 1))])
    assert (raised.value.dispatch_id, raised.value.node_id) == (two, 1)
    assert (store.snapshot(one), store.snapshot(two), store.events(one), store.events(two)) == before


def test_an_empty_commit_does_nothing(store: Store):
    dispatch_id = create(store)
    store.commit([])
    store.commit([changes(dispatch_id)])
    assert len(store.events(dispatch_id)) == 1


@pytest.mark.parametrize(
    ("transition", "source", "target"),
    [
        (step(0, Status.READY, Status.SUBMITTED, 1, group_id="g"), Status.READY, Status.SUBMITTED),  # It is RUNNING.
        (step(0, Status.RUNNING, Status.COMPLETED, 2), Status.RUNNING, Status.COMPLETED),  # Of another attempt.
        (step(0, Status.RUNNING, Status.COMPLETED, 0), Status.RUNNING, Status.COMPLETED),
        (
            step(1, Status.READY, Status.SUBMITTED, 2, group_id="g"),
            Status.READY,
            Status.SUBMITTED,
        ),  # One attempt left out.
        (step(0, Status.RUNNING, Status.SUBMITTED, 2), Status.RUNNING, Status.SUBMITTED),  # Not in the table.
        (step(2, Status.NEW_OBJECT, Status.RUNNING), Status.NEW_OBJECT, Status.RUNNING),
        (step(3, Status.NEW_OBJECT, Status.READY), Status.NEW_OBJECT, Status.READY),  # No such task.
    ],
)
def test_a_step_from_where_the_task_is_not_is_refused(store: Store, transition, source, target):
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    move(store, dispatch_id, *ready(1))
    before = (store.snapshot(dispatch_id), store.events(dispatch_id))
    with pytest.raises(IllegalTransitionError, match=f"task {transition.node_id} of {dispatch_id}") as raised:
        move(store, dispatch_id, *ready(2), transition)
    assert (raised.value.dispatch_id, raised.value.node_id) == (dispatch_id, transition.node_id)
    assert (raised.value.source, raised.value.target) == (source, target)
    assert (store.snapshot(dispatch_id), store.events(dispatch_id)) == before


def test_a_step_of_a_dispatch_from_where_it_is_not_is_refused(store: Store):
    dispatch_id = create(store)
    for steps in [(end(),), (begin(), begin()), (begin(), end(), end(Status.FAILED)), (end(), begin())]:
        with pytest.raises(IllegalTransitionError, match=f"dispatch {dispatch_id} cannot go") as raised:
            move(store, dispatch_id, *ready(0), steps=steps)
        assert raised.value.node_id is None
    illegal = DispatchStep(source=Status.NEW_OBJECT, target=Status.COMPLETED, at=1.0)
    with pytest.raises(IllegalTransitionError, match="from NEW_OBJECT to COMPLETED"):
        move(store, dispatch_id, steps=(illegal,))
    assert store.snapshot(dispatch_id).info.counts == {"NEW_OBJECT": 3}
    assert len(store.events(dispatch_id)) == 1


def test_steps_of_an_unknown_dispatch_are_refused(store: Store):
    known = create(store)
    with pytest.raises(IllegalTransitionError, match="task 0 of nobody"):
        store.commit([changes(known, ready(0)), changes("nobody", ready(0))])
    with pytest.raises(IllegalTransitionError, match="dispatch nobody"):
        move(store, "nobody", steps=(begin(),))
    with pytest.raises(StoreError, match="no dispatch nobody"):
        move(store, "nobody", handles={"group-1": 1})
    assert store.task(known, 0).status is Status.NEW_OBJECT


def test_a_handle_for_an_unknown_group_is_refused(store: Store):
    with pytest.raises(StoreError, match="no task group unknown"):
        move(store, create(store), handles={"unknown": 1})


def test_a_submission_without_its_group_is_refused(store: Store):
    dispatch_id = create(store)
    with pytest.raises(StoreError):
        move(store, dispatch_id, *ready(0), step(0, Status.READY, Status.SUBMITTED, 1))
    assert store.task(dispatch_id, 0).status is Status.NEW_OBJECT


def test_a_commit_that_was_answered_cannot_be_repeated(store: Store):
    """Otherwise two dispatchers that take the same step at the same time would both believe that it is theirs."""
    dispatch_id = create(store)
    once = [changes(dispatch_id, (*ready(0), *submitted(0)), groups=(group(0),), steps=(begin(),))]
    store.commit(once)
    before = (store.snapshot(dispatch_id), store.events(dispatch_id))
    with pytest.raises(IllegalTransitionError):
        store.commit(once)
    assert (store.snapshot(dispatch_id), store.events(dispatch_id)) == before


_INSERT = {
    "task": "INSERT INTO task (dispatch, node, name, kind, executor, status) VALUES (7, 7, '', '', '', '{}')",
    "dispatch": "INSERT INTO dispatch (id, name, status, created_at, root_id, reuse, owner, tasks)"
    " VALUES ('x', '', '{}', 1, '', 0, '', 0)",
}


@pytest.mark.parametrize(("table", "steps"), [("task", TASK_STEPS), ("dispatch", DISPATCH_STEPS)])
def test_the_database_itself_allows_exactly_the_steps_of_the_table(database, table, steps):
    """It refuses even a careless hand, past the store."""
    database.open().close()
    connection = database.connect()
    allowed = {source: set() for source in steps}
    for source, target in itertools.product(steps, Status):
        connection.execute(f"DELETE FROM {table}")
        connection.execute(_INSERT[table].format(source.value))
        with contextlib.suppress(database.refusal):
            connection.execute(f"UPDATE {table} SET status = '{target.value}'")
            allowed[source].add(target)
    connection.close()
    assert allowed == steps


def test_every_step_of_the_table_can_be_taken(store: Store):
    routes = {
        Status.NEW_OBJECT: [],
        Status.READY: [Status.READY],
        Status.SUBMITTED: [Status.READY, Status.SUBMITTED],
        Status.STARTING: [Status.READY, Status.SUBMITTED, Status.STARTING],
        Status.RUNNING: [Status.READY, Status.SUBMITTED, Status.RUNNING],
    }
    legal = [(source, target) for source, targets in TASK_STEPS.items() for target in sorted(targets)]
    dispatch_id = create(store, tasks=len(legal))
    for node_id, (source, target) in enumerate(legal):
        route = [Status.NEW_OBJECT, *routes[source], target]
        attempt = 0
        for a, b in itertools.pairwise(route):
            attempt += b is Status.SUBMITTED
            move(store, dispatch_id, step(node_id, a, b, attempt, outcome=_outcome(a, b), group_id="g"))
        assert store.task(dispatch_id, node_id).status is target


def _outcome(source: Status, target: Status) -> Outcome | None:
    if target is Status.COMPLETED:
        return completed()
    return failed() if target.is_final or (source in ACTIVE and target is Status.READY) else None
