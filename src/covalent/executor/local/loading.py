"""Reads the tasks of a group a part at a time, as messages that are ready to be sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

from ...errors import CovalentError, ExecutorError
from ...model import TaskSpec
from ...runner import wire
from ...states import Cause, Status
from .fetching import elsewhere, fetch, fetched
from .group import Group, Job
from .messages import spooled
from .spool import Spool

log = logging.getLogger(__name__)

#: Tasks that are read at a time.
PART: Final = 256

#: The same for tasks that need values fetched: the first can run while those of the next are on their way.
FETCH_PART: Final = 16

#: Seconds between tries while the store does not answer.
RETRY_S: Final = 1.0


class Loader:
    """Turns waiting attempts of a group into ready jobs."""

    def __init__(self, spool: Spool, threads: Executor) -> None:
        self._spool, self._threads = spool, threads

    async def load(self, group: Group, *, may_fetch: bool) -> None:
        """Load the next part: tasks whose values are all on this machine or, if there are none, some whose values are fetched first.

        :param may_fetch: without it, those that need something fetched keep waiting
        :raises CovalentError: if the store or a value cannot be read now, or there is no room for what goes through files
        """
        refs = group.next_refs(PART)
        try:
            specs = await group.resources.load(refs)
            near = [spec for spec in specs if not any(elsewhere(spec.inputs))]
            for spec in near:
                group.pip = spec.environment.pip
                await self._add(group, spec)
            if may_fetch and not near:
                await self._fetch(group, specs[:FETCH_PART])
        finally:
            untouched = [ref for ref in refs if group.is_untouched((ref.node_id, ref.attempt))]
            group.waiting.extendleft(reversed(untouched))

    async def load_patiently(self, group: Group) -> None:
        """The same for later parts: wait while the store is away, and fail what cannot be had."""
        while group.waiting:
            try:
                await self.load(group, may_fetch=True)
                if group.ready:
                    return
            except CovalentError as error:
                if not error.retryable:
                    self._give_up(group, error)
                    return
                log.warning("tasks of group %s cannot be loaded yet: %s", group.metadata.group_id, error)
                await asyncio.sleep(RETRY_S)
            except Exception as error:  # noqa: BLE001 - a group that is not loaded would hang
                self._give_up(group, error)

    def _give_up(self, group: Group, error: Exception) -> None:
        log.error("tasks of group %s cannot be loaded", group.metadata.group_id, exc_info=error)
        waiting = [(ref.node_id, ref.attempt) for ref in group.waiting]
        group.waiting.clear()
        group.fail(waiting, Cause.UNKNOWN, f"The task could not be loaded: {type(error).__name__}: {error}")

    async def _fetch(self, group: Group, specs: Sequence[TaskSpec]) -> None:
        """Fetch what tasks need, and load them; those for which it cannot be had fail."""
        group.report(Status.STARTING, [(spec.node_id, spec.attempt) for spec in specs], detail="fetching values")
        failures = await fetch(specs, group.resources)
        for spec in specs:
            group.pip = spec.environment.pip
            error = next((failures[b.digest] for b in elsewhere(spec.inputs) if b.digest in failures), None)
            if error is None:
                await self._add(group, fetched(spec))
            else:
                cause = Cause.CONFIG if isinstance(error, ExecutorError) else Cause.UNKNOWN
                message = f"A value that the task needs cannot be had: {error}"
                group.fail([(spec.node_id, spec.attempt)], cause, message, started=False)

    async def _add(self, group: Group, spec: TaskSpec) -> None:
        attempt = (spec.node_id, spec.attempt)
        if attempt not in group.open:
            return
        loop = asyncio.get_running_loop()
        if spec.function.digest not in group.kept and self._spool.wants(spec.function):
            await loop.run_in_executor(self._threads, self._spool.keep, spec.function)
            group.kept.add(spec.function.digest)
        kind = wire.TASK
        try:
            head_bytes, frame = group.writer.write(spec)
        except ExecutorError as error:
            group.fail([attempt], Cause.CONFIG, str(error))
            return
        if wire.PREFIX.size + len(frame) > wire.MESSAGE_BYTES:
            whole = wire.PREFIX.pack(kind, 0, head_bytes) + frame
            path = await loop.run_in_executor(self._threads, self._spool.put, whole)
            kind = wire.SPOOLED
            head_bytes, frame = spooled(group.metadata.group_id, spec, path)
        job = Job(group, spec.node_id, spec.attempt, spec.function.digest, kind, head_bytes, frame)
        # It may have been cancelled while its file was written.
        if attempt in group.open:
            group.open[attempt] = job
            group.ready.append(job)
