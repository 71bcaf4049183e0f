"""Secrets as the store keeps them: encrypted by others, by dispatch, for as long as somebody needs them. Over SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from covalent.model import ExecutorSpec
from covalent.store import Store
from tests.contract.conftest import TestDatabase
from tests.support.dispatches import OWNER, cancel_now, graph, group, info, move

ONE, TWO = "1" * 32, "2" * 32


def create(store: Store, secrets: Mapping[str, bytes], *refer: str, **more: Any) -> str:
    """A dispatch, of whose executors one for each of ``refer`` keeps something elsewhere."""
    made = info(**more)
    executors = tuple(ExecutorSpec(name="far", options={"password": {"$secret": one}}) for one in refer)
    drawn = graph(nodes=graph(max(1, len(refer))).nodes, executors=executors or (ExecutorSpec(name="local"),))
    assert store.create_dispatch(made, drawn, {}, OWNER, keepers=range(len(refer)), secrets=secrets)
    return made.id


def end(store: Store, dispatch_id: str, groups: int) -> str:
    move(
        store,
        dispatch_id,
        groups=tuple(group(n, group_id=f"{dispatch_id}-{n}", executor=n) for n in range(groups)),
    )
    cancel_now(store, dispatch_id)
    return dispatch_id


def rows(database: TestDatabase) -> int:
    connection = database.connect()
    try:
        ((count,),) = connection.execute("SELECT COUNT(*) FROM secret").fetchall()
        return int(count)
    finally:
        connection.close()


def test_secrets_are_found_by_id_in_their_dispatch_first_and_then_in_any(store: Store):
    one = create(store, {ONE: b"one", TWO: b"two"})
    other = create(store, {ONE: b"another"})
    assert store.secrets([ONE, TWO], one) == {ONE: b"one", TWO: b"two"}
    assert store.secrets([ONE, TWO], other) == {ONE: b"another", TWO: b"two"}
    assert store.secrets([TWO]) == {TWO: b"two"}
    assert store.secrets(["3" * 32], one) == {}
    assert store.secrets([], one) == {}


def test_secrets_go_with_their_dispatch(store: Store, database: TestDatabase):
    one, other = end(store, create(store, {ONE: b"one"}), 0), create(store, {ONE: b"one", TWO: b"two"})
    store.purge([one])
    assert store.secrets([ONE, TWO]) == {ONE: b"one", TWO: b"two"}
    end(store, other, 0)
    store.purge([other])
    assert store.secrets([ONE, TWO]) == {}
    assert rows(database) == 0


def test_a_redispatch_has_those_of_the_earlier_one_also_when_that_is_gone(store: Store):
    one = create(store, {ONE: b"one", TWO: b"two"})
    again = create(store, {TWO: b"new"}, redispatch_of=one)
    end(store, one, 0)
    store.purge([one])
    assert store.secrets([ONE, TWO], again) == {ONE: b"one", TWO: b"new"}


def test_a_secret_stays_while_its_executor_has_something_to_delete_elsewhere(store: Store, database: TestDatabase):
    one = end(store, create(store, {ONE: b"one", TWO: b"two"}, ONE), 1)
    other = end(store, create(store, {ONE: b"one"}, ONE), 1)
    store.purge([one, other])
    assert store.secrets([ONE, TWO]) == {ONE: b"one"}
    assert rows(database) == 1
    store.forget_leftovers([f"{one}-0"])
    assert store.secrets([ONE]) == {ONE: b"one"}
    store.forget_leftovers([f"{other}-0"])
    assert rows(database) == 0


def test_a_dispatch_that_exists_keeps_its_secrets(store: Store):
    one = create(store, {ONE: b"one"})
    assert not store.create_dispatch(info(one), graph(), {}, OWNER, secrets={ONE: b"other", TWO: b"two"})
    assert store.secrets([ONE, TWO], one) == {ONE: b"one"}
