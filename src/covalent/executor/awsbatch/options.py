"""What an executor's settings mean for its jobs: frozen and hashable, so that equal settings share checks and job definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..batch.options import Pairs
from .resources import Asked, Platform

#: The image of tasks whose executor names none, with the workflow's Python in it. It is published and has pip; the runner brings the rest.
BASE_IMAGE: Final = "public.ecr.aws/docker/library/python:{python}-slim"


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """What goes into a job definition: all that a submission cannot override."""

    definition_name: str  #: The job definition's name begins with it.
    image: str  #: Empty for the one in ``ecr_repo_name``.
    ecr_repo_name: str  #: Empty for ``BASE_IMAGE``.
    platform: Platform
    architecture: str | None
    job_role: str  #: Name or ARN; empty for none.
    execution_role: str  #: The same.
    log_group: str  #: Empty for AWS Batch's own.
    shared_memory_mib: int | None
    disk_gib: int | None
    environment: Pairs
    secrets: Pairs  #: ARNs by the name of the variable.
    assign_public_ip: bool
    properties: str  #: More ``containerProperties``, as JSON.


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOptions:
    """What :meth:`AWSBatchExecutor.job_options` gives."""

    queue: str
    bucket: str
    prefix: str  #: Of the keys in the bucket, without slashes around it.
    job_definition: str  #: The user's own, by name or ARN; empty if Covalent makes one of ``container``.
    container: Container
    asked: Asked
    timeout_s: int  #: The service's own, which is later than the runner's.
    attempts: int  #: How often the service may start a task whose host was lost.
    tags: Pairs
    share_identifier: str | None
    scheduling_priority: int | None
    scratch: str  #: Directory in the container for temporary files; empty for the image's own.
