"""Large objects through obstore, in parallel, where the image has it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any

from .errors import FileError, ObjectError
from .objects import ObjectClient

#: From this size on it is worth its start.
BULK_BYTES = 64 * 1024 * 1024

_PART_BYTES = 16 * 1024 * 1024
_PARALLEL = 8


def is_available() -> bool:
    return importlib.util.find_spec("obstore") is not None


def download(client: ObjectClient, key: str, path: str, size: int) -> str:
    """Write an object to a file; the SHA-256 of what was written.

    :raises ObjectError: if it cannot be read
    :raises FileError: if the file cannot be written
    """
    store = client.obstore()
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:

            def fetch(start: int) -> None:
                part = _ask(client, key, lambda: store.get_range(key, start=start, end=min(size, start + _PART_BYTES)))
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

    :raises ObjectError: if it cannot be written
    """
    put = importlib.import_module("obstore").put
    with open(path, "rb") as file:  # noqa: PTH123
        _ask(client, key, lambda: put(client.obstore(), key, file, chunk_size=_PART_BYTES, max_concurrency=_PARALLEL))


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


def _ask(client: ObjectClient, key: str, call: Callable[[], Any]) -> Any:
    """:raises ObjectError: instead of the errors of obstore"""
    base = importlib.import_module("obstore.exceptions").BaseError
    try:
        return call()
    except base as error:
        raise ObjectError(f"{client.uri(key)} cannot be transferred: {error}") from None
