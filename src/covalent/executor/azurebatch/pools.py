"""What is known of pools, and why one has no room for a task.

Sources: API reference of Azure Batch, "Get a pool"; its documentation, "Check for pool and node errors".
"""

from __future__ import annotations

from typing import Final

import msgspec

from ...errors import ExecutorError
from ..batch.concurrently import Once
from .border import RefusedError
from .session import Clients, part

#: Seconds for which what was heard of a pool is good enough.
VALID_S: Final = 30.0

_FIELDS: Final = (
    "id,state,allocationState,currentDedicatedNodes,currentLowPriorityNodes,targetDedicatedNodes,targetLowPriorityNodes,resizeErrors,"
    "enableAutoScale,autoScaleRun,taskSlotsPerNode,virtualMachineConfiguration,identity"
)


class _Struct(msgspec.Struct, rename="camel"):
    """What is not named here is passed over."""


class _Error(_Struct):
    code: str | None = None
    message: str | None = None

    def __str__(self) -> str:
        return f"{self.code or 'Unknown'}: {' '.join((self.message or '').split())}".rstrip(": ")


class _AutoScaleRun(_Struct):
    error: _Error | None = None


class _Machine(_Struct):
    container_configuration: dict[str, object] | None = None


class Identity(_Struct):
    resource_id: str
    client_id: str = ""


class _Identities(_Struct):
    type: str = "None"
    user_assigned_identities: list[Identity] = []


class Pool(_Struct):
    """What ``GetPool`` answers."""

    id: str
    state: str = "active"
    allocation_state: str = "steady"
    current_dedicated_nodes: int = 0
    current_low_priority_nodes: int = 0
    target_dedicated_nodes: int = 0
    target_low_priority_nodes: int = 0
    resize_errors: list[_Error] = []
    enable_auto_scale: bool = False
    auto_scale_run: _AutoScaleRun | None = None
    task_slots_per_node: int = 1
    virtual_machine_configuration: _Machine | None = None
    identity: _Identities | None = None

    @property
    def nodes(self) -> int:
        return self.current_dedicated_nodes + self.current_low_priority_nodes

    @property
    def has_containers(self) -> bool:
        machine = self.virtual_machine_configuration
        return machine is not None and machine.container_configuration is not None

    @property
    def identities(self) -> list[Identity]:
        return self.identity.user_assigned_identities if self.identity else []


class Pools:
    """Those of one account."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: Once[Pool] = Once(VALID_S)

    async def get(self, pool: str) -> Pool:
        """:raises ExecutorError: if there is none, or it cannot be asked for"""
        what = f"looking for the pool {pool}"
        return await self._known.get(
            pool.lower(), lambda: self._clients.get(f"/pools/{part(pool)}", what, Pool, select=_FIELDS)
        )

    async def reason(self, pool: str) -> str:
        """Why tasks of a pool wait, in the words of the service where it has any."""
        try:
            return reason_of(await self.get(pool))
        except RefusedError as error:
            if error.status == 404:
                return f"the pool {pool} does not exist"
            return f"its pool could not be asked: {error}"
        except ExecutorError as error:
            return f"its pool could not be asked: {error}"

    async def close(self) -> None:
        await self._known.close()


def reason_of(pool: Pool) -> str:
    """Why tasks of a pool wait."""
    if pool.state == "deleting":
        return f"the pool {pool.id} is being deleted"
    if pool.resize_errors:
        return f"the pool {pool.id} could not be resized: {'; '.join(map(str, pool.resize_errors))}"
    if pool.auto_scale_run is not None and (error := pool.auto_scale_run.error) is not None:
        return f"the autoscale formula of the pool {pool.id} could not be evaluated: {error}"
    wanted = pool.target_dedicated_nodes + pool.target_low_priority_nodes
    if pool.nodes:
        return f"all slots of the pool {pool.id} are taken, or its nodes are not ready ({pool.nodes} of {wanted} nodes)"
    if wanted:
        return f"the pool {pool.id} has no nodes yet (0 of {wanted}; it is {pool.allocation_state})"
    how = "its formula wants none at the moment" if pool.enable_auto_scale else "its target is 0"
    return f"the pool {pool.id} has no nodes: {how}"
