"""What a case works with: a server, the executor under test, and a witness of what its tasks do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import covalent as ct

from ...client.server import connect
from ...client.views import AttemptView, TaskView
from ...executor.base import AsyncBaseExecutor
from ...executor.registry import get_executor
from ...model import ExecutorSpec
from ...states import Cause, Status
from ..harness import LOOK_S, Harness
from ..witness import Witness
from .observed import Moment, ObservedExecutor


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a case waits, and what fits."""

    patience_s: float  #: For anything at all.
    time_limit_s: float  #: The shortest time limit that can be told from the time that a task takes to start.
    slots: int | None  #: Tasks that run at once; None if that cannot be said.


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A case gets one."""

    harness: Harness
    witness: Witness
    short_name: str
    options: Mapping[str, Any]
    retries_option: str | None
    time_limit_option: str | None
    limits: Limits
    _runs: list[Run] = field(default_factory=list)

    # The executor under test

    def executor(self, **overrides: Any) -> ExecutorSpec:
        """With the settings under test; a task that fails by its own fault is not run again."""
        retries = {self.retries_option: 0} if self.retries_option else {}
        return ExecutorSpec(name=self.short_name, options={**retries, **self.options, **overrides})

    def made(self, **overrides: Any) -> AsyncBaseExecutor:
        """The same as an object, outside a dispatcher."""
        spec = self.executor(**overrides)
        return get_executor(spec.name, spec.options)

    def retrying(self, times: int) -> ExecutorSpec:
        """One that runs a task again that failed by its own fault."""
        if self.retries_option is None:
            pytest.skip(f"executor {self.short_name!r} has no setting for retries")
        return self.executor(**{self.retries_option: times})

    def limited(self) -> ExecutorSpec:
        """One with a time limit."""
        if self.time_limit_option is None:
            pytest.skip(f"executor {self.short_name!r} has no setting for a time limit")
        return self.executor(**{self.time_limit_option: self.limits.time_limit_s})

    def dying(self, notes: Path, *deaths: Moment) -> ObservedExecutor:
        """One at which the dispatcher dies."""
        inner = self.executor()
        return ObservedExecutor(observed=inner.name, notes=str(notes), deaths=list(deaths), **inner.options)

    # Tasks and workflows

    def task(self, function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
        """An electron on the executor under test, or on the one that ``executor=`` names."""
        return ct.electron(function, **{"executor": self.executor(), **settings})

    def start(self, workflow: Callable[..., Any], *args: Any, **kwargs: Any) -> Run:
        """Dispatch a function, or a task alone, as a lattice."""
        return self.follow(ct.dispatch(ct.lattice(workflow))(*args, **kwargs))

    def delete(self, run: Run) -> None:
        """Delete a dispatch that has ended."""
        self._runs.remove(run)
        connect().delete(run.id)

    def follow(self, dispatch_id: str) -> Run:
        """A dispatch, which is cancelled with the end of the case if it has not ended by then."""
        self._runs.append(Run(self, dispatch_id))
        return self._runs[-1]

    def run(self, workflow: Callable[..., Any], *args: Any, **kwargs: Any) -> Run:
        """The same as :meth:`start`, ended."""
        return self.start(workflow, *args, **kwargs).ended()

    def clear_up(self) -> None:
        """Leave nothing that keeps the next case waiting."""
        if self.harness.pid is None:
            self.harness.start()
        runs, self._runs[:] = self._runs[:], []
        open_runs = [run for run in runs if not ct.get_result(run.id).status.is_final]
        for run in open_runs:
            run.cancel()
        for run in open_runs:
            run.ended()


class Run:
    """One dispatch."""

    def __init__(self, lab: Lab, dispatch_id: str) -> None:
        self._lab, self.id = lab, dispatch_id

    def ended(self) -> Run:
        """Itself, once it has ended.

        :raises AssertionError: if that takes longer than the suite's patience
        """
        self._lab.harness.wait(self.id, self._lab.limits.patience_s)
        return self

    @cached_property
    def result(self) -> ct.Result:
        """As it stands when it is first asked for."""
        return ct.get_result(self.id)

    @property
    def value(self) -> Any:
        """What the workflow returned; raises what a task has raised."""
        return self.result.result

    def status(self, node_id: int = 0) -> Status:
        """Of a task, now."""
        return self.task(node_id).status

    def wait_for(self, status: Status, node_id: int = 0) -> None:
        """Return once a task has that status.

        :raises AssertionError: if it has not, after the suite's patience
        """
        deadline = time.monotonic() + self._lab.limits.patience_s
        while (found := self.status(node_id)) is not status:
            assert time.monotonic() < deadline, f"task {node_id} is {found}, not {status}"
            time.sleep(LOOK_S)

    def task(self, node_id: int = 0) -> TaskView:
        """A task as it stands now, with its attempts."""
        return connect().task(self.id, node_id)

    def attempts(self, node_id: int = 0) -> tuple[AttemptView, ...]:
        """All attempts of a task that have been made by now."""
        return self.task(node_id).attempts

    def log(self, stream: str, node_id: int = 0) -> str:
        """What the last attempt of a task has written by now."""
        return ct.get_result(self.id).get_node_result(node_id).log(stream)

    def cancel(self, *node_ids: int) -> None:
        ct.cancel(self.id, list(node_ids) or None)

    def failed_with(self, cause: Cause, node_id: int = 0) -> str:
        """The message of a task that has failed with that cause.

        :raises AssertionError: if it has not
        """
        task = self.task(node_id)
        found = (task.status, task.cause)
        assert found == (Status.FAILED, cause), f"{found[0]} [{found[1]}]: {task.message}"
        return task.message
