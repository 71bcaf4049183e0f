"""Sublattices: the dispatch that a task stands for, its making, and what its end means for the task."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from ..errors import CovalentError
from ..model import Blob, DispatchInfo, Graph, Outcome, Submission
from ..scheduler import Cancel, CancelChild, ChildEnded, SchedulerEvent, StartChild
from ..serialize import decode_submission
from ..states import Cause, Status
from .active import ActiveDispatch
from .elsewhere import Elsewhere
from .resources import DispatchResources
from .threads import StoreThreads

log = logging.getLogger(__name__)

#: Seconds before a child that could not be stored for a passing reason is tried again: the first wait and the longest.
RETRY_S: Final = (0.1, 5.0)

#: How far results may refer to one another. Whoever opens them follows the references on his stack.
DEEPEST: Final = 200

Create = Callable[[DispatchInfo, Submission], Awaitable[None]]
Post = Callable[[str, SchedulerEvent], "asyncio.Future[None]"]


def child_id(parent_id: str, node_id: int, attempt: int) -> str:
    """The id of the child that an attempt starts; the same whenever it is asked for, so that none is made twice."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"covalent:{parent_id}:{node_id}:{attempt}"))


def _depth(blob: Blob) -> int:
    """How many blobs refer to one another in a row, at most."""
    depth, level = 0, [blob]
    while level:
        depth, level = depth + 1, [part for one in level for part in one.inputs]
    return depth


class Sublattices:
    """Makes, cancels and concludes children.

    :param create: stores a dispatch and starts it; nothing happens if it exists
    :param post: hands an event to a dispatch that is under way
    """

    def __init__(
        self,
        threads: StoreThreads,
        elsewhere: Elsewhere,
        *,
        resources: Callable[[str, Graph], DispatchResources],
        create: Create,
        post: Post,
    ) -> None:
        self._threads, self._elsewhere = threads, elsewhere
        self._resources, self._create, self._post = resources, create, post

    async def start(self, active: ActiveDispatch, command: StartChild) -> None:
        """Make the child of a sublattice's task; repeated after a crash it finds what it made."""
        delay_s, longest_s = RETRY_S
        while True:
            try:
                await self._make(active, command)
            except Exception as error:
                if isinstance(error, CovalentError) and error.retryable:
                    log.warning("%s; trying again in %g s", error, delay_s)
                    await asyncio.sleep(delay_s)
                    delay_s = min(delay_s * 2, longest_s)
                    continue
                log.exception("the sublattice of task %d of %s could not start", command.node_id, active.info.id)
                message = f"The sublattice could not start: {error}"
                outcome = Outcome(status=Status.FAILED, cause=Cause.UNKNOWN, message=message)
                self._post(active.info.id, ChildEnded(at=time.time(), node_id=command.node_id, outcome=outcome))
            return

    async def _make(self, active: ActiveDispatch, command: StartChild) -> None:
        parent, node_id = active.info, command.node_id
        child = child_id(parent.id, node_id, command.attempt)
        encoded = await self._elsewhere.read(command.submission, parent.id)
        submission = await self._threads.read(decode_submission, encoded)
        earlier = await self._earlier_child(active, node_id)
        info = DispatchInfo(
            id=child,
            name=submission.graph.name,
            status=Status.RUNNING,
            created_at=time.time(),
            parent_id=parent.id,
            parent_node=node_id,
            root_id=parent.root_id,
            redispatch_of=earlier,
            reuse=earlier is not None,
            tasks=len(submission.graph.nodes),
            executors=submission.graph.executor_names(),
        )
        await self._create(info, replace(submission, start=True))
        await self._threads.write(self._threads.store.set_child, parent.id, node_id, child)
        active.children[node_id] = child
        if active.scheduler.is_unwanted(node_id):
            # Cancelled while it was being made.
            self._post(child, Cancel(at=time.time()))

    def cancel(self, active: ActiveDispatch, command: CancelChild) -> None:
        """Pass a cancellation on."""
        if child := active.children.get(command.node_id):
            self._post(child, Cancel(at=time.time()))

    async def conclude(self, info: DispatchInfo) -> None:
        """Tell the task that a dispatch stands for how it ended, if it is a child."""
        if info.parent_id is None or info.parent_node is None:
            return
        outcome = await self._outcome(info)
        self._post(info.parent_id, ChildEnded(at=time.time(), node_id=info.parent_node, outcome=outcome))

    async def _earlier_child(self, active: ActiveDispatch, node_id: int) -> str | None:
        """The child that the same sublattice ran as in the dispatch whose values may be reused."""
        old = active.reuse.get(node_id)
        if old is None or active.info.redispatch_of is None:
            return None
        return (await self._threads.read(self._threads.store.task, active.info.redispatch_of, old)).child_id

    async def _outcome(self, child: DispatchInfo) -> Outcome:
        store = self._threads.store
        if child.status is Status.COMPLETED:
            graph = await self._threads.read(store.graph, child.id)
            output = await self._resources(child.id, graph).result()
            if _depth(output) > DEEPEST:
                message = (
                    f"Its result passes through more than {DEEPEST} sublattices that return each other's results. "
                    "Let an electron make the value on the way, or loop instead of recursing."
                )
                return Outcome(status=Status.FAILED, cause=Cause.USER, message=message)
            return Outcome(status=Status.COMPLETED, output=output, started_at=child.started_at, ended_at=child.ended_at)
        if child.status is Status.CANCELLED:
            message = f"Its sublattice, dispatch {child.id}, was cancelled."
            return Outcome(status=Status.CANCELLED, cause=Cause.CANCELLED, message=message)
        failed = await self._threads.read(store.tasks, child.id, statuses=(Status.FAILED,), limit=1000)
        causes = [task.cause for task in failed if task.cause not in (None, Cause.UPSTREAM)]
        info = await self._threads.read(store.dispatch, child.id)
        return Outcome(
            status=Status.FAILED,
            cause=causes[0] if causes else Cause.UNKNOWN,
            message=f"Its sublattice, dispatch {child.id}, failed: {info.error}",
        )
