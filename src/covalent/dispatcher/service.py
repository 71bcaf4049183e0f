"""The dispatcher as the API sees it: submit, start, cancel, look, watch, purge."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

from ..errors import NotFoundError, StoreError
from ..executor.registry import get_executor
from ..executor.runtime import SharedRuntime
from ..model import AttemptInfo, Blob, DispatchInfo, Graph, Outcome, Snapshot, Submission, TaskInfo, TaskRef
from ..objects import ObjectStore
from ..scheduler import Start
from ..states import Status
from ..store.base import Store
from .active import ActiveDispatch, activate
from .children import Sublattices
from .details import Details, Seen
from .elsewhere import Elsewhere
from .engine import Engine
from .groups import GroupDriver
from .intake import IN_USE_S, accept, delete_unused, purge, store_dispatch
from .keepers import Keepers
from .lease import STALE_S, Lease
from .leftovers import Cleaner
from .placement import Placement, find_placement
from .previews import Previews
from .resources import BlobCache, DispatchResources
from .reuse import match_tasks, with_local_state
from .sealing import Sealing
from .threads import StoreThreads
from .unused import UnusedFiles
from .vault import Vault
from .watch import Watchers

log = logging.getLogger(__name__)


class Dispatcher:
    """One per data directory. Make it inside a running event loop.

    :param owner: names this dispatcher in the store's leases; the same after a restart
    :param stale_s: seconds without a sign of life after which another dispatcher is dead
    :param secret_keys: see :class:`.sealing.Sealing`
    """

    def __init__(
        self, store: Store, data_dir: Path, owner: str, *, stale_s: float = STALE_S, secret_keys: str = ""
    ) -> None:
        self.store, self.owner = store, owner
        self.objects = ObjectStore(data_dir / "objects")
        self.threads = StoreThreads(store)
        self.watchers = Watchers()
        self.runtime = SharedRuntime(data_dir)
        self._vault = Vault(self.threads, Sealing(data_dir, secret_keys))
        self._kept = kept = Keepers(self.threads, self.runtime, self._vault)
        self.elsewhere = Elsewhere(self.threads, self.objects, kept)
        self._details = Details(self.threads, self.elsewhere)
        self.previews = Previews(self.threads, self._details)
        self._cleaner = Cleaner(self.threads, kept)
        self._unused = UnusedFiles(data_dir)
        self._cache = BlobCache()
        self._sublattices = Sublattices(
            self.threads,
            self.elsewhere,
            resources=self._resources,
            create=self._create,
            post=lambda dispatch_id, event: self._engine.post(dispatch_id, event),
        )
        self._engine = Engine(self.threads, self.watchers, self._sublattices)
        self._lease = Lease(self.threads, self._engine, owner, self._resume, stale_s=stale_s)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: list[asyncio.Task[None]] = []

    # Life

    async def start(self) -> asyncio.Task[None]:
        """Resume all that was running. The task that comes back ends only if the store fails for good."""
        await self.threads.write(self.store.migrate)
        await self.threads.read(self.objects.sweep)
        loop = asyncio.create_task(self._engine.run())
        await self._lease.begin()
        self._tasks = [loop, asyncio.create_task(self._lease.keep()), asyncio.create_task(self._cleaner.run())]
        # Not at once: tasks that ended while no server ran may have made some of them again.
        self._delete_later(await self.threads.read(self._unused.all))
        return loop

    async def close(self) -> None:
        """Stop taking turns; whatever executors do goes on and is resumed by the next start."""
        self._engine.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, StoreError):
                await task
        await self.elsewhere.close()
        await self.runtime.close()
        self.watchers.wake_all()
        await asyncio.to_thread(self.threads.close)

    def _alone(self, dispatch_id: str) -> asyncio.Lock:
        """Held by whoever is about to make a dispatch active, so that it becomes active once."""
        return self._locks.setdefault(dispatch_id, asyncio.Lock())

    async def _resume(self, dispatch_id: str) -> None:
        async with self._alone(dispatch_id):
            if dispatch_id in self._engine.active:
                return
            snapshot = await self.threads.read(self.store.snapshot, dispatch_id)
            if snapshot.info.status is not Status.RUNNING:
                return
            active = await self._activate(snapshot)
            self._begin(active)
            self._resume_groups(active, snapshot)
        for child in active.children.values():
            info = await self.threads.read(self.store.dispatch, child)
            if info.status.is_final:
                await self._sublattices.conclude(info)

    def _resume_groups(self, active: ActiveDispatch, snapshot: Snapshot) -> None:
        for group in snapshot.groups:
            refs = tuple(ref for ref in group.refs if ref.node_id not in active.children)
            if not refs:
                continue
            if group.sender != self.owner and active.executors[group.executor].bound_to_machine:
                self._engine.lose_group(active, refs)
            else:
                self._engine.resume_group(active, replace(group, refs=refs))

    # Submitting

    async def submit(self, submission: Submission, dispatch_id: str | None = None) -> str:
        """Store a dispatch and start it, unless it asks not to be started. Repeating an id changes nothing.

        :raises UnknownExecutorError, ExecutorError: if an executor does not exist or refuses its settings
        :raises SecretError: if it refers to a secret that is unknown here, or one cannot be kept
        :raises RequestError: if values are missing or are not what their digests say
        :raises NotFoundError: if the dispatch that it redispatches does not exist
        """
        for spec in submission.graph.executors:
            get_executor(spec.name, spec.options)
        if submission.redispatch_of is not None:
            await self.threads.read(self.store.dispatch, submission.redispatch_of)
        chosen = dispatch_id or str(uuid.uuid4())
        info = DispatchInfo(
            id=chosen,
            name=submission.graph.name,
            status=Status.RUNNING if submission.start else Status.NEW_OBJECT,
            created_at=time.time(),
            root_id=chosen,
            redispatch_of=submission.redispatch_of,
            reuse=submission.reuse,
            tasks=len(submission.graph.nodes),
            executors=submission.graph.executor_names(),
        )
        await self._create(info, submission)
        return chosen

    async def redispatch(self, dispatch_id: str, *, reuse: bool, chosen: str | None = None) -> str:
        """Run a dispatch again as it was, as a new one; ``chosen`` is its id, which may be repeated.

        :param reuse: take the values of tasks that completed
        :raises NotFoundError: if there is none by that id
        :raises RequestError: if some of its values are gone
        """
        graph = await self.threads.read(self.store.graph, dispatch_id)
        payloads = await self.threads.read(self.store.payloads, dispatch_id, graph.payloads())
        values = {digest: blob.data for digest, blob in payloads.items() if blob.data is not None}
        return await self.submit(Submission(graph=graph, values=values, redispatch_of=dispatch_id, reuse=reuse), chosen)

    async def begin(self, dispatch_id: str) -> DispatchInfo:
        """Start a dispatch that was submitted without being started; nothing happens to one that was.

        :raises NotFoundError: if there is none by that id
        """
        async with self._alone(dispatch_id):
            if active := await self._claimed(dispatch_id):
                await asyncio.shield(self._begin(active))
        return await self.info(dispatch_id)

    async def _claimed(self, dispatch_id: str) -> ActiveDispatch | None:
        """A dispatch that waited to be started, now this dispatcher's and active; None if it did not wait. Needs :meth:`_alone`."""
        if dispatch_id in self._engine.active:
            return None
        if not await self.threads.write(self.store.claim, dispatch_id, self.owner):
            return None
        return await self._activate(await self.threads.read(self.store.snapshot, dispatch_id))

    async def _create(self, info: DispatchInfo, submission: Submission) -> None:
        secrets = await self._vault.take(submission)
        values = await self.threads.read(accept, submission, self.objects)
        if any(needed.pip or needed.inner_pip for needed in submission.graph.environments):
            submission = replace(submission, graph=await self.threads.read(with_local_state, submission.graph))
        async with self._alone(info.id):
            await self._store_and_begin(info, submission, values, secrets)

    async def _store_and_begin(
        self, info: DispatchInfo, submission: Submission, values: dict[str, bytes], secrets: dict[str, bytes]
    ) -> None:
        if submission.start:
            info = replace(info, started_at=info.created_at)
        if not await self.threads.write(
            store_dispatch, self.store, self.objects, info, submission.graph, values, self.owner, secrets
        ):
            return
        tasks = tuple(
            TaskInfo(node_id=node_id, name=node.name, status=Status.NEW_OBJECT, kind=node.kind)
            for node_id, node in enumerate(submission.graph.nodes)
        )
        snapshot = Snapshot(info=info, graph=submission.graph, tasks=tasks, used={}, groups=())
        self._resources(info.id, submission.graph).remember_payloads(values)
        if submission.start:
            self._begin(await self._activate(snapshot))

    async def _activate(self, snapshot: Snapshot) -> ActiveDispatch:
        resources = self._resources(snapshot.info.id, snapshot.graph)
        secrets = await self._vault.open(snapshot.graph.executors, snapshot.info.id)
        active = activate(snapshot, resources, self.runtime, secrets, self.owner)
        if snapshot.info.reuse and snapshot.info.redispatch_of:
            with contextlib.suppress(NotFoundError):
                old = await self.threads.read(self.store.graph, snapshot.info.redispatch_of)
                active.reuse = await self.threads.read(match_tasks, snapshot.graph, old)
                active.reused = await self._reused(snapshot.info.redispatch_of, active.reuse)
        self._engine.add(active)
        return active

    def _begin(self, active: ActiveDispatch) -> asyncio.Future[None]:
        start = Start(at=time.time(), reused=active.reused)
        return self._engine.post(active.info.id, start)

    async def _reused(self, earlier: str, matches: Mapping[int, int]) -> dict[int, Outcome]:
        outputs = await self.threads.read(self.store.outputs, earlier, matches.values())
        previews = await self.threads.read(self.store.output_previews, earlier, matches.values())
        return {
            node_id: Outcome(
                status=Status.COMPLETED,
                output=outputs[old],
                message=f"reused from {earlier}",
                output_preview=previews.get(old, ""),
            )
            for node_id, old in matches.items()
            if old in outputs
        }

    def _resources(self, dispatch_id: str, graph: Graph) -> DispatchResources:
        return DispatchResources(dispatch_id, graph, self.threads, self._cache, self.objects.path, self.elsewhere)

    # Cancelling

    async def cancel(self, dispatch_id: str, node_ids: Sequence[int] | None = None) -> str:
        """Cancel a dispatch, or some of its tasks; say in a sentence what that means.

        :raises NotFoundError: if the dispatch, or one of the tasks, does not exist
        """
        info = await self.info(dispatch_id)
        for node_id in node_ids or ():
            if not 0 <= node_id < info.tasks:
                raise NotFoundError(
                    f"Dispatch {dispatch_id} has no task {node_id}; its tasks are 0 to {info.tasks - 1}."
                )
        if info.status.is_final:
            return f"Dispatch {dispatch_id} has ended already: {info.status}."
        if info.status is Status.NEW_OBJECT:
            async with self._alone(dispatch_id):
                await self._claimed(dispatch_id)
        await self.threads.write(self.store.request_cancel, dispatch_id, node_ids)
        await self._lease.hear()
        what = "Dispatch" if node_ids is None else f"Task {', '.join(map(str, node_ids))} of dispatch"
        return f"{what} {dispatch_id} is being cancelled."

    # Looking

    async def info(self, dispatch_id: str) -> DispatchInfo:
        """:raises NotFoundError: if there is none by that id"""
        active = self._engine.active.get(dispatch_id)
        if active is not None:
            return active.info
        return await self.threads.read(self.store.dispatch, dispatch_id)

    def is_active(self, dispatch_id: str) -> bool:
        """Whether it is under way here."""
        return dispatch_id in self._engine.active

    async def attempts(self, dispatch_id: str, node_id: int) -> list[Seen]:
        """The attempts of a task, in order, each with all that can be had of it now."""
        attempts = await self.threads.read(self.store.attempts, dispatch_id, node_id)
        return await self._details.see(dispatch_id, attempts)

    async def attempt(self, dispatch_id: str, node_id: int, number: int | None = None) -> Seen | None:
        """One of them, the last if none is named; None if there is none at all.

        :raises NotFoundError: if the dispatch does not exist, or the task has had no attempt of that number
        """
        attempts = await self.threads.read(self.store.attempts, dispatch_id, node_id)
        chosen = _choose(attempts, number)
        return None if chosen is None else (await self._details.see(dispatch_id, [chosen]))[0]

    async def placement(self, dispatch_id: str, node_id: int, attempts: Sequence[Seen]) -> Placement:
        """Where the last of these attempts of a task is or was."""
        driver = self._driver(dispatch_id, node_id)
        return await find_placement(self.threads, self._kept, dispatch_id, attempts, driver)

    async def read_log(self, dispatch_id: str, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes | None:
        """What a running attempt has written from ``offset`` on; None if it does not run here."""
        driver = self._driver(dispatch_id, ref.node_id)
        return None if driver is None else await driver.read_log(ref, stream, offset, limit)

    async def why(self, dispatch_id: str, ref: TaskRef) -> str:
        """What its executor says of an attempt under way; empty if it says nothing, or does not do so soon."""
        driver = self._driver(dispatch_id, ref.node_id)
        return "" if driver is None else await driver.why(ref)

    def _driver(self, dispatch_id: str, node_id: int) -> GroupDriver | None:
        """What drives the task now, if that happens here."""
        active = self._engine.active.get(dispatch_id)
        group_id = active.scheduler.group_of(node_id) if active else None
        return active.drivers.get(group_id) if active and group_id else None

    async def blob(self, dispatch_id: str, digest: str, inputs: Sequence[int], constants: Sequence[str]) -> Blob:
        """A payload of the dispatch's graph with what its references stand for."""
        graph = await self.threads.read(self.store.graph, dispatch_id)
        return await self._resources(dispatch_id, graph).template(digest, inputs, constants)

    async def purge(self, dispatch_ids: Sequence[str] | None) -> int:
        """Delete ended dispatches, or all, with their values and logs; return how many, children included.

        :raises NotEndedError: if one has not ended
        :raises NotFoundError: if one does not exist
        """
        count, left = await self.threads.write(purge, self.store, self.objects, self._unused, dispatch_ids)
        self._cleaner.wake()
        self._delete_later(left)
        return count

    def _delete_later(self, digests: Sequence[str]) -> None:
        if digests:
            self._tasks.append(asyncio.create_task(self._delete_unused(digests)))

    async def _delete_unused(self, digests: Sequence[str]) -> None:
        await asyncio.sleep(IN_USE_S)
        try:
            await self.threads.write(delete_unused, self.store, self.objects, self._unused, digests)
        except (StoreError, OSError) as error:
            log.warning("%d files of purged dispatches stay until the next start: %s", len(digests), error)


def _choose(attempts: Sequence[AttemptInfo], number: int | None) -> AttemptInfo | None:
    if number is None:
        return attempts[-1] if attempts else None
    for attempt in attempts:
        if attempt.attempt == number:
            return attempt
    raise NotFoundError(f"The task has had {len(attempts)} attempts; there is no attempt {number}.")
