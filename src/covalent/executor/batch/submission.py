"""Hands a staged group to the service as jobs with names that say for ever what they are, so that none is made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from ...errors import ExecutorError, ServiceUnreachableError
from ...runner.cloud.names import (
    FIRST_VARIABLE,
    MANIFEST_VARIABLE,
    PYTHON_VARIABLE,
    RUNNER_VARIABLE,
    manifest_key,
)
from .handle import SubmittedJob
from .patience import Patience
from .service import BatchService, Job, Limits
from .staging import Order

#: Tags of a job: which dispatch and which group it works for.
DISPATCH_TAG: Final = "covalent-dispatch"
GROUP_TAG: Final = "covalent-group"

#: How often a job is looked for, before the last time, that may have been taken: lists of services are not up to date at once.
SETTLING_LOOKS: Final = 2


def jobs_of(order: Order, runner_uri: str, command: tuple[str, ...], limits: Limits) -> list[tuple[int, Job]]:
    """The jobs that a group becomes, each with the index in the manifest of its first task.

    :raises ExecutorError: if what a job would be told is more than the service takes
    """
    group_id, count = order.metadata.group_id, len(order.refs)
    major_minor = ".".join(order.metadata.python.split(".")[:2])
    shared = {
        MANIFEST_VARIABLE: order.depot.store.uri(manifest_key(group_id)),
        RUNNER_VARIABLE: runner_uri,
        PYTHON_VARIABLE: major_minor,
    }
    jobs = []
    for part, first in enumerate(range(0, count, limits.max_size)):
        job = Job(
            name=group_id if count <= limits.max_size else f"{group_id}-{part}",
            size=min(limits.max_size, count - first),
            command=command,
            environment={**shared, FIRST_VARIABLE: str(first)},
            options=order.options,
            out_of_memory=order.metadata.out_of_memory,
            tags={DISPATCH_TAG: order.metadata.dispatch_id, GROUP_TAG: group_id},
        )
        _check_length(job.environment, limits)
        jobs.append((first, job))
    return jobs


async def submit(
    service: BatchService,
    first: int,
    job: Job,
    patience: Patience,
    places: asyncio.Semaphore,
    *,
    is_new: bool,
    settle_s: float,
) -> SubmittedJob:
    """Have the service run the job, exactly once.

    :param places: each try takes one; who waits for the next has none
    :param is_new: whether it is certain that nobody has tried to submit it before
    :param settle_s: seconds after which a service lists for certain what it has taken
    :raises ExecutorError: if the service refuses it
    """
    is_certain = is_new

    async def once() -> str:
        nonlocal is_certain
        async with places:
            if not is_certain and (found := await find_taken(service, job, settle_s)) is not None:
                return found
            try:
                return await service.submit(job)
            except ServiceUnreachableError:
                is_certain = False
                raise

    return SubmittedJob(ref=await patience.insist(once), first=first, size=job.size)


async def find_taken(service: BatchService, job: Job, settle_s: float) -> str | None:
    """The reference to a job that the service may have taken a moment ago; None if it has not.

    :param settle_s: as for :func:`submit`
    :raises ExecutorError: if the service cannot be asked
    """
    for _ in range(SETTLING_LOOKS):
        if (found := await service.find(job)) is not None:
            return found
        await asyncio.sleep(settle_s / SETTLING_LOOKS)
    return await service.find(job)


def _check_length(environment: Mapping[str, str], limits: Limits) -> None:
    """Count as the longest of the services writes it: a list of names and values."""
    length = sum(len(name) + len(value) + len('{"name":"","value":""},') for name, value in environment.items())
    if length > limits.max_environment_chars:
        raise ExecutorError(
            f"What a job has to be told takes {length} characters, and the service allows {limits.max_environment_chars}. "
            "Use a bucket with a shorter name, or a shorter prefix in it."
        )
