"""Descriptors that a task may have closed, so that their numbers stand for something else now."""

from __future__ import annotations

import os

#: Exit code of a worker whose descriptors a task has closed.
LOST = 97


def identity(fd: int) -> tuple[int, int] | None:
    """Which file a descriptor stands for; None if for none."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def insist(fd: int, expected: tuple[int, int] | None) -> None:
    """End this process at once if a descriptor no longer stands for its file: to use it would damage somebody else's."""
    if identity(fd) != expected:
        os._exit(LOST)
