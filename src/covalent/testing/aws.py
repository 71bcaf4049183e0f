"""AWS on this machine, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from .emulated import Emulated, options


class EmulatedAWS(Emulated):
    """``covalent emulate aws`` in a process of its own. See :func:`emulated_aws`."""


@contextmanager
def emulated_aws(
    *,
    buckets: Sequence[str] = (),
    queues: Sequence[str] = (),
    roles: Sequence[str] = (),
    log_groups: Sequence[str] = (),
    job_definitions: Sequence[str] = (),
    region: str = "us-east-1",
    slots: int | None = None,
    containers: Literal["none", "podman", "docker"] = "none",
    port: int = 0,
) -> Iterator[EmulatedAWS]:
    """AWS, with these resources, for the length of a ``with`` block.

    What is not named is there under its default name, as the executor's settings have it. A queue is ``NAME`` or ``NAME=KIND``, with
    EC2, SPOT, FARGATE or FARGATE_SPOT as its kind.

    :param slots: jobs that run at a time; None stands for the number of processors
    :param containers: what runs jobs; with ``none`` they are processes, whose ``python3`` is this interpreter
    :param port: 0 takes a free one
    :raises EmulatorError: if it cannot start
    """
    arguments = options(
        port=port,
        buckets=buckets,
        queues=queues,
        roles=roles,
        log_groups=log_groups,
        job_definitions=job_definitions,
        region=region,
        slots=slots,
        containers=containers,
    )
    emulated = EmulatedAWS(["aws", *arguments], "AWS_ENDPOINT_URL")
    try:
        yield emulated
    finally:
        emulated.stop()
