"""What AWS Batch lets a container have: tables, and the way from what was asked to what is submitted.

Sources: API reference of AWS Batch, ``ResourceRequirement`` (vCPU and memory of Fargate, whole vCPUs on EC2) and
``EphemeralStorage``; list of instance types of Amazon EC2 (the largest memory).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...errors import ExecutorError
from ..batch.options import grown_mib


class Platform(StrEnum):
    EC2 = "EC2"
    FARGATE = "FARGATE"


#: Memory that Fargate takes, in MiB, by the number of vCPUs.
FARGATE_MEMORY_MIB: Final[Mapping[float, tuple[int, ...]]] = {
    0.25: (512, 1024, 2048),
    0.5: tuple(range(1024, 4096 + 1, 1024)),
    1: tuple(range(2048, 8192 + 1, 1024)),
    2: tuple(range(4096, 16384 + 1, 1024)),
    4: tuple(range(8192, 30720 + 1, 1024)),
    8: tuple(range(16384, 61440 + 1, 4096)),
    16: tuple(range(32768, 122880 + 1, 8192)),
    32: (61440, 122880, 249856),
}

#: Disk that Fargate gives a task beyond the 20 GiB that it always has.
FARGATE_DISK_GIB: Final = (21, 200)

#: The least memory that a container may have.
LEAST_MEMORY_MIB: Final = 4

#: No instance has more (u7inh-32tb.480xlarge).
EC2_MEMORY_MIB: Final = 32 * 1024 * 1024

#: No instance has more.
EC2_VCPUS: Final = 1920
EC2_GPUS: Final = 16

MIB_PER_GB: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the settings ask for, before anything is rounded."""

    platform: Platform
    vcpu: float
    memory_mib: int
    gpus: int = 0
    max_memory_mib: int | None = None  #: Where growth after running out of memory ends.


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """What one container gets."""

    vcpu: float
    memory_mib: int
    gpus: int = 0

    def requirements(self) -> list[dict[str, str]]:
        """As ``resourceRequirements`` of a submission."""
        amounts = {"VCPU": f"{self.vcpu:g}", "MEMORY": str(self.memory_mib), "GPU": str(self.gpus or "")}
        return [{"type": kind, "value": value} for kind, value in amounts.items() if value]

    def __str__(self) -> str:
        return f"{self.vcpu:g} vCPU with {self.memory_mib} MiB"


def size_of(asked: Asked, out_of_memory: int = 0) -> Size:
    """The smallest that is at least what is asked; for each time that the tasks ran out of memory, twice the memory.

    :raises ExecutorError: if there is no such container
    """
    memory_mib = _grown(asked, out_of_memory)
    if asked.platform is Platform.FARGATE:
        return _on_fargate(asked, memory_mib)
    _refuse_on_ec2(asked)
    return Size(vcpu=int(asked.vcpu), memory_mib=memory_mib, gpus=asked.gpus)


def rounding(asked: Asked) -> str:
    """A sentence on how what is asked was rounded up; empty if it was not."""
    size = size_of(asked)
    if (size.vcpu, size.memory_mib) == (asked.vcpu, asked.memory_mib):
        return ""
    wanted = Size(vcpu=asked.vcpu, memory_mib=asked.memory_mib)
    return f"Fargate has no {wanted}: each task gets the next size up, {size}."


def _grown(asked: Asked, out_of_memory: int) -> int:
    largest = EC2_MEMORY_MIB if asked.platform is Platform.EC2 else max(map(max, FARGATE_MEMORY_MIB.values()))
    cap = min(largest, asked.max_memory_mib or largest)
    return grown_mib(asked.memory_mib, out_of_memory, cap)


def _on_fargate(asked: Asked, memory_mib: int) -> Size:
    if asked.gpus:
        raise ExecutorError(
            f"num_gpus is {asked.gpus}, but Fargate has no GPUs. Set platform to 'EC2', with a queue of GPU instances."
        )
    for vcpu, sizes in FARGATE_MEMORY_MIB.items():
        fitting = [size for size in sizes if size >= memory_mib]
        if vcpu >= asked.vcpu and fitting:
            return Size(vcpu=vcpu, memory_mib=fitting[0])
    most = max(FARGATE_MEMORY_MIB)
    raise ExecutorError(
        f"Fargate has no container of {asked.vcpu:g} vCPU and {memory_mib} MiB: its largest has {most:g} vCPU and "
        f"{FARGATE_MEMORY_MIB[most][-1]} MiB. Ask for less in vcpu or memory, or set platform to 'EC2'."
    )


def _refuse_on_ec2(asked: Asked) -> None:
    """What AWS would refuse, or leave in RUNNABLE for ever."""
    if asked.vcpu != int(asked.vcpu):
        raise ExecutorError(
            f"vcpu is {asked.vcpu:g}, but on EC2 a container has whole vCPUs. Use {int(asked.vcpu) + 1}, or set "
            "platform to 'FARGATE', "
            "which also has 0.25 and 0.5."
        )
    if asked.memory_mib < LEAST_MEMORY_MIB:
        raise ExecutorError(
            f"memory is {asked.memory_mib} MiB; AWS Batch gives a container at least {LEAST_MEMORY_MIB} MiB. Ask for more; "
            "memory is in GB."
        )
    for name, value, most, unit in (
        ("vcpu", asked.vcpu, EC2_VCPUS, "vCPUs"),
        ("memory", asked.memory_mib / MIB_PER_GB, EC2_MEMORY_MIB // MIB_PER_GB, "GB"),
        ("num_gpus", asked.gpus, EC2_GPUS, "GPUs"),
    ):
        if value > most:
            raise ExecutorError(
                f"{name} asks for {value:,g} {unit}; no instance of EC2 has more than {most:,}, so the job would never "
                "start. Ask for less."
            )
