"""What an executor's settings mean for its jobs: frozen and hashable, so that equal settings share their checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..batch.options import Pairs, grown_mib

#: No machine has more (Standard_M1792ixds_32_v3 has 30,400 GiB). Source: documentation of Azure, "Mdsv3 Very High Memory series".
MOST_MEMORY_MIB: Final = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """A private registry that nodes sign in to with a managed identity."""

    server: str
    identity: str  #: Resource id.


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOptions:
    """What :meth:`AzureBatchExecutor.job_options` gives."""

    pool: str
    storage_host: str
    container: str  #: Of blobs.
    prefix: str  #: Of the keys in it, without slashes around it.
    image: str
    registry: Registry | None
    container_options: str
    slots: int
    cpus: float | None
    memory_mib: int | None
    max_memory_mib: int | None  #: Where growth after running out of memory ends.
    shared_memory_mib: int | None
    max_run_s: int  #: The service's own time limit, which is later than the runner's.
    identity: (
        str  #: Resource id or client id of the pool's identity that tasks use; empty for the only one that there is.
    )
    environment: Pairs
    metadata: Pairs

    def memory_after(self, out_of_memory: int) -> int | None:
        """MiB for tasks that ran out of memory so many times; None if they have no limit of their own."""
        if self.memory_mib is None:
            return None
        return grown_mib(self.memory_mib, out_of_memory, min(MOST_MEMORY_MIB, self.max_memory_mib or MOST_MEMORY_MIB))
