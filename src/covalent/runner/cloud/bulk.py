"""Large objects through obstore, in parallel, where the image has it. What fails here is left to our own client, which says why better."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any

from .errors import FileError
from .objects import ObjectClient

#: From this size on it is worth its start.
BULK_BYTES = 64 * 1024 * 1024

_PART_BYTES = 16 * 1024 * 1024
_PARALLEL = 8


class BulkError(Exception):
    """obstore could not do it."""


def is_available() -> bool:
    return importlib.util.find_spec("obstore") is not None


def download(client: ObjectClient, key: str, path: str, size: int) -> str:
    """Write an object to a file; the SHA-256 of what was written.

    :raises BulkError: if it cannot be read
    :raises FileError: if the file cannot be written
    """
    store = _ask(client.obstore)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:

            def fetch(start: int) -> None:
                part = _ask(lambda: store.get_range(key, start=start, end=min(size, start + _PART_BYTES)))
                os.pwrite(fd, part, start)

            each(range(0, size, _PART_BYTES), fetch, _PARALLEL)
            digest = hashlib.sha256()
            for start in range(0, size, _PART_BYTES):
                digest.update(os.pread(fd, _PART_BYTES, start))
            return digest.hexdigest()
        finally:
            os.close(fd)
    except OSError as error:
        raise FileError(path, error) from None


def upload(client: ObjectClient, key: str, path: str) -> None:
    """Write a file to an object, in parts if it is large.

    :raises BulkError: if it cannot be written
    """
    with open(path, "rb") as file:  # noqa: PTH123

        def put() -> None:
            send = importlib.import_module("obstore").put
            send(client.obstore(), key, file, chunk_size=_PART_BYTES, max_concurrency=_PARALLEL)

        _ask(put)


def each(items: Iterable[Any], work: Callable[[Any], None], workers: int) -> None:
    """Do the work for all items, some at a time, in this thread if there is but one.

    :raises Exception: what the first that failed has raised
    """
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    problems: list[BaseException] = []

    def take() -> None:
        while not problems:
            try:
                work(waiting.get_nowait())
            except queue.Empty:
                return
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread that waits
                problems.append(error)

    threads = [threading.Thread(target=take, daemon=True) for _ in range(min(workers, waiting.qsize()) - 1)]
    for thread in threads:
        thread.start()
    take()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def _ask(call: Callable[[], Any]) -> Any:
    """:raises BulkError: whatever obstore raises; its errors have no common root"""
    try:
        return call()
    except Exception as error:
        raise BulkError(str(error).partition("\n")[0]) from error
