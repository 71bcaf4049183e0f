"""What executors have to do, and how they have done, as the store knows it. Over SQLite and PostgreSQL."""

from __future__ import annotations

from covalent.model import ExecutorSpec, Outcome
from covalent.states import Cause, Status
from covalent.store import Store
from covalent.store.queries import load_migrations
from tests.support.dispatches import (
    OWNER,
    changes,
    completed,
    ended,
    graph,
    group,
    info,
    ready,
    running,
    submitted,
)

FAR = ExecutorSpec(name="far", options={"bucket": "b"})


def failed(message: str, cause: Cause = Cause.USER) -> Outcome:
    return Outcome(status=Status.FAILED, cause=cause, message=message)


def begin(store: Store, tasks: int, **more: object) -> str:
    made = info(status=Status.RUNNING, **more)
    assert store.create_dispatch(made, graph(tasks), {}, OWNER)
    return made.id


def test_executors_without_work_are_known_by_their_dispatches(store: Store):
    assert store.executor_use() == []
    begin(store, 2)
    (local,) = store.executor_use()
    assert (local.name, local.counts, local.groups, local.under_way, local.waits_s) == ("local", {}, 0, (), ())


def test_work_is_counted_over_all_dispatches(store: Store):
    first, second = begin(store, 3), begin(store, 2)
    store.commit(
        [
            changes(first, ready(0, 1, 2) + submitted(0, 1) + running(0), groups=(group(0, 1),)),
            changes(second, ready(0), groups=()),
        ]
    )
    (local,) = store.executor_use()
    assert local.counts == {"READY": 2, "SUBMITTED": 1, "RUNNING": 1}
    assert local.groups == 1
    assert [(task.dispatch_id, task.node_id, task.status) for task in local.under_way] == [
        (first, 0, Status.RUNNING),
        (first, 1, Status.SUBMITTED),
    ]
    assert local.under_way[0].dispatch_name == "flow"
    assert local.waits_s == (1.0,)


def test_failures_are_listed_the_last_first_and_only_those_of_the_task_itself(store: Store):
    made = begin(store, 4)
    store.commit([changes(made, ready(0, 1, 2) + submitted(0, 1, 2) + running(0, 1, 2), groups=())])
    store.commit(
        [
            changes(
                made,
                (
                    ended(0, failed("first"), at=2003.0),
                    ended(1, failed("second", Cause.HOST), at=2004.0),
                    ended(2, completed(), at=2005.0),
                ),
            )
        ]
    )
    (local,) = store.executor_use()
    assert [(task.message, task.cause, task.ended_at) for task in local.failed] == [
        ("second", Cause.HOST, 2004.0),
        ("first", Cause.USER, 2003.0),
    ]
    assert local.counts == {}


def test_dispatches_are_found_by_an_executor_and_no_other_text_is(store: Store):
    plain = begin(store, 1)
    made = info(status=Status.RUNNING)
    both = graph(2, executors=(ExecutorSpec(name="local"), FAR))
    nodes = (both.nodes[0], type(both.nodes[0])(name="there", function=0, args=both.nodes[1].args, executor=1))
    assert store.create_dispatch(made, graph(2, nodes=nodes, executors=both.executors), {}, OWNER, keepers=[1])
    assert [found.id for found in store.dispatches(executor="local")] == [made.id, plain]
    assert [found.id for found in store.dispatches(executor="far")] == [made.id]
    assert store.dispatches(executor="fa") == store.dispatches(executor='"') == store.dispatches(executor="%") == []
    assert store.dispatch(made.id).executors == ("far", "local")
    assert store.placement(made.id, "none") is None


def test_the_place_of_a_group_is_its_executor_and_its_handle(store: Store):
    made = info(status=Status.RUNNING)
    assert store.create_dispatch(made, graph(1, executors=(FAR,)), {}, OWNER, keepers=[0])
    sent = group(0)
    store.commit([changes(made.id, ready(0) + submitted(0, group_id=sent.group_id), groups=(sent,))])
    assert store.placement(made.id, sent.group_id) == (FAR, None)
    store.commit([changes(made.id, handles={sent.group_id: {"jobs": ["j"]}})])
    assert store.placement(made.id, sent.group_id) == (FAR, {"jobs": ["j"]})


def test_dispatches_of_an_earlier_version_get_their_executors(store: Store, database):
    made = begin(store, 2)
    connection = database.connect()
    connection.execute("UPDATE dispatch SET executors = '[]'")
    (migration,) = [m for m in load_migrations(store._database.dialect) if m.name == "executors_of_dispatch"]
    connection.execute(migration.scripts[1])
    connection.close()
    assert store.dispatch(made).executors == ("local",)
