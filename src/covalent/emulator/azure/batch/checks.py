"""What the service demands of jobs and tasks beyond the types of their properties.

Sources: models of azure-batch (``BatchJobCreateOptions``, ``BatchTaskCreateOptions``), https://learn.microsoft.com/azure/batch/batch-quota-limit
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .schema import invalid_value, missing, unsupported

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_DISPLAY_NAME: Final = 1024
_PRIORITIES: Final = range(-1000, 1001)
_MAX_SLOTS: Final = 256

#: What the service has, and the emulator has not.
_NOT_OF_JOBS: Final = {
    "jobManagerTask": "it runs no job manager tasks.",
    "jobPreparationTask": "it runs no job preparation tasks.",
    "jobReleaseTask": "it runs no job release tasks.",
    "networkConfiguration": "its nodes have this machine's network.",
}
_NOT_OF_TASKS: Final = {
    "affinityInfo": "it chooses the nodes itself.",
    "applicationPackageReferences": "it has no application packages.",
    "dependsOn": "it knows no dependencies between tasks.",
    "exitConditions": "it knows no exit conditions.",
    "multiInstanceSettings": "it runs each task on one node.",
    "outputFiles": "it uploads no files; have the task write them.",
    "resourceFiles": "it downloads no files; have the task read them.",
}


def check_job(given: Mapping[str, Any]) -> None:
    """
    :raises RefusalError: if the service does not take such a job
    """
    _check_id(given["id"])
    _refuse(given, _NOT_OF_JOBS)
    if given.get("usesTaskDependencies"):
        raise unsupported("usesTaskDependencies", _NOT_OF_TASKS["dependsOn"])
    if given.get("allowTaskPreemption"):
        raise unsupported("allowTaskPreemption", "its tasks do not make way for others.")
    if given.get("onTaskFailure", "noaction") != "noaction":
        raise unsupported("onTaskFailure", _NOT_OF_TASKS["exitConditions"])
    check_changes(given)


def check_changes(given: Mapping[str, Any]) -> None:
    """The same of what can be changed in one."""
    if given.get("networkConfiguration"):
        raise unsupported("networkConfiguration", _NOT_OF_JOBS["networkConfiguration"])
    if given.get("priority", 0) not in _PRIORITIES:
        raise invalid_value("priority", given["priority"], "It must be between -1000 and 1000")
    if given.get("maxParallelTasks", -1) < -1 or given.get("maxParallelTasks", -1) == 0:
        raise invalid_value("maxParallelTasks", given["maxParallelTasks"], "It must be -1 or greater than 0")
    _check_name(given)
    _check_retries(given)
    _check_environment("commonEnvironmentSettings", given.get("commonEnvironmentSettings", ()))
    if "poolInfo" in given:
        _check_pool_info(given["poolInfo"])


def check_task(given: Mapping[str, Any]) -> None:
    """
    :raises RefusalError: if the service does not take such a task
    """
    _check_id(given["id"])
    _refuse(given, _NOT_OF_TASKS)
    _check_name(given)
    _check_retries(given)
    _check_environment("environmentSettings", given.get("environmentSettings", ()))
    if not given["commandLine"].strip() and "containerSettings" not in given:
        raise invalid_value("commandLine", given["commandLine"], "It must not be empty")
    if not 1 <= given.get("requiredSlots", 1) <= _MAX_SLOTS:
        raise invalid_value("requiredSlots", given["requiredSlots"], f"It must be between 1 and {_MAX_SLOTS}")
    settings = given.get("containerSettings", {})
    if settings and not settings["imageName"]:
        raise invalid_value("containerSettings.imageName", "", "It must not be empty")
    if settings.get("containerHostBatchBindMounts"):
        raise unsupported("containerSettings.containerHostBatchBindMounts", "it mounts the node's root directory.")
    user = given.get("userIdentity", {})
    if "username" in user:
        raise unsupported("userIdentity.username", "its pools have no user accounts. Use autoUser.")


def _check_id(given: str) -> None:
    if not _ID.fullmatch(given):
        raise invalid_value(
            "id",
            given,
            "It can contain any combination of alphanumeric characters including hyphens and underscores, and cannot "
            "contain more than 64 characters",
        )


def _check_name(given: Mapping[str, Any]) -> None:
    name = given.get("displayName", "")
    if len(name) > _MAX_DISPLAY_NAME:
        raise invalid_value("displayName", name, f"It must have at most {_MAX_DISPLAY_NAME} characters")


def _check_retries(given: Mapping[str, Any]) -> None:
    count = given.get("constraints", {}).get("maxTaskRetryCount", 0)
    if count < -1:
        raise invalid_value("constraints.maxTaskRetryCount", count, "It must be -1 or greater")


def _check_environment(path: str, settings: Iterable[Mapping[str, Any]]) -> None:
    for index, setting in enumerate(settings):
        name, value = setting["name"], setting.get("value", "")
        if not name or "=" in name or "\0" in name + value:
            raise invalid_value(f"{path}[{index}]", name, "It is no name or value of an environment variable")


def _check_pool_info(given: Mapping[str, Any]) -> None:
    if ("poolId" in given) == ("autoPoolSpecification" in given):
        raise invalid_value("poolInfo", dict(given), "Exactly one of poolId and autoPoolSpecification must be given")
    if automatic := given.get("autoPoolSpecification"):
        if automatic["poolLifetimeOption"] != "job":
            raise invalid_value("poolInfo.autoPoolSpecification.poolLifetimeOption", "jobschedule", "This is a job")
        if "pool" not in automatic:
            raise missing("poolInfo.autoPoolSpecification.pool")


def _refuse(given: Mapping[str, Any], unknown: Mapping[str, str]) -> None:
    for name, reason in unknown.items():
        if given.get(name):
            raise unsupported(name, reason)
