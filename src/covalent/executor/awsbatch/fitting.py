"""Whether what a job asks for is to be had behind a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...errors import ExecutorError
from ...troubles import Trouble
from .options import JobOptions
from .resources import Platform, size_of

#: Kinds of compute environments by what they run. Managed instances of ECS take definitions of another form than ours.
#: Source: API reference of AWS Batch, ``ComputeResource`` and ``RegisterJobDefinition``.
_KINDS: Final[Mapping[Platform, frozenset[str]]] = {
    Platform.EC2: frozenset({"EC2", "SPOT"}),
    Platform.FARGATE: frozenset({"FARGATE", "FARGATE_SPOT"}),
}

Described = Mapping[str, Any]


def refuse_shares(queue: Described, options: JobOptions) -> None:
    has_shares = bool(queue.get("schedulingPolicyArn"))
    if has_shares and options.share_identifier is None:
        raise ExecutorError(f"The job queue {options.queue!r} divides its time by shares: set share_identifier.")
    if not has_shares and options.share_identifier is not None:
        raise ExecutorError(f"The job queue {options.queue!r} knows no shares: take share_identifier out.")


def refuse_without_priority(definition: Described, options: JobOptions) -> None:
    """:param definition: the user's own"""
    is_missing = options.scheduling_priority is None and "schedulingPriority" not in definition
    if options.share_identifier is not None and is_missing:
        raise ExecutorError(
            f"The job definition {options.job_definition!r} has no schedulingPriority, which AWS Batch wants of jobs in a share: set "
            "scheduling_priority."
        )


def resources_of(environment: Described) -> Described:
    """The ``computeResources`` of an environment; machines of a Kubernetes cluster are of a kind of their own."""
    found: Described = environment["computeResources"]
    return {**found, "type": "EKS"} if environment.get("containerOrchestrationType") == "EKS" else found


def refuse_compute(queue: str, managed: Sequence[Described], options: JobOptions) -> None:
    """:param managed: the ``computeResources`` of all environments of the queue"""
    platform = options.asked.platform
    fitting = [one for one in managed if one.get("type") in _KINDS[platform]]
    if not fitting:
        others = ", ".join(sorted({str(one.get("type")) for one in managed}))
        raise ExecutorError(
            f"platform is {platform}, but the job queue {queue!r} has {others} only. Set platform to match, or name "
            "another queue in batch_queue.",
            trouble=Trouble.WRONG_SETTING,
        )
    most = max(one.get("maxvCpus", 0) for one in fitting)
    vcpu = size_of(options.asked).vcpu
    if most and vcpu > most:
        raise ExecutorError(
            f"vcpu is {vcpu:g}, but the compute environments of the job queue {queue!r} may have {most} in all "
            "(maxvCpus), so the job would never start.",
            trouble=Trouble.QUOTA,
        )
    wanted = options.container.architecture
    types = [name for one in fitting for name in one.get("instanceTypes", ())]
    if platform is Platform.EC2 and wanted and types and all(architecture_of(name) != wanted for name in types):
        raise ExecutorError(
            f"architecture is {wanted}, but the job queue {queue!r} has other instances only "
            f"({', '.join(sorted(set(types)))}). "
            "Set architecture to match, or name another queue in batch_queue."
        )


def architecture_of(instance_type: str) -> str:
    """Of an instance type, a family, or one of AWS Batch's names for several.

    Source: user guide of Amazon EC2, "Instance type naming conventions": families of Graviton processors have a ``g`` after the generation.
    """
    family = instance_type.partition(".")[0]
    if family in ("a1", "default_arm64"):
        return "ARM64"
    attributes = family.lstrip("abcdefghijklmnopqrstuvwxyz").partition("-")[0].lstrip("0123456789")
    return "ARM64" if "g" in attributes else "X86_64"
