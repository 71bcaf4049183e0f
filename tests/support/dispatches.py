"""Dispatches for tests of what stores them, and the steps that they take."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

from covalent.model import (
    Blob,
    Changes,
    DispatchInfo,
    DispatchStep,
    Environment,
    ExecutorSpec,
    Function,
    Graph,
    GroupRecord,
    Node,
    Outcome,
    TaskRef,
    Transition,
)
from covalent.states import Cause, Status
from covalent.store import Store

OWNER = "dispatcher-1"

_numbers = itertools.count(1)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def blob(text: str, **more: Any) -> Blob:
    data = text.encode()
    return Blob(digest=hashlib.sha256(data).hexdigest(), size=len(data), data=data, **more)


def file(text: str, **more: Any) -> Blob:
    """A blob whose bytes are a file of the object store."""
    return Blob(digest=digest(text), size=len(text), **more)


def graph(tasks: int = 3, **more: Any) -> Graph:
    return Graph(
        **{
            "name": "flow",
            "nodes": tuple(Node(name=f"task {i}", function=0, args=digest(f"args {i}")) for i in range(tasks)),
            "functions": (Function(name="work", digest=digest("work"), source="def work(): ..."),),
            "environments": (Environment(pip=("numpy==2.0",)),),
            "executors": (ExecutorSpec(name="local", options={"workers": 2, "env": {"A": "1"}}),),
            "output": digest("output"),
            "output_inputs": tuple(range(tasks)),
            **more,
        }
    )


def info(dispatch_id: str | None = None, **more: Any) -> DispatchInfo:
    chosen = dispatch_id or f"dispatch-{next(_numbers)}"
    return DispatchInfo(
        **{
            "id": chosen,
            "name": "flow",
            "status": Status.NEW_OBJECT,
            "created_at": 1000.0,
            "root_id": chosen,
            **more,
        }
    )


def create(store: Store, tasks: int = 3, owner: str = OWNER, **more: Any) -> str:
    """Store a dispatch; return its id."""
    made = info(**more)
    assert store.create_dispatch(made, graph(tasks), {}, owner)
    return made.id


def step(node_id: int, source: Status, target: Status, attempt: int = 0, at: float = 2000.0, **more: Any) -> Transition:
    return Transition(node_id=node_id, attempt=attempt, source=source, target=target, at=at, **more)


def ready(*node_ids: int, at: float = 2000.0) -> tuple[Transition, ...]:
    return tuple(step(n, Status.NEW_OBJECT, Status.READY, at=at) for n in node_ids)


def submitted(
    *node_ids: int, attempt: int = 1, group_id: str = "group-1", at: float = 2001.0
) -> tuple[Transition, ...]:
    return tuple(step(n, Status.READY, Status.SUBMITTED, attempt, at, group_id=group_id) for n in node_ids)


def running(*node_ids: int, attempt: int = 1, at: float = 2002.0) -> tuple[Transition, ...]:
    return tuple(step(n, Status.SUBMITTED, Status.RUNNING, attempt, at) for n in node_ids)


def ended(
    node_id: int, outcome: Outcome, attempt: int = 1, source: Status = Status.RUNNING, at: float = 2003.0
) -> Transition:
    return step(node_id, source, outcome.status, attempt, at, outcome=outcome)


def completed(text: str = "value", **more: Any) -> Outcome:
    return Outcome(**{"status": Status.COMPLETED, "output": blob(text), **more})


def failed(cause: Cause = Cause.USER, **more: Any) -> Outcome:
    return Outcome(**{"status": Status.FAILED, "cause": cause, "message": "it failed", **more})


def group(*node_ids: int, attempt: int = 1, group_id: str = "group-1", **more: Any) -> GroupRecord:
    refs = tuple(TaskRef(node_id=n, attempt=attempt) for n in node_ids)
    return GroupRecord(**{"group_id": group_id, "executor": 0, "refs": refs, **more})


def changes(dispatch_id: str, transitions: Sequence[Transition] = (), **more: Any) -> Changes:
    return Changes(dispatch_id=dispatch_id, transitions=tuple(transitions), **more)


def move(store: Store, dispatch_id: str, *transitions: Transition, **more: Any) -> None:
    """Commit steps of one dispatch's tasks."""
    store.commit([changes(dispatch_id, transitions, **more)])


def begin(at: float = 1500.0) -> DispatchStep:
    return DispatchStep(source=Status.NEW_OBJECT, target=Status.RUNNING, at=at)


def end(status: Status = Status.COMPLETED, at: float = 3000.0, error: str = "") -> DispatchStep:
    return DispatchStep(source=Status.RUNNING, target=status, at=at, error=error)


def cancel_now(store: Store, dispatch_id: str) -> None:
    """End a dispatch that has not begun."""
    step_ = DispatchStep(source=Status.NEW_OBJECT, target=Status.CANCELLED, at=1600.0)
    store.commit([Changes(dispatch_id=dispatch_id, steps=(step_,))])


def run_to_running(store: Store, dispatch_id: str, *node_ids: int) -> None:
    """Bring tasks of a new dispatch to RUNNING in their first attempt, all in one group."""
    move(
        store,
        dispatch_id,
        *ready(*node_ids),
        *submitted(*node_ids),
        *running(*node_ids),
        groups=(group(*node_ids),),
        steps=(begin(),),
    )
