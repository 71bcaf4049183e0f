"""Reads the tasks of a group a part at a time, as messages that are ready to be sent."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from typing import Final

from ...errors import CovalentError, ExecutorError
from ...model import TaskSpec
from ...runner import wire
from ...states import Cause
from .group import Group, Job
from .spool import Spool

log = logging.getLogger(__name__)

#: Tasks that are read at a time.
PART: Final = 256

#: Seconds between tries while the store does not answer.
RETRY_S: Final = 1.0


class Loader:
    """Turns waiting attempts of a group into ready jobs."""

    def __init__(self, spool: Spool, threads: Executor) -> None:
        self._spool, self._threads = spool, threads

    async def load(self, group: Group) -> None:
        """Load the next part.

        :raises CovalentError: if the store cannot be read, or there is no room for what goes through files
        """
        refs = group.next_refs(PART)
        try:
            specs = await group.resources.load(refs)
            for spec in specs:
                group.pip = spec.environment.pip
                await self._add(group, spec)
        except BaseException:
            untouched = [ref for ref in refs if group.is_untouched((ref.node_id, ref.attempt))]
            group.waiting.extendleft(reversed(untouched))
            raise

    async def load_patiently(self, group: Group) -> None:
        """The same for later parts: wait while the store is away, and fail what cannot be had."""
        while group.waiting:
            try:
                await self.load(group)
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
            head_bytes, frame = group.writer.spooled(spec, path)
        job = Job(group, spec.node_id, spec.attempt, spec.function.digest, kind, head_bytes, frame)
        # It may have been cancelled while its file was written.
        if attempt in group.open:
            group.open[attempt] = job
            group.ready.append(job)
