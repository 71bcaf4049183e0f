"""The scheduler, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from covalent.model import NodeKind, Outcome, TaskRef
from covalent.scheduler import (
    Cancel,
    CancelAttempts,
    CancelChild,
    ChildEnded,
    Due,
    RetryLater,
    SendGroup,
    Start,
    StartChild,
    group_name,
)
from covalent.scheduler.policy import RetryPolicy
from covalent.states import Cause, Status

from .scheduling import World, cancelled, completed, failed, graph, node


def test_a_dispatch_without_tasks_completes_at_once():
    world = World(graph())
    assert world.start().ended
    assert world.status is Status.COMPLETED


def test_ready_tasks_that_are_alike_become_one_group():
    world = World(graph(node(), node(), node(function=1), functions=2))
    world.start()
    assert [[r.node_id for r in c.group.refs] for c in world.take(SendGroup)] == [[0, 1], [2]]


def test_a_task_runs_when_all_that_it_depends_on_has_completed():
    world = World(graph(node(), node(), node(0, after=(1,))))
    world.start()
    world.end(0, completed())
    assert world.tasks[2].status is Status.NEW_OBJECT
    world.end(1, completed())
    assert world.tasks[2].status is Status.SUBMITTED
    assert world.end(2, completed()).ended
    assert world.status is Status.COMPLETED


def test_a_failure_fails_what_depends_on_it_and_lets_the_rest_finish():
    world = World(graph(node(), node(0), node(1), node()))
    world.start()
    world.end(0, failed(message="ValueError: no"))
    assert [t.status for t in world.tasks] == [Status.FAILED, Status.FAILED, Status.FAILED, Status.SUBMITTED]
    assert world.tasks[2].cause is Cause.UPSTREAM and "task 0 (t) failed" in world.tasks[2].message
    assert world.status is Status.RUNNING
    world.end(3, completed())
    assert world.status is Status.FAILED
    assert world.error == "1 of 4 tasks failed, 2 did not run.\nTask 0 (t): ValueError: no"


def test_a_dispatch_reports_every_failure():
    world = World(graph(node(), node()))
    world.start()
    world.end(1, failed(message="second"))
    world.end(0, failed(message="first"))
    assert world.error.splitlines()[1:] == ["Task 0 (t): first", "Task 1 (t): second"]


def test_user_errors_are_retried_only_as_often_as_asked():
    world = World(graph(node()), retries=2)
    world.start()
    for attempt in (1, 2):
        world.end(0, failed(), attempt)
        (wait,) = world.take(RetryLater)
        assert wait.delay_s > 0
        world.feed(Due(at=3.0, node_id=0))
    world.end(0, failed(), 3)
    assert world.status is Status.FAILED and world.used == {0: {Cause.USER: 3}}


def test_tasks_that_ran_out_of_memory_as_often_come_again_together():
    world = World(graph(node(), node(), node(), node()), retries=2)
    world.start()
    world.take(SendGroup)
    for node_id, cause in enumerate([Cause.OUT_OF_MEMORY, Cause.USER, Cause.OUT_OF_MEMORY, Cause.OUT_OF_MEMORY]):
        world.end(node_id, failed(cause))
    world.feed(*(Due(at=3.0, node_id=node_id) for node_id in range(4)))
    groups = [c.group for c in world.take(SendGroup)]
    assert [[ref.node_id for ref in group.refs] for group in groups] == [[0, 2, 3], [1]]
    assert [world.scheduler.out_of_memory(group.refs[0].node_id) for group in groups] == [1, 0]


def test_running_out_of_memory_is_retried_only_as_often_as_asked():
    world = World(graph(node()), retries=1)
    world.start()
    world.end(0, failed(Cause.OUT_OF_MEMORY))
    world.feed(Due(at=3.0, node_id=0))
    world.end(0, failed(Cause.USER))
    assert world.status is Status.FAILED
    assert world.used == {0: {Cause.OUT_OF_MEMORY: 1, Cause.USER: 1}}


def test_what_is_known_elsewhere_of_a_cancelled_attempt_stays_known():
    world = World(graph(node()))
    world.start()
    world.feed(Cancel(at=2.0))
    world.end(0, failed(Cause.LOST, details="far://bucket/details"))
    assert world.runs[0, 1].details == "far://bucket/details"


@pytest.mark.parametrize("cause", [Cause.PREEMPTED, Cause.HOST, Cause.LOST])
def test_infrastructure_failures_are_retried_without_asking(cause):
    world = World(graph(node()))
    world.start()
    world.end(0, failed(cause))
    assert world.tasks[0].status is Status.READY
    world.feed(Due(at=3.0, node_id=0))
    world.end(0, completed())
    assert world.status is Status.COMPLETED


@pytest.mark.parametrize("cause", [Cause.USER, Cause.IMAGE, Cause.ENVIRONMENT, Cause.CONFIG, Cause.TIMEOUT])
def test_what_would_fail_again_is_not_retried(cause):
    world = World(graph(node()))
    world.start()
    world.end(0, failed(cause, started=False))
    assert world.tasks[0].status is Status.FAILED


def test_an_attempt_that_never_started_costs_nothing_but_does_not_repeat_for_ever():
    world = World(graph(node()))
    world.start()
    for attempt in range(1, 200):
        if world.tasks[0].status.is_final:
            break
        world.end(0, failed(Cause.LOST, started=False), attempt)
        world.feed(Due(at=3.0, node_id=0))
    assert 50 < attempt < 150 and world.used == {}


def test_late_and_repeated_news_changes_nothing():
    world = World(graph(node()), retries=1)
    world.start()
    world.end(0, failed(), 1)
    world.feed(Due(at=3.0, node_id=0))
    before = list(world.history)
    world.end(0, completed(), 1)
    assert world.history == before
    world.end(0, completed(), 2)
    world.end(0, failed(), 2)
    world.feed(world.news(0, 2, Status.RUNNING))
    assert world.status is Status.COMPLETED and len(world.runs) == 2


def test_running_is_reported_once_and_never_goes_back():
    world = World(graph(node()))
    world.start()
    world.feed(world.news(0, 1, Status.RUNNING), world.news(0, 1, Status.STARTING), world.news(0, 1, Status.RUNNING))
    assert [step[2] for step in world.history] == [Status.READY, Status.SUBMITTED, Status.RUNNING]


def test_cancelling_a_dispatch_ends_what_waits_and_asks_for_what_runs():
    world = World(graph(node(), node(0), node()))
    world.start()
    world.feed(Cancel(at=2.0))
    assert world.tasks[1].status is Status.CANCELLED
    (command,) = world.take(CancelAttempts)
    assert {r.node_id for r in command.refs} == {0, 2}
    world.end(0, completed())
    world.end(2, cancelled())
    assert world.tasks[0].status is Status.COMPLETED and world.status is Status.CANCELLED


def test_cancelling_some_tasks_cancels_what_depends_on_them_and_no_other():
    world = World(graph(node(), node(0), node()))
    world.start()
    world.feed(Cancel(at=2.0, node_ids=(0,)))
    world.end(0, cancelled())
    world.end(2, completed())
    assert [t.status for t in world.tasks] == [Status.CANCELLED, Status.CANCELLED, Status.COMPLETED]
    assert world.status is Status.CANCELLED


def test_a_cancelled_attempt_is_not_retried_whatever_ended_it():
    world = World(graph(node()), retries=5)
    world.start()
    world.feed(Cancel(at=2.0))
    world.end(0, failed(Cause.LOST))
    assert world.tasks[0].status is Status.CANCELLED and world.status is Status.CANCELLED


def test_a_dispatch_cancelled_before_it_started_never_runs():
    world = World(graph(node(), node(0)))
    world.feed(Cancel(at=1.0))
    assert world.status is Status.CANCELLED and not world.runs
    world.start()
    assert world.status is Status.CANCELLED and not world.runs


def test_a_task_that_waits_for_its_retry_can_be_cancelled():
    world = World(graph(node()), retries=1)
    world.start()
    world.end(0, failed())
    world.feed(Cancel(at=2.0))
    world.feed(Due(at=3.0, node_id=0))
    assert world.status is Status.CANCELLED and len(world.runs) == 1


def test_a_sublattice_runs_as_a_child_and_ends_as_its_child_does():
    world = World(graph(node(kind=NodeKind.SUBLATTICE), node(0)))
    world.start()
    world.end(0, completed())
    (command,) = world.take(StartChild)
    assert (command.node_id, command.attempt) == (0, 1)
    assert world.tasks[0].status is Status.RUNNING and world.tasks[1].status is Status.NEW_OBJECT
    world.feed(ChildEnded(at=3.0, node_id=0, outcome=completed()))
    assert world.tasks[1].status is Status.SUBMITTED


def test_cancelling_a_sublattice_cancels_its_child():
    world = World(graph(node(kind=NodeKind.SUBLATTICE)))
    world.start()
    world.end(0, completed())
    world.feed(Cancel(at=2.0))
    assert [c.node_id for c in world.take(CancelChild)] == [0]
    world.feed(ChildEnded(at=3.0, node_id=0, outcome=cancelled()))
    assert world.status is Status.CANCELLED


def test_values_of_an_earlier_dispatch_are_taken_without_running():
    world = World(graph(node(), node(0), node(1)))
    world.feed(Start(at=1.0, reused={0: completed(), 1: completed()}))
    assert [t.status for t in world.tasks] == [Status.COMPLETED, Status.COMPLETED, Status.SUBMITTED]
    assert list(world.runs) == [(2, 1)]


def test_group_names_are_valid_on_every_cloud():
    name = group_name("9f8b6b0e-7a52-4bb0-9a5e-2f3b8f6f1f10", TaskRef(node_id=9_999_999, attempt=999))
    assert len(name) <= 63 and name[0].isalpha() and name[-1].isalnum() and name == name.lower()


def test_an_executor_that_fails_before_anything_runs_and_cannot_say_why_is_asked_once_more_and_no_oftener():
    outcome = Outcome(status=Status.FAILED, cause=Cause.UNKNOWN, message="a bug", started=False)
    assert not RetryPolicy().is_free(outcome)
    assert RetryPolicy().allows(Cause.UNKNOWN, {Cause.UNKNOWN: 1})
    assert not RetryPolicy().allows(Cause.UNKNOWN, {Cause.UNKNOWN: 2})
    assert RetryPolicy().is_free(replace(outcome, cause=Cause.HOST))
