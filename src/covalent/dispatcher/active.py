"""A dispatch that is under way in this dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ExecutorError
from ..executor.base import AsyncBaseExecutor, Resources, Runtime
from ..executor.registry import get_executor
from ..model import DispatchInfo, ExecutorSpec, GroupMetadata, GroupRecord, Outcome, Snapshot, TaskRef, TaskUpdate
from ..scheduler import DispatchScheduler, RetryPolicy
from .groups import GroupDriver
from .resources import DispatchResources


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
        self.info = replace(self.info, status=self.scheduler.status, counts=self.scheduler.counts())

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


def activate(snapshot: Snapshot, resources: DispatchResources, runtime: Runtime, sender: str) -> ActiveDispatch:
    """Make a stored dispatch one that is under way. Nothing happens until its scheduler is fed.

    :param sender: names this dispatcher in what it sends
    """
    executors = [_bound(spec, runtime) for spec in snapshot.graph.executors]
    policies = [RetryPolicy(retries=executor.retry_budget()) for executor in executors]
    return ActiveDispatch(
        info=snapshot.info,
        scheduler=DispatchScheduler(snapshot, policies, sender),
        resources=resources,
        executors=executors,
        children={t.node_id: t.child_id for t in snapshot.tasks if t.child_id and not t.status.is_final},
    )


class _Refused(AsyncBaseExecutor):
    """Stands where an executor could not be made; every group that it is sent fails with the reason."""

    short_name = "refused"

    def __init__(self, error: ExecutorError) -> None:
        self._error = error

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> Any:
        raise self._error

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> Any:
        raise self._error

    async def poll(self, metadata: GroupMetadata, handle: Any) -> Any:
        raise self._error

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        raise self._error

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        return False


def _bound(spec: ExecutorSpec, runtime: Runtime) -> AsyncBaseExecutor:
    try:
        executor = get_executor(spec.name, spec.options)
    except ExecutorError as error:
        return _Refused(error)
    executor.bind(runtime)
    return executor
