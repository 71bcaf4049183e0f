"""The scheduler under random graphs, random outcomes and random interleavings. The rules are asserted by ``World``."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from covalent.model import Graph, NodeKind
from covalent.scheduler import Cancel, CancelAttempts, CancelChild, ChildEnded, Due, RetryLater, SendGroup, StartChild
from covalent.states import Cause, Status

from .scheduling import World, cancelled, completed, failed, graph, node

OUTCOMES = st.sampled_from(
    [completed()] * 6
    + [failed(cause) for cause in Cause if cause is not Cause.UPSTREAM]
    + [failed(Cause.LOST, started=False), failed(Cause.PREEMPTED, started=False), cancelled()]
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes = []
    for index in range(draw(st.integers(0, 12))):
        earlier = st.lists(st.integers(0, index - 1), max_size=3, unique=True) if index else st.just([])
        nodes.append(
            node(
                *draw(earlier),
                after=tuple(draw(earlier)),
                function=draw(st.integers(0, 1)),
                kind=draw(st.sampled_from([NodeKind.TASK] * 4 + [NodeKind.SUBLATTICE])),
            )
        )
    return graph(*nodes, functions=2)


def one_move(world: World, draw: st.DrawFn) -> None:
    """Something that the outside may do next: any of it, in any order."""
    attempts = list(world.runs)
    choice = draw(st.integers(0, 9))
    if choice == 0:
        world.crash()
    elif choice == 1 and attempts:
        node_id, attempt = draw(st.sampled_from(attempts))
        world.feed(world.news(node_id, attempt, draw(st.sampled_from([Status.STARTING, Status.RUNNING]))))
    elif choice == 2 and attempts:
        node_id, attempt = draw(st.sampled_from(attempts))
        world.end(node_id, draw(OUTCOMES), attempt)
    elif choice == 3 and world.graph.nodes and draw(st.integers(0, 3)) == 0:
        ids = st.lists(st.integers(0, len(world.graph.nodes) - 1), min_size=1, max_size=3).map(tuple)
        world.feed(Cancel(at=2.0, node_ids=draw(st.one_of(st.none(), ids))))
    else:
        finish_something(world, draw)


def first_choice(strategy: st.SearchStrategy[object]) -> object:
    """Draws without chance: everything ends well from now on."""
    return strategy.elements[0]  # type: ignore[attr-defined]


def finish_something(world: World, draw: Callable[[st.SearchStrategy[object]], object]) -> None:
    children = [t.node_id for t in world.tasks if t.child_id and not t.status.is_final]
    waits = world.take(RetryLater)
    links = world.take(StartChild)
    world.take(SendGroup)
    for command in links:
        world.pending.append(command)
    if links:
        world.carry_out(lambda *_: completed())
    if waits:
        world.feed(*(Due(at=3.0, node_id=wait.node_id) for wait in waits))
    if children:
        ended = draw(st.sampled_from([completed(), failed(), cancelled()]))
        world.feed(ChildEnded(at=3.0, node_id=children[0], outcome=ended))
    for command in world.take(CancelAttempts):
        for ref in command.refs:
            world.end(ref.node_id, cancelled(), ref.attempt)
    for command in world.take(CancelChild):
        world.feed(ChildEnded(at=3.0, node_id=command.node_id, outcome=cancelled()))
    if out := world.out():
        node_id, attempt = draw(st.sampled_from(out))
        world.end(node_id, draw(OUTCOMES), attempt)


@settings(max_examples=400, deadline=None)
@given(graph=graphs(), retries=st.integers(0, 2), moves=st.integers(0, 60), data=st.data())
def test_every_dispatch_ends_by_the_rules(graph, retries, moves, data):
    world = World(graph, retries=retries)
    world.start()
    for _ in range(moves):
        one_move(world, data.draw)
    for _ in range(2_000):
        if world.status.is_final:
            break
        finish_something(world, first_choice)
    assert world.status.is_final, "the dispatch never ended"
    assert all(task.status.is_final for task in world.tasks)
    ended = [key for key, outcome in world.runs.items() if outcome is None]
    assert not ended, "an attempt was left without an outcome"
    statuses = {task.status for task in world.tasks}
    if world.status is Status.COMPLETED:
        assert statuses <= {Status.COMPLETED}
    else:
        assert statuses - {Status.COMPLETED}
