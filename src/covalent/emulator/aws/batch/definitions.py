"""Job definitions and their revisions."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..moto_border import ACCOUNT
from .resources import Resources
from .retry import check_strategy
from .wording import refused, rejected

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")

#: Source for this and the next: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
MAX_DEFINITION_KIB: Final = 24
MIN_TIMEOUT_S: Final = 60

_MAX_TAGS: Final = 50

#: What the API shows of a container although nobody has said it.
_EMPTY: Final = ("command", "volumes", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")


@dataclass(kw_only=True, slots=True)
class Definition:
    name: str
    revision: int
    arn: str
    request: Mapping[str, Any]  #: What it was registered with.
    container: Mapping[str, Any]
    is_active: bool = True
    capabilities: Sequence[str] = field(default_factory=list)

    @property
    def on_fargate(self) -> bool:
        return "FARGATE" in self.capabilities

    def view(self, tags: Mapping[str, str]) -> dict[str, Any]:
        shown = ("type", "schedulingPriority", "retryStrategy", "timeout", "propagateTags")
        return {
            "jobDefinitionName": self.name,
            "jobDefinitionArn": self.arn,
            "revision": self.revision,
            "status": "ACTIVE" if self.is_active else "INACTIVE",
            "parameters": self.request.get("parameters", {}),
            "containerProperties": self.container,
            "platformCapabilities": self.capabilities,
            "containerOrchestrationType": "ECS",
            "tags": dict(tags),
            **{name: self.request[name] for name in shown if name in self.request},
        }


class Definitions:
    """All of them, the inactive ones included. Safe to use from several threads."""

    def __init__(self, region: str) -> None:
        self._prefix = f"arn:aws:batch:{region}:{ACCOUNT}:job-definition/"
        self._lock = threading.Lock()
        self._revisions: dict[str, list[Definition]] = {}

    def register(self, request: Mapping[str, Any], size_bytes: int) -> Definition:
        """:raises RefusalError: if the definition is one that AWS Batch does not take"""
        _check(request, size_bytes)
        container: dict[str, Any] = {name: [] for name in _EMPTY} | dict(request["containerProperties"])
        capabilities = request.get("platformCapabilities") or ["EC2"]
        if "FARGATE" in capabilities:
            container.setdefault("fargatePlatformConfiguration", {"platformVersion": "LATEST"})
        name = request["jobDefinitionName"]
        with self._lock:
            revisions = self._revisions.setdefault(name, [])
            revision = len(revisions) + 1
            definition = Definition(
                name=name,
                revision=revision,
                arn=f"{self._prefix}{name}:{revision}",
                request=request,
                container=container,
                capabilities=capabilities,
            )
            revisions.append(definition)
        return definition

    def deregister(self, identifier: str) -> None:
        """:raises RefusalError: if there is no such revision"""
        found = self._find(identifier)
        if len(found) != 1 or ":" not in identifier.removeprefix(self._prefix):
            raise refused(f"JobDefinition {identifier} not found.")
        found[0].is_active = False

    def active(self, identifier: str) -> Definition:
        """By ARN with or without revision, by name, or by name and revision; the newest, if none is named.

        :raises RefusalError: if there is none, or it is inactive
        """
        active = [definition for definition in self._find(identifier) if definition.is_active]
        if not active:
            kind = "arn" if identifier.startswith("arn:") else "name"
            raise refused(f"JobDefinition {kind} {identifier} does not exist or is not in ACTIVE status")
        return active[-1]

    def select(self, request: Mapping[str, Any]) -> list[Definition]:
        """Those that DescribeJobDefinitions asks for, newest revision first.

        :raises RefusalError: if it asks in a way that AWS Batch does not take
        """
        if wanted := request.get("jobDefinitions"):
            if set(request) > {"jobDefinitions"}:
                raise rejected("jobDefinitions cannot be used with other parameters.")
            named = [each for each in wanted if ":" in each.rpartition("/")[2]]
            if len(named) < len(wanted):
                raise rejected("jobDefinitions must be ARNs with a revision, or be of the form NAME:REVISION.")
            found = [definition for identifier in named for definition in self._find(identifier)]
        else:
            with self._lock:
                found = [definition for revisions in self._revisions.values() for definition in reversed(revisions)]
            if name := request.get("jobDefinitionName"):
                found = [definition for definition in found if definition.name == name]
        status = request.get("status")
        return [d for d in found if status in (None, "ACTIVE" if d.is_active else "INACTIVE")]

    def _find(self, identifier: str) -> list[Definition]:
        name, _, revision = identifier.removeprefix(self._prefix).partition(":")
        with self._lock:
            return [d for d in self._revisions.get(name, ()) if revision in ("", str(d.revision))]


def _check(request: Mapping[str, Any], size_bytes: int) -> None:
    name = request["jobDefinitionName"]
    if not NAME.fullmatch(name):
        raise refused(f"Provided name {name} is not supported pattern[a-zA-Z_0-9-]{{1,128}}")
    if size_bytes > MAX_DEFINITION_KIB * 1024:
        raise rejected(f"Job definition size must be less than {MAX_DEFINITION_KIB} KiB, got {size_bytes // 1024} KiB")
    if request["type"] != "container":
        raise rejected(f"The emulator runs jobs of type container, not {request['type']}.")
    if "containerProperties" not in request:
        raise rejected("Container properties should not be empty.")
    check_strategy(request.get("retryStrategy", {}))
    check_timeout(request)
    check_tags(request)
    _check_container(request["containerProperties"], on_fargate="FARGATE" in request.get("platformCapabilities", ()))


def _check_container(container: Mapping[str, Any], *, on_fargate: bool) -> None:
    if not container.get("image"):
        raise rejected("Image is required.")
    check_environment(container)
    Resources.of(container).check(on_fargate=on_fargate)
    parameters = container.get("linuxParameters", {})
    if on_fargate and "executionRoleArn" not in container:
        raise rejected("executionRoleArn is required for Fargate jobs.")
    if on_fargate and (container.get("privileged") or "sharedMemorySize" in parameters or "tmpfs" in parameters):
        raise rejected("privileged, sharedMemorySize and tmpfs are not supported for Fargate jobs.")
    if not on_fargate and "ephemeralStorage" in container:
        raise rejected("ephemeralStorage is supported for Fargate jobs only.")


def check_timeout(request: Mapping[str, Any]) -> None:
    """:raises RefusalError: if the time limit is below what AWS Batch takes"""
    seconds = request.get("timeout", {}).get("attemptDurationSeconds")
    if seconds is not None and seconds < MIN_TIMEOUT_S:
        raise rejected(f"Timeout attemptDurationSeconds must be at least {MIN_TIMEOUT_S} seconds.")


def check_tags(request: Mapping[str, Any]) -> None:
    """:raises RefusalError: if there are too many tags, or they are too long"""
    tags = request.get("tags", {})
    if len(tags) > _MAX_TAGS:
        raise rejected(f"At most {_MAX_TAGS} tags are allowed.")
    if any(
        not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:") for key, value in tags.items()
    ):
        raise rejected("Tag keys can have 1 to 128 characters and not begin with aws:, tag values at most 256.")


def check_environment(container: Mapping[str, Any]) -> None:
    """:raises RefusalError: if a variable has a name that is AWS Batch's own"""
    for each in container.get("environment", ()):
        if each.get("name", "").startswith("AWS_BATCH"):
            raise rejected("Environment variables cannot start with AWS_BATCH.")
