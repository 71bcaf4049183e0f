"""How much a job asks for, and what can run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..moto_border import Queue
from ..refusal import RefusalError
from .wording import rejected

#: Memory in MiB that Fargate has for each number of vCPUs.
#: Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
FARGATE: Final[Mapping[float, Sequence[int]]] = {
    0.25: (512, 1024, 2048),
    0.5: (1024, 2048, 3072, 4096),
    1: range(2048, 8192 + 1, 1024),
    2: range(4096, 16384 + 1, 1024),
    4: range(8192, 30720 + 1, 1024),
    8: range(16384, 61440 + 1, 4096),
    16: range(32768, 122880 + 1, 8192),
    32: (61440, 122880, 249856),
}

#: What the agent of ECS keeps of a machine's memory for itself.
#: Source: https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html
_AGENT_MIB: Final = 32

_TOO_LARGE: Final = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met "
    "by the CE(s) attached to the job queue."
)
_TOO_FEW_VCPUS: Final = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement "
    "of the job."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    vcpus: float
    memory_mib: int
    gpus: int = 0

    @classmethod
    def of(cls, container: Mapping[str, Any]) -> Resources:
        """What the properties of a container ask for, in ``resourceRequirements`` or in the older way.

        :raises RefusalError: if something is missing or no number
        """
        given = {each["type"]: each["value"] for each in container.get("resourceRequirements", ())}
        vcpus, memory = given.get("VCPU", container.get("vcpus")), given.get("MEMORY", container.get("memory"))
        if vcpus is None:
            raise rejected("vCPU is not provided.")
        if memory is None:
            raise rejected("Memory is not provided.")
        try:
            return cls(vcpus=float(vcpus), memory_mib=int(memory), gpus=int(given.get("GPU", 0)))
        except ValueError as error:
            raise rejected(f"Resource requirement value is not a number: {error}.") from error

    def check(self, *, on_fargate: bool) -> None:
        """
        :raises RefusalError: if nothing of this kind has such sizes
        """
        if not on_fargate:
            if self.vcpus < 1 or self.vcpus != int(self.vcpus):
                raise rejected(f"vCPU {self.vcpus:g} is not valid: it must be a whole number and at least 1.")
            if self.memory_mib < 4:
                raise rejected("Memory must be at least 4 MiB.")
            if self.gpus < 0:
                raise rejected("GPU must be greater than 0.")
        elif self.gpus:
            raise rejected("GPU is not supported for Fargate jobs.")
        elif self.memory_mib not in FARGATE.get(self.vcpus, ()):
            raise RefusalError(
                "ClientException",
                f"Fargate resource requirements ({self.vcpus:.2f} vCPU, {self.memory_mib} MiB) not valid.",
            )

    def never_fits(self, queue: Queue) -> str:
        """Why a job that asks for this waits in the queue for ever; empty if it does not."""
        if self.vcpus > queue.max_vcpus:
            return _TOO_FEW_VCPUS
        if not queue.machines or any(
            self.vcpus <= machine.vcpus
            and self.memory_mib <= machine.memory_mib - _AGENT_MIB
            and self.gpus <= machine.gpus
            for machine in queue.machines
        ):
            return ""
        return _TOO_LARGE
