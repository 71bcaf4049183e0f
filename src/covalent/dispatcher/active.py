"""A dispatch that is under way in this dispatcher."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ExecutorError, SecretError
from ..executor.base import AsyncBaseExecutor, Runtime
from ..model import DispatchInfo, ExecutorSpec, GroupMetadata, GroupRecord, Outcome, Snapshot, TaskUpdate
from ..scheduler import DispatchScheduler, RetryPolicy
from .groups import GroupDriver
from .refused import Locked, Refused
from .resources import DispatchResources
from .vault import Opened

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ActiveDispatch:
    """Its schedule, its executors and the groups that are out."""

    info: DispatchInfo  #: As stored.
    scheduler: DispatchScheduler
    resources: DispatchResources
    executors: list[AsyncBaseExecutor]
    children: dict[int, str] = field(default_factory=dict)  #: Child dispatch of a sublattice, by node id.
    drivers: dict[str, GroupDriver] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    timers: set[asyncio.TimerHandle] = field(default_factory=set)
    reuse: Mapping[int, int] = field(default_factory=dict)  #: Node of the earlier dispatch that is the same task.
    reused: Mapping[int, Outcome] = field(default_factory=dict)  #: Those of them whose value is there.

    def show(self) -> None:
        """Make its present state visible; called when that is stored, for nobody may see what a crash could undo."""
        scheduler = self.scheduler
        self.info = replace(self.info, status=scheduler.status, counts=scheduler.counts(), not_run=scheduler.not_run())

    def drive(
        self,
        group: GroupRecord,
        report: Callable[[list[TaskUpdate]], Awaitable[None]],
        keep_handle: Callable[[str, Any], None],
    ) -> GroupDriver:
        """A driver for ``group``, known by its id until it is done."""
        graph = self.scheduler.graph
        metadata = GroupMetadata(
            dispatch_id=self.info.id,
            group_id=group.group_id,
            node_ids=tuple(ref.node_id for ref in group.refs),
            cwd=graph.cwd,
            python=graph.python,
            # The same for all of them: the scheduler forms groups so.
            out_of_memory=self.scheduler.out_of_memory(group.refs[0].node_id),
        )
        driver = GroupDriver(
            executor=self.executors[group.executor],
            resources=self.resources,
            metadata=metadata,
            refs=group.refs,
            report=report,
            keep_handle=keep_handle,
        )
        self.drivers[group.group_id] = driver
        return driver

    def spawn(self, work: Awaitable[None], group_id: str | None = None) -> None:
        """Run something that ends with the dispatch at the latest; ``group_id`` names the driver that ends with it."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self.tasks.discard(task)
            if group_id is not None:
                self.drivers.pop(group_id, None)

        task.add_done_callback(ended)

    def stop(self) -> None:
        """Drop everything that is under way here; what executors do goes on."""
        self.stop_timers()
        for task in self.tasks:
            task.cancel()

    def stop_timers(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


def activate(
    snapshot: Snapshot, resources: DispatchResources, runtime: Runtime, secrets: Opened, sender: str
) -> ActiveDispatch:
    """Make a stored dispatch one that is under way. Nothing happens until its scheduler is fed.

    :param secrets: what its executors refer to
    :param sender: names this dispatcher in what it sends
    """
    executors = [_bound(spec, runtime, secrets) for spec in snapshot.graph.executors]
    policies = [RetryPolicy(retries=executor.retry_budget()) for executor in executors]
    return ActiveDispatch(
        info=snapshot.info,
        scheduler=DispatchScheduler(snapshot, policies, sender),
        resources=resources,
        executors=executors,
        children={t.node_id: t.child_id for t in snapshot.tasks if t.child_id and not t.status.is_final},
    )


def _bound(spec: ExecutorSpec, runtime: Runtime, secrets: Opened) -> AsyncBaseExecutor:
    try:
        executor = secrets.executor(spec)
    except SecretError as error:
        log.warning("%s", error)
        return Locked(error)
    except ExecutorError as error:
        return Refused(error)
    executor.bind(runtime)
    return executor
