"""What SubmitJob takes, checked and put together with the job's definition.

Source of the limits: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..moto_border import Queue
from .definitions import NAME, Definition, check_environment, check_tags, check_timeout
from .jobs import Order
from .resources import Resources
from .retry import check_strategy
from .wording import refused, rejected

MAX_SUBMISSION_KIB: Final = 30
MIN_ARRAY, MAX_ARRAY = 2, 10_000
_MAX_DEPENDENCIES: Final = 20

#: Parts of a definition that a submission can replace.
_REPLACED: Final = ("command", "instanceType", "vcpus", "memory")


def order(request: Mapping[str, Any], size_bytes: int, queue: Queue, definition: Definition) -> Order:
    """:raises RefusalError: if it is something that AWS Batch does not take"""
    _check(request, size_bytes)
    _check_queue(request, queue, definition)
    overrides = request.get("containerOverrides", {})
    container = _container(definition.container, overrides)
    resources = Resources.of(container)
    resources.check(on_fargate=definition.on_fargate)
    timeout = request.get("timeout") or definition.request.get("timeout") or {}
    propagate = request.get("propagateTags", definition.request.get("propagateTags", False))
    return Order(
        name=request["jobName"],
        queue=queue,
        definition=definition,
        container=container,
        resources=resources,
        parameters={**definition.request.get("parameters", {}), **request.get("parameters", {})},
        retry=request.get("retryStrategy") or definition.request.get("retryStrategy") or {"attempts": 1},
        timeout_s=timeout.get("attemptDurationSeconds"),
        size=request.get("arrayProperties", {}).get("size"),
        depends_on=request.get("dependsOn", ()),
        overrides_chars=len(json.dumps(overrides, separators=(",", ":"))) if overrides else 0,
        share_identifier=request.get("shareIdentifier"),
        scheduling_priority=_priority(request, definition),
        propagate_tags=propagate,
    )


def _check(request: Mapping[str, Any], size_bytes: int) -> None:
    if not NAME.fullmatch(request["jobName"]):
        raise refused(f"Provided name {request['jobName']} is not supported pattern[a-zA-Z_0-9-]{{1,128}}")
    if size_bytes > MAX_SUBMISSION_KIB * 1024:
        raise rejected(f"Job size must be less than {MAX_SUBMISSION_KIB} KiB, got {size_bytes // 1024} KiB")
    size = request.get("arrayProperties", {}).get("size")
    if size is not None and not MIN_ARRAY <= size <= MAX_ARRAY:
        raise rejected(f"Array size must be between {MIN_ARRAY} and {MAX_ARRAY}.")
    if len(request.get("dependsOn", ())) > _MAX_DEPENDENCIES:
        raise rejected(f"Job cannot have more than {_MAX_DEPENDENCIES} dependencies")
    check_strategy(request.get("retryStrategy", {}))
    check_timeout(request)
    check_tags(request)
    check_environment(request.get("containerOverrides", {}))


def _check_queue(request: Mapping[str, Any], queue: Queue, definition: Definition) -> None:
    if not queue.is_enabled:
        raise refused(f"JobQueue {request['jobQueue']} is in DISABLED state and cannot accept jobs.")
    if queue.is_fargate != definition.on_fargate:
        wanted = "FARGATE" if queue.is_fargate else "EC2"
        raise rejected(
            f"The job definition's platformCapabilities do not match the job queue, which is for {wanted} jobs."
        )
    if queue.has_policy and "shareIdentifier" not in request:
        raise rejected("Share identifier must be specified for job queues with a scheduling policy.")
    if not queue.has_policy and "shareIdentifier" in request:
        raise rejected("Share identifier can be specified for job queues with a scheduling policy only.")
    if queue.has_policy and _priority(request, definition) is None:
        raise refused("Either schedulingPriority in job definition or schedulingPriorityOverride should be specified.")


def _priority(request: Mapping[str, Any], definition: Definition) -> int | None:
    priority: int | None = request.get("schedulingPriorityOverride", definition.request.get("schedulingPriority"))
    return priority


def _container(properties: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    replaced = {name: overrides[name] for name in _REPLACED if name in overrides}
    return {
        **properties,
        **replaced,
        "environment": _merged(properties, overrides, "environment", "name"),
        "resourceRequirements": _merged(properties, overrides, "resourceRequirements", "type"),
    }


def _merged(properties: Mapping[str, Any], overrides: Mapping[str, Any], part: str, key: str) -> list[dict[str, str]]:
    """Entries of both, the later ones in the place of earlier ones with the same key."""
    merged = {each[key]: each for each in (*properties.get(part, ()), *overrides.get(part, ()))}
    return list(merged.values())
