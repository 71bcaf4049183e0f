"""Finds out what became of the task that a worker was on when it ended."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...errors import CovalentError
from ...model import Blob, Outcome
from ...objects import ObjectStore
from ...runner.memory import OutOfMemoryCounter
from ...states import Cause, Status
from ..messages import decode_outcome
from .afterlife import Ledger, collect_output, read_ledger
from .background import in_background
from .endings import with_traces, without_start
from .group import Job
from .processes import exit_code, explain_exit, kill_group
from .worker import Worker

if TYPE_CHECKING:
    from .lane import Lane

log = logging.getLogger(__name__)

#: How many workers may die between receiving a task and beginning it, before that counts against the task.
UNBEGUN_LOSSES: Final = 3

_TAIL_BYTES: Final = 2048


@dataclass(frozen=True, kw_only=True, slots=True)
class Remains:
    """What was found."""

    code: int  #: Exit code as ``subprocess`` gives it.
    ledger: Ledger
    out_of_memory: bool
    stdout: Blob | None
    stderr: Blob | None
    last_words: str


class Undertaker:
    """Reports on dead workers, and removes their files when nobody needs them any more."""

    def __init__(self, objects: ObjectStore, threads: Executor) -> None:
        self._objects, self._threads = objects, threads
        self.out_of_memory = OutOfMemoryCounter()

    async def bury(self, lane: Lane, worker: Worker, unanswered: Sequence[Job]) -> None:
        """Give each job that the worker has received and not answered its outcome, or back to the lane."""
        loop = asyncio.get_running_loop()
        remains = await loop.run_in_executor(self._threads, self._examine, worker, bool(unanswered))
        if worker.is_new:
            last_words = f"{worker.place} ended with exit code {remains.code}:\n{remains.last_words}"
            log.warning("a worker did not come up: %s", last_words)
            lane.start_failed(last_words, was_killed=remains.code == -signal.SIGKILL)
        elif unanswered and worker.doom is None:
            log.warning("%s ended in the middle of its work with exit code %d", worker.place, remains.code)
        for job in unanswered:
            self._settle(lane, worker, job, remains)
        worker.when_stored(lambda: in_background(self._threads, worker.files.remove))

    def _examine(self, worker: Worker, has_work: bool) -> Remains:
        if has_work:
            # What the task has started must not outlive it. The worker has not been waited for, so the number is still its own.
            kill_group(worker.pid)
        code = worker.process.wait()
        stdout = stderr = None
        last_words = _tail(worker) if worker.is_new else ""
        if has_work:
            try:
                stdout, stderr = collect_output(worker.files, self._objects)
            except (CovalentError, OSError):
                log.exception("the output of %s could not be kept", worker.place)
        return Remains(
            code=code,
            ledger=read_ledger(worker.files.journal) if has_work else Ledger(),
            out_of_memory=self.out_of_memory.has_moved(),
            stdout=stdout,
            stderr=stderr,
            last_words=last_words,
        )

    def _settle(self, lane: Lane, worker: Worker, job: Job, remains: Remains) -> None:
        attempt = (job.node_id, job.attempt)
        ledger = remains.ledger
        doom = worker.doom[1] if worker.doom is not None and worker.doom[0] is job else None
        if job.key in ledger.finished:
            # It had finished, and died before it could say so.
            _, outcome = decode_outcome(ledger.finished[job.key], worker.place)
            job.group.deliver(attempt, outcome, worker.expect_receipt())
        elif job.key == ledger.current:
            outcome = doom or _explained(remains)
            since = ledger.current_since
            job.group.deliver(attempt, with_traces(outcome, remains.stdout, remains.stderr, since, worker.place))
        elif doom is not None:
            job.group.deliver(attempt, without_start(doom))
        else:
            job.losses += 1
            if job.losses < UNBEGUN_LOSSES:
                job.worker = None
                lane.requeue([job])
            else:
                message = "The processes that were given the task died before they began it."
                job.group.fail([attempt], Cause.LOST, message)


def _explained(remains: Remains) -> Outcome:
    cause, message = explain_exit(remains.code, out_of_memory=remains.out_of_memory)
    return Outcome(status=Status.FAILED, cause=cause, message=message, exit_code=exit_code(remains.code))


def _tail(worker: Worker) -> str:
    try:
        data = worker.files.stderr.read_bytes()[-_TAIL_BYTES:]
    except OSError:
        return ""
    return data.decode("utf-8", "replace").strip()
