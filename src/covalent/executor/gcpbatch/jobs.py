"""A job, as Google Batch takes it: one task group, whose tasks differ in their index alone.

Sources: API reference of Google Batch, ``projects.locations.jobs``; its documentation, "Automate task retries" and "Control task retries".
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Final

from ...runner.cloud.names import (
    ATTEMPT_VARIABLE,
    FIRST_ATTEMPT_VARIABLE,
    INDEX_VARIABLE,
    PYTHON_VARIABLE,
    RECALL_VARIABLE,
)
from ..batch.service import Job
from .options import BASE_IMAGE, JobOptions, Machine
from .session import Account

#: Where the container finds which task it is, and how often the service has tried it before. Source: "Use environment variables".
TASK_INDEX: Final = "BATCH_TASK_INDEX"
RETRY_ATTEMPT: Final = "BATCH_TASK_RETRY_ATTEMPT"

#: Codes that Google Batch itself gives tasks whose machine was taken back or lost; see :mod:`.reasons`.
LOST_MACHINE: Final = (50001, 50002, 50003, 50004, 50006)

#: Seconds between two looks of a running task whether it has been given up. Google Batch cannot end one task of several.
RECALL_S: Final = 10

#: Tells jobs of Covalent's from others of the same id.
GROUP_LABEL: Final = "covalent-group"

_REQUESTS: Final = uuid.UUID("6a9e2f9c-3d0b-5a53-9d5f-0b8f5e1f7c21")


def request_id(name: str) -> str:
    """The same for the same job, so that the service itself takes a repeated request for one."""
    return str(uuid.uuid5(_REQUESTS, name))


def request(job: Job, account: Account) -> Any:
    """A ``CreateJobRequest``."""
    from google.cloud.batch_v1 import CreateJobRequest

    return CreateJobRequest(
        parent=account.parent,
        job_id=job.name,
        request_id=request_id(f"{account.parent}/jobs/{job.name}"),
        job=_message(job, account),
    )


def labels_of(job: Job) -> dict[str, str]:
    return {**dict(job.options.labels), **job.tags, GROUP_LABEL: job.name}


def _message(job: Job, account: Account) -> dict[str, Any]:
    options: JobOptions = job.options
    group: dict[str, Any] = {"task_count": job.size, "task_spec": _task(job)}
    if options.parallelism:
        group["parallelism"] = min(options.parallelism, job.size)
    labels = labels_of(job)
    return {
        "task_groups": [group],
        "allocation_policy": {**_allocation(options.machine, account), "labels": labels, **_service_account(options)},
        "labels": labels,
        "logs_policy": {"destination": "CLOUD_LOGGING"},
    }


def _task(job: Job) -> dict[str, Any]:
    options: JobOptions = job.options
    container = {
        "image_uri": options.image or BASE_IMAGE.format(python=job.environment[PYTHON_VARIABLE]),
        "commands": list(job.command),
        "options": options.container_options,
    }
    resources = {"cpu_milli": options.cpu_milli, "memory_mib": options.memory_after(job.out_of_memory)}
    if options.boot_disk_mib:
        resources["boot_disk_mib"] = options.boot_disk_mib
    return {
        "runnables": [{"container": container}],
        "compute_resource": resources,
        "max_run_duration": timedelta(seconds=options.max_run_s),
        "max_retry_count": options.retries,
        "lifecycle_policies": [{"action": "RETRY_TASK", "action_condition": {"exit_codes": list(LOST_MACHINE)}}],
        "environment": {"variables": _variables(job), "secret_variables": dict(options.secrets)},
    }


def _variables(job: Job) -> dict[str, str]:
    ours = {
        INDEX_VARIABLE: TASK_INDEX,
        ATTEMPT_VARIABLE: RETRY_ATTEMPT,
        FIRST_ATTEMPT_VARIABLE: "0",
        **job.environment,
    }
    if job.size > 1:
        ours[RECALL_VARIABLE] = str(RECALL_S)
    return {**dict(job.options.environment), **ours}


def _allocation(machine: Machine, account: Account) -> dict[str, Any]:
    policy: dict[str, Any] = {"provisioning_model": "SPOT" if machine.spot else "STANDARD"}
    if machine.machine_type:
        policy["machine_type"] = machine.machine_type
    if machine.num_gpus:
        policy["accelerators"] = [{"type_": machine.gpu_type, "count": machine.num_gpus}]
    if machine.reservation:
        policy["reservation"] = machine.reservation
    allocation: dict[str, Any] = {
        "location": {"allowed_locations": list(machine.locations or (f"regions/{account.region}",))},
        "instances": [{"policy": policy, "install_gpu_drivers": machine.install_gpu_drivers}],
    }
    if machine.network or machine.subnetwork or not machine.has_public_ip:
        interface = {"no_external_ip_address": not machine.has_public_ip}
        allocation["network"] = {"network_interfaces": [{**interface, **_network(machine)}]}
    return allocation


def _network(machine: Machine) -> dict[str, str]:
    found = {"network": machine.network, "subnetwork": machine.subnetwork}
    return {name: path for name, path in found.items() if path}


def _service_account(options: JobOptions) -> dict[str, Any]:
    return {"service_account": {"email": options.service_account}} if options.service_account else {}
