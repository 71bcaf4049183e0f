"""Job definitions: one for each content, registered once and found again by name, submitted by ARN with its revision."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...errors import ExecutorError
from ..batch.concurrently import Once
from .border import RefusedError
from .options import BASE_IMAGE, Container
from .resources import Platform
from .session import Clients, domain_of

#: Marks what Covalent made, for ``covalent gc awsbatch``.
TAG: Final = "covalent"
DEFINITION_TAG: Final = {TAG: "job-definition"}

#: Of the digest of its content, in a definition's name.
HASH_CHARS: Final = 12

#: Source: user guide of AWS Batch, "AWS Batch service quotas".
MOST_BYTES: Final = 24 * 1024

#: A definition must name a size that its platform has; each submission overrides it.
_PLACEHOLDER_SIZE: Final = ({"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Roles:
    """ARNs; empty for none."""

    job: str
    execution: str


def image_of(container: Container, python: str, account_id: str, region: str) -> str:
    """The image that tasks run in.

    :param python: the workflow's version, as ``3.12``
    :param account_id: wanted only where a repository of Amazon ECR is named
    """
    if container.image:
        return container.image
    if container.ecr_repo_name:
        return f"{account_id}.dkr.ecr.{region}.{domain_of(region)}/{container.ecr_repo_name}"
    return BASE_IMAGE.format(python=python)


def definition(container: Container, command: Sequence[str], image: str, roles: Roles, region: str) -> dict[str, Any]:
    """What ``RegisterJobDefinition`` is given, without the name.

    :raises ExecutorError: if AWS would not take it
    """
    content = {
        "type": "container",
        "platformCapabilities": [container.platform.value],
        "containerProperties": {
            **_properties(container, command, image, roles, region),
            **json.loads(container.properties),
        },
        "tags": DEFINITION_TAG,
    }
    size = len(json.dumps(content))
    if size > MOST_BYTES:
        raise ExecutorError(
            f"The job definition would have {size} bytes; AWS Batch takes {MOST_BYTES}. Put less into environment, "
            "secrets or container_properties."
        )
    return content


def name_of(container: Container, content: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{container.definition_name}-{digest[:HASH_CHARS]}"


def _properties(container: Container, command: Sequence[str], image: str, roles: Roles, region: str) -> dict[str, Any]:
    found = {
        "image": image,
        "command": list(command),
        "jobRoleArn": roles.job,
        "executionRoleArn": roles.execution,
        "resourceRequirements": list(_PLACEHOLDER_SIZE),
        "environment": [{"name": name, "value": value} for name, value in container.environment],
        "secrets": [{"name": name, "valueFrom": arn} for name, arn in container.secrets],
        "linuxParameters": {"initProcessEnabled": True},
    }
    if container.shared_memory_mib:
        found["linuxParameters"] = {"initProcessEnabled": True, "sharedMemorySize": container.shared_memory_mib}
    if container.log_group:
        options = {"awslogs-group": container.log_group, "awslogs-region": region, "awslogs-stream-prefix": "covalent"}
        found["logConfiguration"] = {"logDriver": "awslogs", "options": options}
    if container.platform is Platform.FARGATE:
        found |= _fargate(container)
    return {name: value for name, value in found.items() if value not in ("", [])}


def _fargate(container: Container) -> dict[str, Any]:
    found: dict[str, Any] = {
        "networkConfiguration": {"assignPublicIp": "ENABLED" if container.assign_public_ip else "DISABLED"},
        "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
    }
    if container.disk_gib:
        found["ephemeralStorage"] = {"sizeInGiB": container.disk_gib}
    if container.architecture:
        found["runtimePlatform"] = {"operatingSystemFamily": "LINUX", "cpuArchitecture": container.architecture}
    return found


class Definitions:
    """Those that are known to be there."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients, self._region = clients, region
        self._arns: Once[str] = Once()

    async def arn(self, container: Container, command: tuple[str, ...], image: str, roles: Roles) -> str:
        """Its ARN, with the revision; it is registered if it is not there yet.

        :raises ExecutorError: if AWS cannot be asked, or refuses it
        """

        async def make() -> str:
            content = definition(container, command, image, roles, self._region)
            return await self._found_or_registered(name_of(container, content), content)

        return await self._arns.get((container, command, image, roles), make)

    def forget(self) -> None:
        """Look for each of them again: somebody has removed one."""
        self._arns = Once()

    async def _found_or_registered(self, name: str, content: dict[str, Any]) -> str:
        if found := await self._registered(name):
            return str(max(found, key=lambda one: one["revision"])["jobDefinitionArn"])
        answer = await self._clients.call(
            "batch",
            "register_job_definition",
            f"registering the job definition {name} (batch_job_definition_name)",
            jobDefinitionName=name,
            **content,
        )
        return str(answer["jobDefinitionArn"])

    async def _registered(self, name: str) -> list[dict[str, Any]]:
        """The revisions that there are; none if that may not be asked: then there will be one more."""
        what = f"looking for the job definition {name}"
        try:
            return [one async for one in self._clients.definitions(what, jobDefinitionName=name, status="ACTIVE")]
        except RefusedError as error:
            if error.is_denied:
                return []
            raise
