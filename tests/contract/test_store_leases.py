"""Who works on which dispatch, when several may. Over SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from covalent.errors import IllegalTransitionError, NotFoundError, StoreError
from covalent.states import Status
from covalent.store import Store
from tests.support.dispatches import (
    OWNER,
    begin,
    cancel_now,
    changes,
    create,
    end,
    graph,
    info,
    move,
    ready,
    submitted,
)

STALE_S = 30.0


def at_once(work: list[Callable[[], object]]) -> list[object]:
    """Run all of it at the same time; return what each came to, an exception too."""
    barrier = threading.Barrier(len(work))

    def run(each: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return each()
        except StoreError as error:
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_a_dispatcher_that_starts_again_gets_its_own_back_oldest_first(store: Store):
    mine = [create(store) for _ in range(3)]
    create(store, owner="other", created_at=5000.0)
    cancel_now(store, mine[1])
    move(store, mine[2], steps=(begin(),))
    assert store.acquire(OWNER, 5000.0, STALE_S) == [mine[0], mine[2]]
    assert store.acquire(OWNER, 5001.0, STALE_S) == [mine[0], mine[2]]


def test_dispatches_are_taken_over_when_nothing_was_heard_of_their_owner(store: Store):
    dispatch_id = create(store, created_at=1000.0)
    store.acquire(OWNER, 1010.0, STALE_S)
    assert store.acquire("heir", 1010.0 + STALE_S, STALE_S) == []
    assert store.acquire("heir", 1010.1 + STALE_S, STALE_S) == [dispatch_id]
    assert store.acquire(OWNER, 1020.0 + STALE_S, STALE_S) == []
    assert store.acquire("heir", 1030.0 + STALE_S, STALE_S) == [dispatch_id]


def test_creating_a_dispatch_is_a_sign_of_life(store: Store):
    store.acquire(OWNER, 900.0, STALE_S)
    create(store, created_at=1000.0)
    assert store.acquire("heir", 1029.0, STALE_S) == []
    store.acquire(OWNER, 1100.0, STALE_S)
    create(store, created_at=1000.0)
    assert store.acquire("heir", 1129.0, STALE_S) == []


def test_acquiring_is_a_sign_of_life(store: Store):
    dispatch_id = create(store, created_at=1000.0)
    assert store.acquire("heir", 2000.0, STALE_S) == [dispatch_id]
    assert store.acquire("third", 2029.0, STALE_S) == []
    assert store.acquire("third", 2031.0, STALE_S) == [dispatch_id]


def test_no_two_of_many_heirs_get_the_same_dispatch(database):
    stores = [database.open() for _ in range(6)]
    expected = {create(stores[0], owner=f"dead-{i % 7}", created_at=1000.0) for i in range(60)}
    heirs = [lambda s=s, i=i: s.acquire(f"heir-{i}", 2000.0, STALE_S) for i, s in enumerate(stores)]
    shares = at_once(heirs)
    taken = [dispatch_id for share in shares for dispatch_id in share]
    assert sorted(taken) == sorted(expected)
    for i, store in enumerate(stores):
        assert store.acquire(f"heir-{i}", 2001.0, STALE_S) == shares[i]
        store.close()


def test_of_many_who_take_the_same_step_one_succeeds(database):
    stores = [database.open() for _ in range(4)]
    dispatch_id = create(stores[0], tasks=30)
    move(stores[0], dispatch_id, *ready(*range(30)))
    for node_id in range(0, 30, 3):
        tries = [
            lambda s=s, i=i, n=node_id: move(s, dispatch_id, *submitted(n, n + 1, n + 2, group_id=f"group-{i}"))
            for i, s in enumerate(stores)
        ]
        results = at_once(tries)
        assert results.count(None) == 1
        assert sum(isinstance(r, IllegalTransitionError) for r in results) == 3
        winner = f"group-{results.index(None)}"
        for n in range(node_id, node_id + 3):
            assert [a.group_id for a in stores[0].attempts(dispatch_id, n)] == [winner]
    assert len(stores[0].events(dispatch_id)) == 1 + 30 + 30
    for store in stores:
        store.close()


def test_commits_of_the_same_dispatches_in_any_order_do_not_block_one_another_for_ever(database):
    stores = [database.open() for _ in range(4)]
    ids = [create(stores[0], tasks=100) for _ in range(3)]

    def work(index: int) -> None:
        for turn in range(20):
            order = ids if (index + turn) % 2 else ids[::-1]
            stores[index].commit([changes(i, ready(index * 25 + turn)) for i in order])

    assert at_once([lambda i=i: work(i) for i in range(4)]) == [None] * 4
    assert [stores[0].dispatch(i).counts for i in ids] == [{"NEW_OBJECT": 20, "READY": 80}] * 3
    for store in stores:
        store.close()


def test_the_same_dispatch_is_created_once_by_many_at_once(database):
    stores = [database.open() for _ in range(4)]

    tries = [lambda s=s: s.create_dispatch(info("the-same"), graph(2), {}, OWNER) for s in stores]
    assert sorted(at_once(tries)) == [False, False, False, True]
    assert len(stores[0].events("the-same")) == 1
    for store in stores:
        store.close()


def test_a_wish_to_cancel_is_heard_by_the_owner_until_the_dispatch_ends(store: Store):
    mine, others = create(store), create(store, owner="other")
    store.request_cancel(mine, None)
    store.request_cancel(mine, [2, 0])
    store.request_cancel(others, [])
    wishes = store.cancels(OWNER)
    assert [(w.dispatch_id, w.node_ids) for w in wishes] == [(mine, None), (mine, (2, 0))]
    assert wishes[0].seq < wishes[1].seq
    assert store.cancels(OWNER) == wishes
    assert [(w.dispatch_id, w.node_ids) for w in store.cancels("other")] == [(others, ())]
    move(store, mine, steps=(begin(), end(Status.CANCELLED)))
    assert store.cancels(OWNER) == []


def test_a_wish_follows_the_dispatch_to_whoever_takes_it_over(store: Store):
    dispatch_id = create(store, created_at=1000.0)
    store.request_cancel(dispatch_id, None)
    store.acquire("heir", 2000.0, STALE_S)
    assert [w.dispatch_id for w in store.cancels("heir")] == [dispatch_id]
    assert store.cancels(OWNER) == []


def test_a_wish_for_a_dispatch_that_has_ended_is_forgotten(store: Store):
    dispatch_id = create(store)
    cancel_now(store, dispatch_id)
    store.request_cancel(dispatch_id, None)
    assert store.cancels(OWNER) == []
    with pytest.raises(NotFoundError):
        store.request_cancel("nobody", None)
