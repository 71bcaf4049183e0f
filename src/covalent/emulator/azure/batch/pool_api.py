"""Operations on pools and nodes. All of them read: pools are there from the beginning, or belong to a job.

Source: https://learn.microsoft.com/rest/api/batchservice/pool
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ...http import Response
from ..refusal import RefusalError
from . import times
from .lists import EntitySet
from .pools import Node, Pool
from .scheduler import Scheduler
from .schema import property_names
from .wire import Call, Route, Version, answer

#: States in which a ``BatchNodeCounts`` counts nodes.
_COUNTED: Final = sorted(property_names("BatchNodeCounts") - {"total"})

_NODE_AGENT: Final = "batch.node.ubuntu 24.04"
_IMAGE: Final = {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404", "version": "latest"}
_FORMULA: Final = "$TargetDedicatedNodes = max(0, $PendingTasks.GetSample(1));"


class PoolApi:
    def __init__(self, scheduler: Scheduler, account_url: str) -> None:
        self._scheduler = scheduler
        self._account_url = account_url
        self._entities, self._node_entities, self._count_entities, self._image_entities = (
            EntitySet(account_url=account_url, name=name, properties=properties)
            for name, properties in (
                ("pools", property_names("BatchPool")),
                ("nodes", property_names("BatchNode")),
                ("poolnodecounts", frozenset({"poolId"})),
                ("supportedimages", property_names("BatchSupportedImage")),
            )
        )

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/pools", "ListPools", self._list),
            Route("GET", "/pools/{pool}", "GetPool", self._get),
            Route("HEAD", "/pools/{pool}", "PoolExists", self._exists),
            Route("GET", "/pools/{pool}/nodes", "ListNodes", self._list_nodes),
            Route("GET", "/pools/{pool}/nodes/{node}", "GetNode", self._get_node),
            Route("GET", "/nodecounts", "ListPoolNodeCounts", self._count_nodes),
            Route("GET", "/supportedimages", "ListSupportedImages", self._list_images),
        )

    def _list(self, call: Call) -> Response:
        views = map(self._view, self._scheduler.pools.values())
        return self._entities.page(call, views, f"{self._account_url}/pools")

    def _get(self, call: Call) -> Response:
        pool = self._pool(call)
        return self._entities.element(call, self._view(pool), _version(pool))

    def _exists(self, call: Call) -> Response:
        return answer(200, version=_version(self._pool(call)))

    def _list_nodes(self, call: Call) -> Response:
        pool = self._pool(call)
        views = map(self._node_view, self._nodes(pool))
        return self._node_entities.page(call, views, f"{self._account_url}/pools/{pool.id}/nodes")

    def _get_node(self, call: Call) -> Response:
        pool = self._pool(call)
        node = pool.find(call.names["node"])
        if node is None or node not in self._nodes(pool):
            raise RefusalError("NodeNotFound", "The specified node does not exist.", status=404)
        return self._node_entities.element(call, self._node_view(node))

    def _count_nodes(self, call: Call) -> Response:
        views = map(self._counts, self._scheduler.pools.values())
        return self._count_entities.page(call, views, f"{self._account_url}/nodecounts")

    def _list_images(self, call: Call) -> Response:
        image = {
            "nodeAgentSKUId": _NODE_AGENT,
            "imageReference": _IMAGE,
            "osType": "linux",
            "capabilities": ["DockerCompatible"],
            "verificationType": "verified",
        }
        return self._image_entities.page(call, [image], f"{self._account_url}/supportedimages")

    def _pool(self, call: Call) -> Pool:
        found = self._scheduler.pools.get(call.names["pool"].lower())
        if found is None:
            raise RefusalError("PoolNotFound", "The specified pool does not exist.", status=404)
        call.check_conditions(_version(found))
        return found

    def _nodes(self, pool: Pool) -> list[Node]:
        """While there are no machines, those that do something are all there are."""
        is_held = self._scheduler.hold() is not None
        return [*(node for node in pool.nodes if node.tasks or not is_held), *pool.gone]

    def _view(self, pool: Pool) -> dict[str, Any]:
        """A ``BatchPool``."""
        settings = pool.settings
        since = times.text(pool.since)
        nodes = [node for node in self._nodes(pool) if not node.lost_as]
        version = _version(pool)
        shown: dict[str, Any] = {
            "id": pool.id,
            "url": f"{self._account_url}/pools/{pool.id}",
            "eTag": version.etag,
            "lastModified": since,
            "creationTime": since,
            "state": "active",
            "stateTransitionTime": since,
            "allocationState": "steady",
            "allocationStateTransitionTime": since,
            "vmSize": settings.vm_size,
            "virtualMachineConfiguration": _machine(pool),
            "resizeTimeout": "PT15M",
            "currentDedicatedNodes": sum(node.is_dedicated for node in nodes),
            "currentLowPriorityNodes": sum(not node.is_dedicated for node in nodes),
            "targetDedicatedNodes": settings.nodes,
            "targetLowPriorityNodes": settings.spot_nodes,
            "enableAutoScale": settings.autoscale_error is not None,
            "enableInterNodeCommunication": False,
            "taskSlotsPerNode": settings.slots_per_node,
            "taskSchedulingPolicy": {"nodeFillType": "spread"},
            "identity": _identity(settings.identities),
        }
        if errors := self._resize_errors(pool):
            shown["resizeErrors"] = errors
        if settings.autoscale_error is not None:
            shown["autoScaleFormula"] = _FORMULA
            shown["autoScaleEvaluationInterval"] = "PT5M"
            shown["autoScaleRun"] = {"timestamp": since, "error": _error(settings.autoscale_error)}
        return shown

    def _resize_errors(self, pool: Pool) -> list[dict[str, str]]:
        held = self._scheduler.hold()
        return [_error(text) for text in (*pool.settings.resize_errors, *([held] if held is not None else []))]

    def _node_view(self, node: Node) -> dict[str, Any]:
        """A ``BatchNode``."""
        since = times.text(node.since)
        return {
            "id": node.id,
            "url": f"{self._account_url}/pools/{node.pool.id}/nodes/{node.id}",
            "state": node.state,
            "schedulingState": "enabled",
            "stateTransitionTime": since,
            "lastBootTime": since,
            "allocationTime": since,
            "ipAddress": "127.0.0.1",
            "affinityId": f"TVM:{node.id}",
            "vmSize": node.pool.settings.vm_size,
            "totalTasksRun": node.total_run,
            "runningTasksCount": len(node.tasks),
            "runningTaskSlotsCount": node.used_slots,
            "totalTasksSucceeded": node.total_succeeded,
            "isDedicated": node.is_dedicated,
            "virtualMachineInfo": {"imageReference": _IMAGE},
        }

    def _counts(self, pool: Pool) -> dict[str, Any]:
        """A ``BatchPoolNodeCounts``."""
        nodes = self._nodes(pool)
        return {
            "poolId": pool.id,
            "dedicated": _count(node for node in nodes if node.is_dedicated),
            "lowPriority": _count(node for node in nodes if not node.is_dedicated),
        }


def _count(nodes: Any) -> dict[str, int]:
    found = Counter(node.state for node in nodes)
    return {**{state: found[state.lower()] for state in _COUNTED}, "total": found.total()}


def _machine(pool: Pool) -> dict[str, Any]:
    shown: dict[str, Any] = {"imageReference": _IMAGE, "nodeAgentSKUId": _NODE_AGENT}
    if pool.settings.has_containers:
        shown["containerConfiguration"] = {"type": "dockerCompatible"}
    return shown


def _identity(client_ids: Sequence[str]) -> dict[str, Any]:
    if not client_ids:
        return {"type": "None"}
    prefix = (
        "/subscriptions/emulated/resourceGroups/covalent/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    )
    given = [{"resourceId": f"{prefix}/{each}", "clientId": each, "principalId": each} for each in client_ids]
    return {"type": "UserAssigned", "userAssignedIdentities": given}


def _error(text: str) -> dict[str, str]:
    """A ``ResizeError`` or an ``AutoScaleRunError``."""
    code, separator, message = text.partition(":")
    if not separator or not code.isalnum():
        return {"code": "AllocationFailed", "message": text}
    return {"code": code, "message": message.strip()}


def _version(pool: Pool) -> Version:
    return Version(f'"0x8D{int(pool.since * 1e7):X}"', times.text(pool.since))
