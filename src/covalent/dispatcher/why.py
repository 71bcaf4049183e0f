"""Says in a sentence why something waits, failed or was tried again, from what the store knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..model import AttemptInfo, Graph, TaskInfo, TaskRef
from ..states import ACTIVE, Cause, Status

if TYPE_CHECKING:
    from .service import Dispatcher

#: Tasks that a sentence names one by one.
NAMED = 3


async def why_dispatch(dispatcher: Dispatcher, dispatch_id: str) -> str:
    """Why a dispatch is where it is.

    :raises NotFoundError: if there is none by that id
    """
    info = await dispatcher.info(dispatch_id)
    head = f"Dispatch {dispatch_id} ({info.name}) is {info.status}"
    if info.status is Status.NEW_OBJECT:
        return f"{head}: it was submitted without being started; start it to run it."
    if info.status is Status.COMPLETED:
        return f"{head}: all of its {info.tasks} tasks completed."
    if info.status is Status.CANCELLED:
        return f"{head}: somebody cancelled it; {info.counts.get('COMPLETED', 0)} of {info.tasks} tasks had completed."
    if info.status is Status.FAILED:
        return f"{head}: {info.error}"
    working = await dispatcher.threads.read(dispatcher.store.tasks, dispatch_id, statuses=ACTIVE, limit=NAMED)
    done = f"{info.counts.get('COMPLETED', 0)} of {info.tasks} tasks have completed"
    if working:
        names = ", ".join(f"{task.node_id} ({task.name}, {task.status})" for task in working)
        more = " and more" if sum(info.counts.get(s, 0) for s in ACTIVE) > len(working) else ""
        first = working[0]
        said = await dispatcher.why(dispatch_id, TaskRef(node_id=first.node_id, attempt=first.attempt))
        return f"{head}: {done}; it waits for {names}{more}. Of task {first.node_id}: {_under_way(first, [], said)}"
    return f"{head}: {done}; the next tasks are about to be handed over."


async def why_task(dispatcher: Dispatcher, dispatch_id: str, node_id: int) -> str:
    """Why a task is where it is.

    :raises NotFoundError: if the dispatch or the task does not exist
    """
    read, store = dispatcher.threads.read, dispatcher.store
    task = await read(store.task, dispatch_id, node_id)
    attempts = await read(store.attempts, dispatch_id, node_id)
    head = f"Task {node_id} ({task.name}) is {task.status}"
    if task.status is Status.NEW_OBJECT:
        graph = await read(store.graph, dispatch_id)
        return f"{head}: {await _waits_for(dispatcher, dispatch_id, graph, node_id)}"
    if task.status is Status.READY:
        return f"{head}: {_between_attempts(attempts)}"
    if task.status in ACTIVE:
        said = await dispatcher.why(dispatch_id, TaskRef(node_id=node_id, attempt=task.attempt))
        return f"{head}: {_under_way(task, attempts, said)}"
    if task.status is Status.COMPLETED:
        how = "its value was taken from an earlier dispatch" if task.reused else _after(attempts)
        return f"{head}: {how}."
    cause = f" [{task.cause}]" if task.cause and task.cause not in (Cause.UPSTREAM, Cause.CANCELLED) else ""
    tries = f" after {len(attempts)} attempts" if len(attempts) > 1 else ""
    return f"{head}{tries}{cause}: {task.message}"


async def _waits_for(dispatcher: Dispatcher, dispatch_id: str, graph: Graph, node_id: int) -> str:
    info = await dispatcher.info(dispatch_id)
    if info.status is Status.NEW_OBJECT:
        return "its dispatch was submitted without being started."
    node = graph.nodes[node_id]
    waiting = []
    for parent in sorted({*node.inputs, *node.after}):
        task = await dispatcher.threads.read(dispatcher.store.task, dispatch_id, parent)
        if task.status is not Status.COMPLETED:
            waiting.append(f"{parent} ({task.name}, {task.status})")
        if len(waiting) == NAMED:
            break
    return f"it waits for task {', '.join(waiting)}." if waiting else "it is about to become ready."


def _between_attempts(attempts: list[AttemptInfo]) -> str:
    if not attempts or attempts[-1].outcome is None:
        return "all that it depends on is there; it is about to be handed to its executor."
    last = attempts[-1]
    assert last.outcome is not None
    return (
        f"attempt {last.attempt} ended by {last.outcome.cause} ({last.outcome.message}); it waits for its next attempt."
    )


def _under_way(task: TaskInfo, attempts: list[AttemptInfo], said: str) -> str:
    """:param said: what its executor says of it, if anything"""
    if task.child_id:
        return f"its sublattice runs as dispatch {task.child_id}."
    last = attempts[-1] if attempts else None
    since = f" for {max(0.0, time.time() - (task.started_at or last.submitted_at)):.0f} s" if last else ""
    if said:
        text = said
    elif task.status is Status.SUBMITTED:
        text = f"executor {task.executor} has had it{since} and has not started it: all its places are taken or being made."
    elif task.status is Status.STARTING:
        text = f"executor {task.executor} has been preparing its environment{since}."
    else:
        text = f"it has been running{since} on executor {task.executor}."
    earlier = [attempt for attempt in attempts if attempt.outcome]
    if earlier and earlier[-1].outcome:
        text += f" It is attempt {task.attempt}: the one before ended by {earlier[-1].outcome.cause}"
        text += f" ({earlier[-1].outcome.message})."
    return text


def _after(attempts: list[AttemptInfo]) -> str:
    failed = [attempt.outcome for attempt in attempts if attempt.retried and attempt.outcome]
    if not failed:
        return "its first attempt ended well"
    causes = ", ".join(f"{outcome.cause} ({outcome.message})" for outcome in failed)
    return f"attempt {len(attempts)} ended well; those before ended by {causes}"
