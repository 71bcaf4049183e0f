"""Deleting dispatches, and only what nobody else needs. Over SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from covalent.errors import NotEndedError, NotFoundError
from covalent.model import Outcome, TaskFailure
from covalent.states import Cause, Status
from covalent.store import Store
from tests.support.dispatches import (
    OWNER,
    begin,
    blob,
    cancel_now,
    completed,
    create,
    digest,
    end,
    ended,
    failed,
    file,
    graph,
    info,
    move,
    run_to_running,
)

#: Those that hold what belongs to a dispatch.
TABLES = (
    "dispatch",
    "graph",
    "payload",
    "object_ref",
    "task",
    "task_group",
    "executor",
    "borrowed",
    "attempt",
    "event",
    "cancel_wish",
)


def test_a_dispatch_is_purged_with_all_below_it(store: Store):
    root, other = create(store), create(store)
    child = create(store, parent_id=root, parent_node=0)
    grandchild = create(store, parent_id=child, parent_node=2)
    for dispatch_id in (root, other, child, grandchild):
        cancel_now(store, dispatch_id)
    assert store.purge([root]).dispatches == 3
    assert [d.id for d in store.dispatches(roots_only=False)] == [other]
    for gone in (root, child, grandchild):
        with pytest.raises(NotFoundError):
            store.dispatch(gone)
    assert len(store.events(other)) == 2


def test_a_dispatch_that_has_not_ended_is_not_purged_and_neither_are_the_others(store: Store):
    done, running = create(store), create(store)
    cancel_now(store, done)
    move(store, running, steps=(begin(),))
    for chosen in ([done, running], None):
        with pytest.raises(NotEndedError, match=f"{running} is RUNNING"):
            store.purge(chosen)
    assert len(store.dispatches()) == 2


def test_a_child_that_has_not_ended_keeps_its_parent(store: Store):
    root = create(store)
    cancel_now(store, root)
    child = create(store, parent_id=root, parent_node=0)
    with pytest.raises(NotEndedError, match=child):
        store.purge([root])
    assert store.dispatch(root).id == root


def test_an_unknown_dispatch_is_not_purged_and_neither_are_the_others(store: Store):
    done = create(store)
    cancel_now(store, done)
    with pytest.raises(NotFoundError, match="nobody"):
        store.purge([done, "nobody"])
    assert store.dispatch(done).id == done


def test_purging_nothing_or_an_empty_store_is_no_error(store: Store):
    assert store.purge(None).dispatches == 0
    assert store.purge([]).dispatches == 0


def test_nothing_of_a_purged_dispatch_stays_behind(database):
    store = database.open()
    dispatch_id = create(store)
    store.request_cancel(dispatch_id, None)
    run_to_running(store, dispatch_id, 0, 1)
    move(store, dispatch_id, ended(0, completed(stdout=file("log"))), ended(1, failed()), steps=(end(Status.FAILED),))
    store.purge(None)
    store.close()
    connection = database.connect()
    for table in TABLES:
        assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)
    connection.close()


def test_files_that_no_remaining_dispatch_needs_are_reported(store: Store):
    small = blob("small")
    one, other = info(), info()
    store.create_dispatch(one, graph(1, lattice=digest("lattice")), {small.digest: b"small"}, OWNER)
    store.create_dispatch(other, graph(1, arguments=digest("other's")), {}, OWNER)
    run_to_running(store, one.id, 0)
    pickled = TaskFailure(type="E", message="m", traceback="t", pickled=file("pickled"))
    retried = Outcome(
        status=Status.FAILED, cause=Cause.HOST, failure=pickled, stdout=file("stdout"), stderr=file("stderr")
    )
    nested = blob("inline", inputs=(file("in"), blob("x", inputs=(file("deep"),)), file("elsewhere", uri="s3://b/k")))
    move(
        store,
        one.id,
        ended(0, retried),
        steps=(end(Status.FAILED),),
    )
    run_to_running(store, other.id, 0)
    move(store, other.id, ended(0, completed(output=nested, stdout=file("stdout"))), steps=(end(),))

    shared = {digest(name) for name in ("args 0", "work", "output")}
    report = store.purge([one.id])
    assert set(report.orphaned_objects) == {digest(name) for name in ("lattice", "pickled", "stderr")}
    report = store.purge(None)
    assert set(report.orphaned_objects) == shared | {
        digest(n) for n in ("other's", "stdout", "in", "deep", "elsewhere")
    }
    assert report.dispatches == 1


def test_files_of_a_reused_value_stay_while_somebody_needs_them(store: Store):
    one, two = create(store), create(store)
    run_to_running(store, one, 0)
    value = completed(output=file("large"))
    move(store, one, ended(0, value), steps=(end(),))
    move(store, two, ended(0, value, attempt=0, source=Status.NEW_OBJECT), steps=(begin(), end()))
    assert digest("large") not in store.purge([one]).orphaned_objects
    assert store.outputs(two, [0]) == {0: value.output}
    assert digest("large") in store.purge([two]).orphaned_objects
