"""What is left of a worker that has ended: its journal, and the output of the task that it was on."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ...model import Blob
from ...objects import ObjectStore
from ...runner import wire
from ..messages import Key, MalformedError, decode_outcome
from .launch import WorkerFiles
from .messages import Hello, decode_hello, decode_start

#: Bytes of output that travel with an outcome.
INLINE_LOG_BYTES: Final = 32 * 1024

_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class Ledger:
    """What a journal says."""

    hello: Hello | None = None
    #: Outcomes that were not known to be stored, as the worker wrote them.
    finished: dict[Key, wire.Message] = field(default_factory=dict)
    current: Key | None = None  #: Begun, and not finished.
    current_since: float | None = None  #: Unix seconds.

    @property
    def keys(self) -> set[Key]:
        return {*self.finished, *([self.current] if self.current else ())}


def read_ledger(journal: Path) -> Ledger:
    """Read a journal, as far as it can be read. Blocks."""
    ledger = Ledger()
    try:
        content = journal.read_bytes()
    except OSError:
        return ledger
    with contextlib.suppress(MalformedError):
        for message in wire.records(content):
            _take_in(ledger, message)
    return ledger


def _take_in(ledger: Ledger, message: wire.Message) -> None:
    if message.kind == wire.HELLO:
        ledger.hello = decode_hello(message)
    elif message.kind == wire.START:
        ledger.finished = {key: m for key, m in ledger.finished.items() if m.number > message.number}
        ledger.current, ledger.current_since = decode_start(message)
    elif message.kind == wire.WITHDRAWN:
        ledger.current = None
    elif message.kind == wire.OUTCOME:
        key, _ = decode_outcome(message, "")
        ledger.finished[key] = message
        ledger.current = None


def is_locked(journal: Path) -> bool:
    """Whether the worker that writes the journal lives. Blocks."""
    while True:
        try:
            fd = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(fd).st_ino != journal.stat().st_ino:
                    # The worker has put a shorter journal in the place of this one.
                    continue
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False


def collect_output(files: WorkerFiles, objects: ObjectStore) -> tuple[Blob | None, Blob | None]:
    """What the task has written that the worker was on: stdout and stderr. Blocks.

    :raises CovalentError: if it is long and there is no room for it
    """
    return _collect(files.stdout, objects), _collect(files.stderr, objects)


def _collect(file: Path, objects: ObjectStore) -> Blob | None:
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return None
    if not size:
        return None
    if size > INLINE_LOG_BYTES:
        # Copied, not moved: a process that the task has left behind may still write to the file.
        with file.open("rb") as stream, objects.writer() as writer:
            while chunk := stream.read(_CHUNK_BYTES):
                writer.write(chunk)
            digest, size = writer.commit()
        return Blob(digest=digest, size=size)
    data = file.read_bytes()
    return Blob(digest=hashlib.sha256(data).hexdigest(), size=len(data), data=data)
