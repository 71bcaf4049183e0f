"""What the emulated Batch account is told: its pools and its quota."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Why a pool has no machines while the fault ``hold`` is in force. Source: https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking
HOLD_REASON = "AccountCoreQuotaReached: The account has reached its core quota."


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolSettings:
    """One pool that is there from the beginning."""

    id: str
    nodes: int = 1  #: Dedicated ones.
    spot_nodes: int = 0
    slots_per_node: int = 1  #: ``taskSlotsPerNode``.
    has_containers: bool = True  #: Whether it was made with a container configuration.
    identities: Sequence[str] = ()  #: Client ids of its user-assigned managed identities.
    resize_errors: Sequence[str] = ()  #: ``CODE: message`` each. A pool that has some has none of its nodes.
    autoscale_error: str | None = (
        None  #: ``CODE: message`` of the last evaluation of its formula. It has no nodes either.
    )
    vm_size: str = "standard_d2s_v3"
    vcpus: float = 2.0  #: Of a node; a container may use as much if it does not say.
    memory_mib: int = 8192  #: The same.


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchSettings:
    account: str = "covalent"
    pools: Sequence[PoolSettings] = ()
    active_jobs: int = (
        300  #: Quota of jobs that are not completed. Source: https://learn.microsoft.com/azure/batch/batch-quota-limit
    )
