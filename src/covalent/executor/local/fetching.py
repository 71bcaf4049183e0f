"""Brings values that lie elsewhere to this machine, where they are files like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from ...errors import CovalentError
from ...model import Blob, TaskSpec
from ..base import Resources

#: Values of one group that are fetched at the same time.
AT_ONCE: Final = 16


def elsewhere(blobs: Iterable[Blob]) -> Iterator[Blob]:
    """Those, and those that they refer to, that are not on this machine."""
    for blob in blobs:
        if blob.data is None and blob.uri is not None:
            yield blob
        if blob.inputs:
            yield from elsewhere(blob.inputs)


async def fetch(specs: Sequence[TaskSpec], resources: Resources) -> dict[str, CovalentError]:
    """Fetch all that these tasks need; return what cannot be had, by digest.

    :raises CovalentError: if something cannot be had now, but perhaps later
    """
    failures: dict[str, CovalentError] = {}
    missing = {blob.digest: blob for spec in specs for blob in elsewhere(spec.inputs)}
    left = iter(missing.values())

    async def work() -> None:
        for blob in left:
            try:
                await resources.fetch(blob)
            except CovalentError as error:
                failures[blob.digest] = error
                if error.retryable:
                    return

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(AT_ONCE, len(missing))):
            workers.create_task(work())
    for error in failures.values():
        if error.retryable:
            raise error
    return failures


def fetched(spec: TaskSpec) -> TaskSpec:
    """The task, with what was fetched as files."""
    return replace(spec, inputs=tuple(map(_as_file, spec.inputs)))


def _as_file(blob: Blob) -> Blob:
    return replace(blob, uri=None, inputs=tuple(map(_as_file, blob.inputs)))
