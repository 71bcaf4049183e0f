"""Google Cloud on this machine, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

from .emulated import Emulated, options


class EmulatedGoogle(Emulated):
    """``covalent emulate google`` in a process of its own. See :func:`emulated_google`."""


@contextmanager
def emulated_google(
    *,
    project: str = "covalent-project",
    region: str = "us-east1",
    buckets: Sequence[str] = (),
    service_accounts: Sequence[str] = (),
    secrets: Mapping[str, str] | None = None,
    slots: int | None = None,
    containers: Literal["none", "podman", "docker"] = "none",
    port: int = 0,
    grpc_port: int = 0,
) -> Iterator[EmulatedGoogle]:
    """Google Cloud, with this project and these resources, for the length of a ``with`` block.

    :param buckets: those that exist; by default ``covalent-batch-job-resources``
    :param service_accounts: those that exist; by default every one that a job names. ``EMAIL=silent:SECONDS`` is one whose machines may
        not report, so that its jobs fail after this time
    :param secrets: values of the secrets that exist, by their names
    :param slots: tasks that run at a time; None stands for the number of processors
    :param containers: what runs tasks; with ``none`` they are processes, whose ``python3`` is this interpreter
    :param port: of HTTP; 0 takes a free one
    :param grpc_port: the same of Batch and Logging over gRPC
    :raises EmulatorError: if it cannot start
    """
    arguments = options(
        project=project,
        region=region,
        buckets=buckets,
        service_accounts=service_accounts,
        secrets=[f"{name}={value}" for name, value in (secrets or {}).items()],
        slots=slots,
        containers=containers,
        port=port,
        grpc_port=grpc_port,
    )
    emulated = EmulatedGoogle(["google", *arguments], "STORAGE_EMULATOR_HOST")
    try:
        yield emulated
    finally:
        emulated.stop()
