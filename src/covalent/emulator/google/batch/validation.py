"""What CreateJob takes, and what the service adds to it.

Sources: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs, https://cloud.google.com/batch/quotas
"""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from ..refusal import RefusalError
from .jobs import GROUP

MAX_TASKS: Final = 100_000
MAX_PARALLELISM: Final = 5_000
MAX_RETRIES: Final = 10
MAX_JOB_BYTES: Final = 1_000_000
MAX_RUN_S: Final = 14 * 86_400
MAX_LABELS: Final = 64

#: What a machine has if nothing is asked for.
DEFAULT_CPU_MILLI, DEFAULT_MEMORY_MIB = 2000, 2000

_JOB_ID: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{0,63}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SECRET: Final = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")


def invalid(message: str) -> RefusalError:
    return RefusalError("INVALID_ARGUMENT", message)


def check_request(request: Any) -> None:
    """:raises RefusalError: if it is no request that the service takes"""
    if request.job_id and not _JOB_ID.fullmatch(request.job_id):
        raise invalid(
            f"Job ID {request.job_id!r} is invalid: it must match the pattern ^[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$."
        )
    if request.request_id:
        try:
            is_zero = uuid.UUID(request.request_id).int == 0
        except ValueError:
            is_zero = True
        if is_zero:
            raise invalid(f"Request ID {request.request_id!r} is invalid: it must be a UUID that is not zero.")
    if (size := request.ByteSize()) > MAX_JOB_BYTES:
        raise invalid(f"The job is too large: {size} bytes; the limit is {MAX_JOB_BYTES} bytes.")


def check_job(job: Any, location: str) -> None:
    """:raises RefusalError: if the service does not take such a job"""
    if len(job.task_groups) != 1:
        raise invalid(f"Job must have exactly one task group; it has {len(job.task_groups)}.")
    if not 0 <= job.priority < 100:
        raise invalid(f"priority must be in [0, 100); it is {job.priority}.")
    _check_labels(job.labels)
    _check_labels(job.allocation_policy.labels)
    _check_group(job.task_groups[0])
    _check_spec(job.task_groups[0].task_spec)
    _check_allocation(job.allocation_policy, location)


def complete_job(job: Any, location: str, service_account: str) -> None:
    """Put in what the service puts in where nothing is said."""
    group = job.task_groups[0]
    group.name = f"{job.name}/taskGroups/{GROUP}"
    group.task_count = len(group.task_environments) or group.task_count or 1
    in_order = group.scheduling_policy == group.SchedulingPolicy.IN_ORDER
    group.parallelism = 1 if in_order else group.parallelism or min(group.task_count, MAX_PARALLELISM)
    resource = group.task_spec.compute_resource
    resource.cpu_milli = resource.cpu_milli or DEFAULT_CPU_MILLI
    resource.memory_mib = resource.memory_mib or DEFAULT_MEMORY_MIB
    policy = job.allocation_policy
    if not policy.location.allowed_locations:
        policy.location.allowed_locations.append(f"regions/{location}")
    policy.service_account.email = policy.service_account.email or service_account
    policy.labels["batch-job-id"] = job.name.rpartition("/")[2]


def _check_labels(labels: Any) -> None:
    if len(labels) > MAX_LABELS:
        raise invalid(f"There are too many labels: {len(labels)}; the limit is {MAX_LABELS}.")
    for name, value in labels.items():
        if not _LABEL.fullmatch(name) or not _LABEL_VALUE.fullmatch(value):
            raise invalid(
                f"Label {name!r}={value!r} is invalid: keys and values have at most 63 lower-case letters, digits, '_' and '-'; "
                "keys begin with a letter."
            )


def _check_group(group: Any) -> None:
    count = len(group.task_environments) or group.task_count
    if not 0 <= count <= MAX_TASKS:
        raise invalid(f"task_count must be between 1 and {MAX_TASKS}; it is {count}.")
    if not 0 <= group.parallelism <= MAX_PARALLELISM:
        raise invalid(f"parallelism must be between 1 and {MAX_PARALLELISM}; it is {group.parallelism}.")
    if group.parallelism > 1 and group.scheduling_policy == group.SchedulingPolicy.IN_ORDER:
        raise invalid("parallelism must be 1 if the scheduling policy is IN_ORDER.")
    for environment in group.task_environments:
        _check_environment(environment)


def _check_spec(spec: Any) -> None:
    if not spec.runnables:
        raise invalid("Task spec must have at least one runnable.")
    if spec.volumes:
        raise RefusalError("UNIMPLEMENTED", "The emulator mounts no volumes. Read and write the bucket instead.")
    for runnable in spec.runnables:
        _check_runnable(runnable)
    _check_environment(spec.environment)
    resource = spec.compute_resource
    for name in ("cpu_milli", "memory_mib", "boot_disk_mib"):
        if getattr(resource, name) < 0:
            raise invalid(f"compute_resource.{name} must not be negative; it is {getattr(resource, name)}.")
    _check_limits(spec)


def _check_limits(spec: Any) -> None:
    if not 0 <= spec.max_retry_count <= MAX_RETRIES:
        raise invalid(f"max_retry_count must be in [0, {MAX_RETRIES}]; it is {spec.max_retry_count}.")
    if not 0 <= spec.max_run_duration.seconds <= MAX_RUN_S:
        raise invalid(f"max_run_duration must be between 0s and {MAX_RUN_S}s; it is {spec.max_run_duration.seconds}s.")
    if len(spec.lifecycle_policies) > 1:
        raise invalid(f"There can be one lifecycle policy; there are {len(spec.lifecycle_policies)}.")
    for policy in spec.lifecycle_policies:
        if not policy.action or not policy.action_condition.exit_codes:
            raise invalid("A lifecycle policy must have an action and an action condition with exit codes.")


def _check_runnable(runnable: Any) -> None:
    kind = runnable.WhichOneof("executable")
    if kind is None:
        raise invalid("Runnable must have a container, a script or a barrier.")
    if kind == "container" and not runnable.container.image_uri:
        raise invalid("Container runnable must have an image URI (image_uri).")
    if kind == "script" and runnable.script.WhichOneof("command") is None:
        raise invalid("Script runnable must have a path or a text.")
    if kind == "barrier" or runnable.background:
        raise RefusalError(
            "UNIMPLEMENTED", "The emulator runs runnables one after another: no barriers, none in the background."
        )
    _check_environment(runnable.environment)


def _check_environment(environment: Any) -> None:
    for name in (*environment.variables, *environment.secret_variables):
        if not _VARIABLE.fullmatch(name):
            raise invalid(f"Environment variable {name!r} has an invalid name.")
    for name, secret in environment.secret_variables.items():
        if not _SECRET.fullmatch(secret):
            raise invalid(
                f"Secret variable {name} must name projects/PROJECT/secrets/SECRET/versions/VERSION, not {secret!r}."
            )


def _check_allocation(policy: Any, location: str) -> None:
    if len(policy.instances) > 1:
        raise invalid(f"allocation_policy can have one instance policy; it has {len(policy.instances)}.")
    for allowed in policy.location.allowed_locations:
        kind, _, place = allowed.partition("/")
        is_here = (kind == "regions" and place == location) or (
            kind == "zones" and re.fullmatch(rf"{re.escape(location)}-[a-z]", place)
        )
        if not is_here:
            raise invalid(f"Invalid allowed_locations: {allowed!r} is not in the job's region {location}.")
    if len({allowed.partition("/")[0] for allowed in policy.location.allowed_locations}) > 1:
        raise invalid("Invalid allowed_locations: it can be one region, or several zones of one region.")
    if len(policy.network.network_interfaces) > 1:
        raise invalid("allocation_policy can have one network interface.")
    for interface in policy.network.network_interfaces:
        _check_interface(interface, location)


def _check_interface(interface: Any, location: str) -> None:
    places = {
        "network": rf"global/networks/({_NAME})$",
        "subnetwork": rf"regions/{re.escape(location)}/subnetworks/({_NAME})$",
    }
    for field, expected in places.items():
        given = getattr(interface, field)
        if given and not re.fullmatch(rf"(https://.+/)?(projects/[^/]+/)?{expected}", given):
            raise invalid(f"{field} field is invalid. {field}: {field} is not matching the expected format: {expected}")
    if interface.no_external_ip_address and not (interface.network and interface.subnetwork):
        raise invalid(
            "no_external_ip_address field is invalid. both network and subnetwork have to be specified when "
            "no_external_ip_address is true."
        )
