"""What is stored is found again, as it was. Over SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from covalent.errors import NotFoundError
from covalent.model import Blob, Environment, ExecutorSpec, Function, Mark, Node, NodeKind
from covalent.states import Status
from covalent.store import Store
from covalent.store.base import GraphPreviews
from tests.support.dispatches import (
    OWNER,
    begin,
    blob,
    cancel_now,
    changes,
    completed,
    create,
    digest,
    end,
    ended,
    failed,
    graph,
    info,
    move,
    ready,
    run_to_running,
    step,
)


def test_a_new_dispatch_is_found_again_with_its_graph_and_its_tasks(store: Store):
    nodes = (
        Node(name="load", function=0, args=digest("a")),
        Node(name="trace", function=1, args=digest("b"), executor=1, inputs=(0,), after=(0,), kind=NodeKind.SUBLATTICE),
    )
    drawn = graph(
        nodes=nodes,
        functions=(
            Function(name="f", digest=digest("f")),
            Function(name="g", digest=digest("g"), source="def g(): ..."),
        ),
        environments=(Environment(pip=("a", "b"), bash=("ls",), hooks=digest("hooks")),),
        executors=(
            ExecutorSpec(name="local"),
            ExecutorSpec(name="awsbatch", options={"vcpu": 2, "tags": ["x", None, 1.5]}),
        ),
        lattice=digest("lattice"),
        arguments=digest("arguments"),
        cwd="/home/ümläut",
        python="3.11.7",
    )
    made = info(parent_id="p", parent_node=4, root_id="r", redispatch_of="old", reuse=True, tasks=2)
    assert store.create_dispatch(made, drawn, {}, OWNER)

    assert store.dispatch(made.id) == replace(made, counts={"NEW_OBJECT": 2}, executors=("awsbatch", "local"))
    assert store.graph(made.id) == drawn
    load, trace = store.tasks(made.id)
    assert (load.node_id, load.name, load.executor, load.kind, load.status) == (
        0,
        "load",
        "local",
        "task",
        "NEW_OBJECT",
    )
    assert (trace.node_id, trace.name, trace.executor, trace.kind) == (1, "trace", "awsbatch", "sublattice")
    snapshot = store.snapshot(made.id)
    assert (snapshot.info, snapshot.graph, snapshot.tasks) == (store.dispatch(made.id), drawn, (load, trace))
    assert (snapshot.used, snapshot.groups) == ({}, ())


def test_a_dispatch_may_be_created_as_running(store: Store):
    made = info(status=Status.RUNNING, started_at=1000.0, tasks=3)
    assert store.create_dispatch(made, graph(), {}, OWNER)
    assert store.dispatch(made.id) == replace(made, counts={"NEW_OBJECT": 3}, executors=("local",))
    assert [e.status for e in store.events(made.id)] == [Status.RUNNING]


def test_creating_an_id_again_changes_nothing(store: Store):
    dispatch_id = create(store, tasks=2)
    before = store.snapshot(dispatch_id)
    assert not store.create_dispatch(
        info(dispatch_id, name="other"), graph(5), {digest("args 0"): b"x"}, "somebody else"
    )
    assert store.snapshot(dispatch_id) == before
    assert len(store.events(dispatch_id)) == 1
    assert store.acquire(OWNER, 1000.0, 30.0) == [dispatch_id]


def test_a_dispatch_without_tasks_can_be_stored_and_ended(store: Store):
    dispatch_id = create(store, tasks=0)
    store.commit([changes(dispatch_id, steps=(begin(), end()))])
    found = store.dispatch(dispatch_id)
    assert (found.status, found.started_at, found.ended_at, found.counts) == (Status.COMPLETED, 1500.0, 3000.0, {})
    assert store.tasks(dispatch_id) == []


@pytest.mark.parametrize(
    "look",
    [
        lambda s: s.dispatch("nobody"),
        lambda s: s.graph("nobody"),
        lambda s: s.snapshot("nobody"),
        lambda s: s.tasks("nobody"),
        lambda s: s.task("nobody", 0),
        lambda s: s.attempts("nobody", 0),
        lambda s: s.events("nobody"),
        lambda s: s.payloads("nobody", ["x"]),
        lambda s: s.outputs("nobody", [0]),
        lambda s: s.previews("nobody"),
        lambda s: s.output_previews("nobody", [0]),
        lambda s: s.dispatches(before="nobody"),
        lambda s: s.request_cancel("nobody", None),
        lambda s: s.set_child("nobody", 0, "child"),
        lambda s: s.purge(["nobody"]),
    ],
)
def test_an_unknown_dispatch_is_not_found(store: Store, look):
    with pytest.raises(NotFoundError, match="nobody"):
        look(store)


@pytest.mark.parametrize("node_id", [-1, 3, 10**6])
def test_an_unknown_task_is_not_found(store: Store, node_id: int):
    dispatch_id = create(store, tasks=3)
    with pytest.raises(NotFoundError, match=f"has no task {node_id}"):
        store.task(dispatch_id, node_id)
    with pytest.raises(NotFoundError, match=f"has no task {node_id}"):
        store.set_child(dispatch_id, node_id, "child")


def test_previews_of_a_graph_are_found_without_the_rest_of_it(store: Store):
    marks = (Mark(start=0, end=5, node_id=1),)
    said = {"arguments_preview": "n=1", "result_preview": "<one>", "result_marks": marks}
    made = info()
    store.create_dispatch(made, graph(**said), {}, OWNER)
    assert store.previews(made.id) == GraphPreviews(**said)
    assert store.graph(made.id).result_marks == marks
    assert store.previews(create(store)) == GraphPreviews()


def test_previews_of_values_are_those_of_tasks_that_have_completed(store: Store):
    dispatch_id = create(store, tasks=5)
    run_to_running(store, dispatch_id, 0, 1, 2)
    move(
        store,
        dispatch_id,
        ended(0, completed(inputs_preview="n=1", output_preview="[1]")),
        ended(1, completed()),
        ended(2, failed(inputs_preview="n=\ud800", output_preview="partly")),
        step(3, Status.NEW_OBJECT, Status.COMPLETED, outcome=completed(output_preview="from before")),
    )
    assert store.output_previews(dispatch_id, range(5)) == {0: "[1]", 3: "from before"}
    assert store.output_previews(dispatch_id, [1, 2, 4]) == {}
    outcomes = [store.attempts(dispatch_id, node_id)[0].outcome for node_id in (0, 2)]
    assert [outcome.inputs_preview for outcome in outcomes if outcome] == ["n=1", "n=\\ud800"]


def test_tasks_come_in_pages_and_by_status(store: Store):
    dispatch_id = create(store, tasks=7)
    run_to_running(store, dispatch_id, 1, 3, 5)
    assert [t.node_id for t in store.tasks(dispatch_id, limit=3)] == [0, 1, 2]
    assert [t.node_id for t in store.tasks(dispatch_id, after=2, limit=3)] == [3, 4, 5]
    assert [t.node_id for t in store.tasks(dispatch_id, after=6)] == []
    assert [t.node_id for t in store.tasks(dispatch_id, statuses=[Status.RUNNING])] == [1, 3, 5]
    assert [
        t.node_id for t in store.tasks(dispatch_id, after=1, limit=1, statuses=[Status.RUNNING, Status.FAILED])
    ] == [3]
    assert store.task(dispatch_id, 3) == store.tasks(dispatch_id)[3]


def test_dispatches_are_listed_newest_first_and_in_pages(store: Store):
    made = [create(store, created_at=1000.0 - i) for i in range(5)]
    newest_first = made[::-1]
    assert [d.id for d in store.dispatches()] == newest_first
    assert [d.id for d in store.dispatches(limit=2)] == newest_first[:2]
    assert [d.id for d in store.dispatches(limit=2, before=newest_first[1])] == newest_first[2:4]
    assert store.dispatches(before=made[0]) == []
    assert store.dispatches()[0] == store.dispatch(made[-1])


def test_dispatches_are_found_by_status_by_a_part_of_their_name_and_by_kinship(store: Store):
    alpha = create(store, name="Alpha_one")
    beta = create(store, name="beta 100%", dispatch_id="feed-cafe")
    child = create(store, name="alpha child", parent_id=alpha, parent_node=0)
    cancel_now(store, beta)
    assert [d.id for d in store.dispatches(statuses=[Status.CANCELLED])] == [beta]
    assert [d.id for d in store.dispatches(statuses=[Status.NEW_OBJECT, Status.RUNNING])] == [alpha]
    assert [d.id for d in store.dispatches(roots_only=False)] == [child, beta, alpha]
    assert [d.id for d in store.dispatches(search="alpha")] == [alpha]
    assert [d.id for d in store.dispatches(search="ALPHA", roots_only=False)] == [child, alpha]
    assert [d.id for d in store.dispatches(search="d-caf")] == [beta]
    assert [d.id for d in store.dispatches(search="%")] == [beta]
    assert [d.id for d in store.dispatches(search="a_o")] == [alpha]
    assert store.dispatches(search="\\") == []
    assert store.dispatches(search="no such") == []


def test_small_payloads_come_with_their_bytes_and_others_are_files(store: Store):
    inline, large = blob("small"), digest("large")
    made = info()
    store.create_dispatch(made, graph(arguments=large), {inline.digest: b"small", digest("empty"): b""}, OWNER)
    found = store.payloads(made.id, [inline.digest, large, digest("empty")])
    assert found == {
        inline.digest: inline,
        large: Blob(digest=large, size=0),
        digest("empty"): Blob(digest=digest("empty"), size=0, data=b""),
    }
    assert store.payloads(made.id, []) == {}


def test_payloads_belong_to_one_dispatch(store: Store):
    one, other = info(), info()
    store.create_dispatch(one, graph(), {digest("work"): b"one"}, OWNER)
    store.create_dispatch(other, graph(), {}, OWNER)
    assert store.payloads(other.id, [digest("work")])[digest("work")].data is None


def test_a_task_is_linked_to_its_child_as_often_as_asked(store: Store):
    dispatch_id = create(store)
    store.set_child(dispatch_id, 1, "child")
    store.set_child(dispatch_id, 1, "child")
    assert [t.child_id for t in store.tasks(dispatch_id)] == [None, "child", None]


def test_events_come_in_order_of_dispatch_and_of_task_and_in_pages(store: Store):
    one, other = create(store), create(store)
    run_to_running(store, one, 0, 2)
    move(store, other, *ready(1))
    move(store, one, ended(2, completed()))
    history = store.events(one)
    assert [e.seq for e in history] == list(range(1, 10))
    assert {e.dispatch_id for e in history} == {one}
    assert [(e.node_id, e.status.value) for e in history] == [
        (None, "NEW_OBJECT"), (None, "RUNNING"), (0, "READY"), (2, "READY"), (0, "SUBMITTED"), (2, "SUBMITTED"),
        (0, "RUNNING"), (2, "RUNNING"), (2, "COMPLETED"),
    ]  # fmt: skip
    assert store.events(one, node_id=2) == [e for e in history if e.node_id == 2]
    assert store.events(one, after=history[3].seq, limit=2) == history[4:6]
    assert store.events(one, node_id=2, after=history[3].seq, limit=1) == [history[5]]
    assert store.events(one, after=history[-1].seq) == []
    assert [(e.seq, e.node_id, e.status.value) for e in store.events(other)] == [
        (1, None, "NEW_OBJECT"),
        (2, 1, "READY"),
    ]


def test_a_dispatch_purged_and_made_again_starts_afresh(store: Store):
    dispatch_id = create(store, tasks=1)
    run_to_running(store, dispatch_id, 0)
    move(store, dispatch_id, ended(0, completed()), steps=(end(),))
    store.purge([dispatch_id])
    create(store, tasks=1, dispatch_id=dispatch_id)
    assert store.attempts(dispatch_id, 0) == []
    assert store.outputs(dispatch_id, [0]) == {}
    assert len(store.events(dispatch_id)) == 1


@pytest.mark.parametrize(
    "name", ["", "nul \0 inside", "half \ud800 pair", "Ωmega 🎈", "'; DROP TABLE task; --", "x" * 10_000]
)
def test_any_name_can_be_stored(store: Store, name: str):
    made = info(name=name)
    # The graph itself came through an encoder that refuses halves of pairs.
    nodes = (Node(name=name.replace("\ud800", ""), function=0, args=digest("a")),)
    store.create_dispatch(made, graph(nodes=nodes), {}, OWNER)
    shown = name.replace("\0", "\\x00").replace("\ud800", "\\ud800")
    assert store.dispatch(made.id).name == shown
    assert store.graph(made.id).nodes == nodes
    assert store.task(made.id, 0).name == shown.replace("\\ud800", "")


def test_a_store_that_is_opened_again_finds_everything(database):
    store = database.open()
    dispatch_id = create(store)
    run_to_running(store, dispatch_id, 0)
    before = store.snapshot(dispatch_id)
    store.close()
    again = database.open()
    assert again.snapshot(dispatch_id) == before
    again.close()


@pytest.mark.parametrize("nothing", ["nul \0", "half \ud800", "%", "x" * 100_000])
def test_looking_for_strange_names_finds_nothing(store: Store, nothing: str):
    dispatch_id = create(store)
    for look in (
        store.dispatch,
        store.tasks,
        lambda name: store.purge([name]),
        lambda name: store.dispatches(before=name),
    ):
        with pytest.raises(NotFoundError):
            look(nothing)
    assert store.dispatches(search=nothing) == []
    assert store.payloads(dispatch_id, [nothing]) == {nothing: Blob(digest=nothing, size=0)}


@pytest.mark.parametrize("number", [2**31, 2**63, 10**40, -(10**40)])
def test_looking_for_numbers_of_any_size_is_no_error(store: Store, number: int):
    dispatch_id = create(store)
    with pytest.raises(NotFoundError):
        store.task(dispatch_id, number)
    assert store.attempts(dispatch_id, number) == []
    assert store.events(dispatch_id, node_id=number) == []
    assert store.outputs(dispatch_id, [number]) == {}
    assert len(store.tasks(dispatch_id, after=number)) == (3 if number < 0 else 0)
    assert len(store.events(dispatch_id, after=number)) == (1 if number < 0 else 0)
    assert len(store.tasks(dispatch_id, limit=abs(number))) == 3
