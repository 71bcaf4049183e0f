"""What an executor's settings mean for its jobs: frozen and hashable, so that equal settings share their checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..batch.options import Pairs, grown_mib

#: The image of tasks whose executor names none, with the workflow's Python in it: Python's own, from a mirror of Google's.
BASE_IMAGE: Final = "mirror.gcr.io/library/python:{python}-slim"

#: No machine has more (m4-ultramem-224 and x4-megamem-1920). Source: documentation of Compute Engine, "Memory-optimized machine family".
MOST_MEMORY_MIB: Final = 32 * 1024 * 1024
MOST_VCPUS: Final = 1920


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What the machines of a job are: its allocation policy."""

    machine_type: str  #: Empty for what Google Batch chooses.
    spot: bool
    gpu_type: str
    num_gpus: int
    install_gpu_drivers: bool
    reservation: str
    locations: tuple[str, ...]  #: Each ``regions/…`` or ``zones/…``; empty for the whole region.
    network: str  #: As the API has it; empty for the project's default.
    subnetwork: str
    has_public_ip: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOptions:
    """What :meth:`GCPBatchExecutor.job_options` gives."""

    bucket: str
    prefix: str  #: Of the keys in the bucket, without slashes around it.
    image: str  #: Empty for ``BASE_IMAGE``.
    container_options: str
    service_account: str  #: Empty for Compute Engine's own.
    cpu_milli: int
    memory_mib: int
    max_memory_mib: int | None  #: Where growth after running out of memory ends.
    boot_disk_mib: int | None
    parallelism: int | None
    max_run_s: int  #: The service's own time limit, which is later than the runner's.
    retries: int  #: How often the service may start a task again whose machine was lost.
    machine: Machine
    labels: Pairs
    environment: Pairs
    secrets: Pairs  #: Versions of secrets by the name of the variable.

    def memory_after(self, out_of_memory: int) -> int:
        """MiB for tasks that ran out of memory so many times."""
        return grown_mib(self.memory_mib, out_of_memory, min(MOST_MEMORY_MIB, self.max_memory_mib or MOST_MEMORY_MIB))
