"""One worker process as the dispatcher sees it: what it was given, what it is on, what it has answered.

A worker answers in the order in which it was given tasks. What it has not received yet can be taken back from its socket, so it is always
clear which task a worker is on: the first one that it was given, has not answered, and that could not be taken back.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

from ...model import Outcome
from ...runner import wire
from ..messages import Key, MalformedError, decode_outcome
from .group import Job
from .launch import Launched, WorkerFiles
from .messages import HOST, name_task

if TYPE_CHECKING:
    from .lane import Lane

#: Outcomes that are taken in before others have their turn on the event loop.
BATCH: Final = 64

_RECEIVE_BYTES: Final = 2 * wire.MESSAGE_BYTES

#: Seconds for which a worker that has nothing to do waits to hear that its outcomes are stored: mostly, its next task tells it.
ACK_DELAY_S: Final = 0.2

#: What a task counts as whose duration is not known: too long for another one to wait behind it.
UNKNOWN_S: Final = 1e9


class Phase(Enum):
    STARTING = "starting"
    READY = "ready"
    ENDING = "ending"  #: Told to stop, or killed.
    ENDED = "ended"


class Receipt:
    """The place of one outcome in its worker's count of those that are stored."""

    __slots__ = ("is_stored", "worker")

    def __init__(self, worker: Worker) -> None:
        self.worker, self.is_stored = worker, False

    def stored(self) -> None:
        self.is_stored = True
        self.worker.count_stored()


class Worker:
    """Make it inside the event loop, once its process is launched."""

    def __init__(self, name: str, files: WorkerFiles, launched: Launched, lane: Lane) -> None:
        self.name, self.files, self.lane = name, files, lane
        self.process: subprocess.Popen[bytes] = launched.process
        self.pid = launched.process.pid
        self.place = f"{HOST}, worker {name} (process {self.pid})"
        self._ours, self._theirs = launched.ours, launched.theirs
        self._loop = asyncio.get_running_loop()
        # Of a size that would cost a mapping of memory for each message.
        self._received = memoryview(bytearray(_RECEIVE_BYTES))
        self.phase = Phase.STARTING
        self.is_new = True  #: It has not come up yet.
        self.since = self._loop.time()  #: When the phase began, or the task that it is on.
        self.given: dict[Key, Job] = {}  #: What it has not answered, in the order in which it was given.
        self.backlog_s = 0.0  #: What that will take.
        self.is_full = False  #: Its socket takes no more until it answers.
        self.is_leaving = False  #: It gets nothing more, and stops when it has answered.
        self.is_broken = False  #: It has sent nonsense; nothing that it says counts any more.
        self.is_announced = False  #: The task that it is on was reported as running.
        self.doom: tuple[Job, Outcome] | None = None  #: Why it is being killed: the job, and what it then ends with.
        self.deadline: asyncio.TimerHandle | None = None
        self._receipts: deque[Receipt] = deque()
        self._stored = self._told = 0
        self._on_stored: Callable[[], None] | None = None
        self._ack_timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._ours.fileno(), self._readable)
        self._exit_fd = self._watch_exit()

    @property
    def is_idle(self) -> bool:
        return self.phase is Phase.READY and not self.given

    @property
    def head(self) -> Job | None:
        """The task that it is on."""
        return next(iter(self.given.values()), None)

    def give(self, job: Job) -> bool:
        """Send it a task; False if its socket is full."""
        prefix = wire.PREFIX.pack(job.kind, self._stored, job.head_bytes)
        try:
            self._ours.sendmsg((prefix, job.frame))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise
            # Full, or it has just died: its next answer, or its exit, puts that right.
            self.is_full = True
            return False
        self._told = self._stored
        if not self.given:
            self.since = self._loop.time()
        self.given[job.key] = job
        self.backlog_s += UNKNOWN_S if job.expected_s is None else job.expected_s
        job.worker = self
        return True

    def leave(self) -> None:
        """Take nothing more, and end when all is answered."""
        self.is_leaving = True
        if not self.given:
            self.stop()

    def stop(self) -> None:
        """Let it end when it has done what it was given."""
        self._say(wire.STOP)
        # If it has not come up by now, that is no failure.
        self.phase, self.since, self.is_new = Phase.ENDING, self._loop.time(), False

    def take_back(self) -> list[Job]:
        """What it was given and has not received, in order; it will never see it."""
        jobs: list[Job] = []
        while self.phase is not Phase.ENDED:
            try:
                message = self._theirs.recv(_RECEIVE_BYTES)
            except (BlockingIOError, ConnectionError):
                break
            decoded = wire.decode(message) if message else None
            if decoded is None:
                break
            if decoded.kind in (wire.TASK, wire.SPOOLED):
                job = self.given[name_task(decoded)]
                self._drop(job)
                jobs.append(job)
        self.is_full = False
        return jobs

    def receive(self) -> None:
        """Take in all that it has sent. Whoever calls this sees to it that the worker gets something new."""
        while self._receive(BATCH):
            pass

    def drain(self) -> None:
        """Take in all that it has sent, and give it something new."""
        self.receive()
        self.lane.on_progress(self)

    def _readable(self) -> None:
        self._receive(BATCH)
        self.lane.on_progress(self)

    def _receive(self, limit: int) -> bool:
        """Take in some of what it has sent; False if there is no more."""
        for _ in range(limit):
            if self.is_broken or self.phase is Phase.ENDED:
                return False
            try:
                length = self._ours.recv_into(self._received)
            except (BlockingIOError, ConnectionError):
                return False
            try:
                self._accept(wire.decode(self._received[:length]))
            except ValueError as error:
                self._break(f"A worker has sent a broken message: {error}")
            except MalformedError as error:
                self._break(str(error))
        return True

    def _break(self, reason: str) -> None:
        """Listen no more to a worker that talks nonsense."""
        self.is_broken = True
        self._loop.remove_reader(self._ours.fileno())
        self.lane.on_malformed(self, reason)

    def count_stored(self) -> None:
        """Some outcome of it is stored."""
        while self._receipts and self._receipts[0].is_stored:
            self._receipts.popleft()
            self._stored += 1
        if self.phase is Phase.READY and self._ack_timer is None and self._told < self._stored:
            self._ack_timer = self._loop.call_later(ACK_DELAY_S, self._tell_stored)
        if not self._receipts and self._on_stored is not None:
            callback, self._on_stored = self._on_stored, None
            callback()

    def _tell_stored(self) -> None:
        """Let an idle worker clear its journal; a busy one hears it with its next task."""
        self._ack_timer = None
        if self._told < self._stored and not self.given:
            self._say(wire.ACK)

    def expect_receipt(self) -> Receipt:
        """For one more outcome of it."""
        receipt = Receipt(self)
        self._receipts.append(receipt)
        return receipt

    def when_stored(self, callback: Callable[[], None]) -> None:
        """Call back, once, when all of its outcomes are stored."""
        self._on_stored = callback
        self.count_stored()

    def release(self, *, outlives_us: bool = False) -> None:
        """Let go of its sockets and, if it goes on without us, of the process."""
        self._loop.remove_reader(self._ours.fileno())
        self._ours.close()
        self._theirs.close()
        for timer in (self.deadline, self._ack_timer):
            if timer is not None:
                timer.cancel()
        if self._exit_fd is not None:
            self._loop.remove_reader(self._exit_fd)
            os.close(self._exit_fd)
            self._exit_fd = None
        self.phase = Phase.ENDED
        if outlives_us and self.process.returncode is None:
            # Otherwise Popen complains that nobody has waited for it.
            self.process.returncode = 0

    def _accept(self, message: wire.Message) -> None:
        if message.kind == wire.HELLO and self.phase is Phase.STARTING:
            self.phase, self.since, self.is_new = Phase.READY, self._loop.time(), False
            self.lane.on_ready(self)
            return
        if message.kind != wire.OUTCOME:
            raise MalformedError(f"A worker has sent a message of kind {message.kind}, which makes no sense now")
        key, outcome = decode_outcome(message, self.place)
        job = self.head
        if job is None or job.key != key:
            raise MalformedError(f"A worker has answered for task {key[1]} of {key[0]}, which it was not on")
        self._drop(job)
        self.is_full = self.is_announced = False
        self.since = self._loop.time()
        self.lane.on_outcome(self, job, outcome, self.expect_receipt())

    def _drop(self, job: Job) -> None:
        del self.given[job.key]
        job.worker = None
        # Sums of floats drift; an empty list does not.
        self.backlog_s = (
            self.backlog_s - (UNKNOWN_S if job.expected_s is None else job.expected_s) if self.given else 0.0
        )

    def _say(self, kind: int) -> None:
        with contextlib.suppress(OSError):
            self._ours.send(wire.PREFIX.pack(kind, self._stored, 0))
            self._told = self._stored

    def _watch_exit(self) -> int | None:
        if not hasattr(os, "pidfd_open"):
            threading.Thread(target=self._wait, daemon=True, name=f"wait-{self.name}").start()
            return None
        # It is not waited for here: until that is done its number, and that of its process group, are nobody else's.
        watched = os.pidfd_open(self.pid)
        self._loop.add_reader(watched, self._exited)
        return watched

    def _wait(self) -> None:
        self.process.wait()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._exited)

    def _exited(self) -> None:
        if self.phase is not Phase.ENDED:
            self.lane.on_exit(self)
