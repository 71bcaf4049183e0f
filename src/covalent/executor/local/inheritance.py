"""The workers of earlier dispatchers: what they have finished, and those that are still on their last task."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, Final

from ...errors import CovalentError
from ...model import Outcome, TaskRef
from ...objects import ObjectStore
from ...states import Status
from ..messages import Key, decode_outcome
from .afterlife import collect_output, is_locked, read_ledger
from .background import in_background
from .endings import LOST, timed_out, with_traces, without_start
from .group import Attempt, Group
from .launch import WorkerFiles
from .messages import HOST
from .processes import kill_tree

log = logging.getLogger(__name__)

#: Seconds between looks at a worker that is still on its last task: the first wait, and the longest.
LOOK_S: Final = (0.02, 0.25)

#: Seconds for which a journal is kept whose outcomes nobody asks for: they were stored, but the worker did not hear of it.
KEEP_S: Final = 7 * 24 * 3600.0


class OldWorker:
    """One of them."""

    def __init__(self, files: WorkerFiles) -> None:
        self.files = files
        self.is_alive = is_locked(files.journal)
        # Read after that: a dead worker writes nothing more.
        self.ledger = read_ledger(files.journal)
        self.was_busy = self.is_alive and self.ledger.current is not None  #: It was on a task when it was found.
        self.unstored = self.ledger.keys
        self.awaited: tuple[Key, Group] | None = None  #: Who waits for the task that it is, or was, on.
        self.doom: Outcome | None = None

    @property
    def place(self) -> str:
        hello = self.ledger.hello
        return f"{HOST}, worker {self.files.journal.stem}" + (f" (process {hello.pid})" if hello else "")

    def reread(self) -> None:
        """It has ended: see what it left. Blocks."""
        self.is_alive = False
        self.ledger = read_ledger(self.files.journal)
        self.unstored |= self.ledger.keys

    def kill(self) -> None:
        """End it with all that it has started. Blocks."""
        hello = self.ledger.hello
        if hello is not None and self.is_alive:
            kill_tree(hello.pid, hello.mark)


class _Receipt:
    """Once all that a journal holds is stored, it may go."""

    def __init__(self, old: OldWorker, key: Key, done: Callable[[OldWorker], None]) -> None:
        self._old, self._key, self._done = old, key, done

    def stored(self) -> None:
        self._old.unstored.discard(self._key)
        if not self._old.unstored and not self._old.is_alive:
            self._done(self._old)


class Inheritance:
    """Answers for attempts that an earlier dispatcher has sent.

    :param on_end: called whenever an old worker has ended
    """

    def __init__(self, directory: Path, objects: ObjectStore, threads: Executor, on_end: Callable[[], None]) -> None:
        self._directory, self._objects, self._threads = directory, objects, threads
        self._on_end = on_end
        self.busy = 0  #: Old workers that are still on their last task.
        self._loop = asyncio.get_running_loop()
        self._by_key: dict[Key, OldWorker] = {}
        self._watches: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Read what is there."""
        for old in await self._loop.run_in_executor(self._threads, self._scan):
            self._index(old)
            if old.is_alive:
                self.busy += old.was_busy
                self._start(self._watch(old))

    def claim(self, group: Group, ref: TaskRef) -> bool:
        """Answer for an attempt, now or later; False if none of the old workers has begun it."""
        key = (group.metadata.group_id, ref.node_id, ref.attempt)
        old = self._by_key.get(key)
        if old is None:
            return False
        if key in old.ledger.finished:
            self._deliver_finished(old, group, key)
            return True
        old.awaited = (key, group)
        if old.is_alive:
            group.report(Status.RUNNING, [key[1:]], old.ledger.current_since, old.place)
            if group.time_limit_s is not None:
                self._start(self._limit(old, key, group.time_limit_s))
        else:
            self._start(self._deliver_awaited(old))
        return True

    def awaits(self, group_id: str, attempt: Attempt) -> bool:
        """Whether an old worker is on this attempt, or has ended on it and is being looked into."""
        key = (group_id, *attempt)
        old = self._by_key.get(key)
        return old is not None and old.awaited is not None and old.awaited[0] == key

    def end(self, group_id: str, attempt: Attempt, outcome: Outcome) -> None:
        """Kill the old worker that is on this attempt, which then ends with ``outcome``, unless it has just ended otherwise."""
        old = self._by_key[(group_id, *attempt)]
        old.doom = old.doom or outcome
        in_background(self._threads, old.kill)

    def file_of(self, group_id: str, attempt: Attempt, stream: str) -> Path | None:
        """Where the old worker that is on this attempt writes to."""
        if not self.awaits(group_id, attempt):
            return None
        files = self._by_key[(group_id, *attempt)].files
        return files.stdout if stream == "stdout" else files.stderr

    async def close(self) -> None:
        for task in self._watches:
            task.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    def _scan(self) -> list[OldWorker]:
        found = []
        horizon = time.time() - KEEP_S
        for unfinished in self._directory.glob("*.journal.new"):
            unfinished.unlink(missing_ok=True)
        for output in [*self._directory.glob("*.out"), *self._directory.glob("*.err")]:
            if not output.with_suffix(".journal").exists():
                output.unlink(missing_ok=True)
        for journal in sorted(self._directory.glob("*.journal")):
            old = OldWorker(WorkerFiles.of(self._directory, journal.stem))
            if old.is_alive or (old.unstored and journal.stat().st_mtime > horizon):
                found.append(old)
            else:
                old.files.remove()
        return found

    def _index(self, old: OldWorker) -> None:
        for key in old.ledger.keys:
            self._by_key[key] = old

    async def _watch(self, old: OldWorker) -> None:
        """Wait for the end of an old worker."""
        delay_s, longest_s = LOOK_S
        while await self._loop.run_in_executor(self._threads, is_locked, old.files.journal):
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 1.5, longest_s)
        await self._loop.run_in_executor(self._threads, old.reread)
        self.busy -= old.was_busy
        self._on_end()
        self._index(old)
        await self._deliver_awaited(old)
        if not old.unstored:
            self._remove(old)

    async def _limit(self, old: OldWorker, key: Key, limit_s: float) -> None:
        """Keep to the time limit of a task that an old worker is on."""
        since = old.ledger.current_since or time.time()
        await asyncio.sleep(max(0.0, since + limit_s - time.time()))
        if self.awaits(key[0], key[1:]):
            self.end(key[0], key[1:], timed_out(limit_s))

    async def _deliver_awaited(self, old: OldWorker) -> None:
        """Answer for the task that an old worker was on when it ended."""
        if old.awaited is None:
            return
        key, group = old.awaited
        if key in old.ledger.finished:
            self._deliver_finished(old, group, key)
        else:
            await self._deliver_lost(old, group, key)
        old.awaited = None

    def _deliver_finished(self, old: OldWorker, group: Group, key: Key) -> None:
        _, outcome = decode_outcome(old.ledger.finished[key], old.place)
        group.deliver(key[1:], outcome, _Receipt(old, key, self._remove))

    async def _deliver_lost(self, old: OldWorker, group: Group, key: Key) -> None:
        """The old worker died on the attempt, or never began it."""
        stdout = stderr = None
        with contextlib.suppress(CovalentError, OSError):
            stdout, stderr = await self._loop.run_in_executor(
                self._threads, partial(collect_output, old.files, self._objects)
            )
        began = old.ledger.current == key
        since = old.ledger.current_since
        doom = old.doom or LOST
        outcome = with_traces(doom, stdout, stderr, since, old.place) if began else without_start(doom)
        group.deliver(key[1:], outcome, _Receipt(old, key, self._remove))

    def _remove(self, old: OldWorker) -> None:
        for key in old.ledger.keys:
            self._by_key.pop(key, None)
        in_background(self._threads, old.files.remove)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)


def end_old_workers(directory: Path) -> int:
    """Kill what an ended dispatcher's workers are still on, with all that it has started; return how many there were. Blocks.

    :param directory: the journals, ``workers`` in the data directory
    """
    found = [OldWorker(WorkerFiles.of(directory, journal.stem)) for journal in directory.glob("*.journal")]
    alive = [old for old in found if old.is_alive]
    for old in alive:
        old.kill()
        while is_locked(old.files.journal):
            time.sleep(LOOK_S[0])
    return len(alive)
