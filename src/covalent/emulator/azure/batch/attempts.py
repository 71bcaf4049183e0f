"""One attempt of a task: its directory on the node, its command as a process or in a container, its end.

Sources: https://learn.microsoft.com/azure/batch/batch-docker-container-workloads,
https://learn.microsoft.com/azure/batch/batch-compute-node-environment-variables, https://learn.microsoft.com/azure/batch/files-and-directories
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...attempt import run_container
from ...faults import AttemptFault, BadImage, Faults
from ...hosts.base import CannotPullError, CannotStartError, Container, Ended, Host, Place, Verdict
from ...hosts.running import Running
from ...options import Options, parse_options
from . import outcomes
from .outcomes import Outcome
from .pools import Node
from .schema import seconds
from .tasks import Task

#: Seconds between being asked to end and being killed.
_STOP_TIMEOUT_S: Final = 5.0

#: Exit codes of a container whose command cannot be run, or is not there. Source: reference of ``docker run``.
_NOT_RUN, _NOT_FOUND = 126, 127


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the tasks of an account find beside what they bring."""

    account: str
    account_url: str
    variables: Callable[[Node], Mapping[str, str]]


class Attempts:
    """Runs attempts: tasks with container settings on one host, the others on another."""

    def __init__(self, host: Host, node_host: Host, faults: Faults, surroundings: Surroundings) -> None:
        """
        :param node_host: runs what runs on a node itself
        """
        self._host = host
        self._node_host = node_host
        self._faults = faults
        self._surroundings = surroundings

    def run(self, task: Task, node: Node, has_started: Callable[[Running], None]) -> Outcome:
        """Run it to its end."""
        fault = self._faults.of_attempt()
        settings = task.given.get("containerSettings")
        if settings is not None and not node.pool.settings.has_containers:
            return Outcome(failure=outcomes.NO_CONTAINERS)
        assert task.directory is not None
        directory = task.directory
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "wd").mkdir(parents=True)
        try:
            words = shlex.split(task.given["commandLine"])
            options = _options(settings)
        except ValueError as error:
            failed = outcomes.bad_options if settings else outcomes.no_launch
            return Outcome(failure=failed(str(error)))
        container = self._container(task, node, words, options)
        return self._run(task, container, fault, has_started, directory)

    def _run(
        self,
        task: Task,
        container: Container,
        fault: AttemptFault | None,
        has_started: Callable[[Running], None],
        directory: Path,
    ) -> Outcome:
        is_container = "containerSettings" in task.given
        # What has no image has none that could be bad.
        fault = None if isinstance(fault, BadImage) and not is_container else fault
        try:
            with (
                (directory / "stdout.txt").open("wb", buffering=0) as stdout,
                (directory / "stderr.txt").open("wb", buffering=0) as stderr,
            ):
                ended = run_container(
                    self._host if is_container else self._node_host,
                    container,
                    fault,
                    timeout_s=seconds(task.constraints["maxWallClockTime"]),
                    stop_timeout_s=_STOP_TIMEOUT_S,
                    has_started=has_started,
                    output=stdout,
                    errors=stderr,
                )
        except CannotPullError as error:
            return Outcome(failure=outcomes.bad_image(str(error)))
        except CannotStartError as error:
            return _not_started(str(error), container.name) if is_container else _not_launched(str(error))
        return _outcome(ended, container.name if is_container else "")

    def _container(self, task: Task, node: Node, words: list[str], options: Options) -> Container:
        settings = task.given.get("containerSettings") or {}
        program, arguments = (words[0], words[1:]) if words else ("", [])
        pool = node.pool.settings
        assert task.directory is not None
        is_own_place = settings.get("workingDirectory", "taskWorkingDirectory") == "taskWorkingDirectory"
        return Container(
            name=f"{task.job.id[:40]}-{secrets.token_hex(8)}",
            image=settings.get("imageName", ""),
            # The command takes the place of the image's entry point, unless there is none.
            entrypoint=options.entrypoint or program,
            command=tuple(words if options.entrypoint else arguments),
            environment={**self._environment(task, node), **options.environment},
            files={},
            vcpus=options.cpus or min(pool.vcpus, os.cpu_count() or 1),
            memory_mib=options.memory_mib or pool.memory_mib,
            shared_memory_mib=options.shared_memory_mib,
            has_init=options.has_init,
            separate_errors=True,
            place=Place(root=node.root, working_directory=task.directory / "wd" if is_own_place else None),
        )

    def _environment(self, task: Task, node: Node) -> dict[str, str]:
        given = (*task.job.given.get("commonEnvironmentSettings", ()), *task.given.get("environmentSettings", ()))
        return {
            **{each["name"]: each.get("value", "") for each in given},
            **self._surroundings.variables(node),
            "AZ_BATCH_ACCOUNT_NAME": self._surroundings.account,
            "AZ_BATCH_ACCOUNT_URL": self._surroundings.account_url,
            "AZ_BATCH_JOB_ID": task.job.id,
            "AZ_BATCH_NODE_ID": node.id,
            "AZ_BATCH_NODE_IS_DEDICATED": str(node.is_dedicated).lower(),
            "AZ_BATCH_NODE_ROOT_DIR": str(node.root),
            "AZ_BATCH_POOL_ID": node.pool.id,
            "AZ_BATCH_TASK_DIR": str(task.directory),
            "AZ_BATCH_TASK_ID": task.id,
            "AZ_BATCH_TASK_WORKING_DIR": f"{task.directory}/wd",
        }


def _options(settings: Mapping[str, Any] | None) -> Options:
    """:raises ValueError: if docker does not take them"""
    return parse_options((settings or {}).get("containerRunOptions", ""))


def _outcome(ended: Ended, container_name: str) -> Outcome:
    container = _container_info(container_name) if container_name else {}
    match ended.verdict:
        case Verdict.HOST_LOST:
            return Outcome(lost_as="unknown")
        case Verdict.PREEMPTED:
            return Outcome(lost_as="preempted")
        case Verdict.TIMED_OUT:
            return Outcome(exit_code=ended.exit_code, failure=outcomes.OVER_TIME, container=container)
        case Verdict.STOPPED:
            return Outcome(exit_code=ended.exit_code, failure=outcomes.ENDED_BY_USER, container=container)
        case Verdict.OUT_OF_MEMORY:
            code = outcomes.OUT_OF_MEMORY_CODE
        case _:
            code = ended.exit_code
    failure = outcomes.FAILURE_EXIT_CODE if code else None
    return Outcome(exit_code=code, failure=failure, may_repeat=bool(code), container=container)


def _container_info(name: str, error: str = "") -> dict[str, str]:
    return {"containerId": name, "state": "exited", "error": error}


def _not_started(error: str, name: str) -> Outcome:
    """The image is there, and its container has ended at once."""
    return Outcome(
        exit_code=_NOT_RUN if "permission denied" in error.lower() else _NOT_FOUND,
        failure=outcomes.FAILURE_EXIT_CODE,
        may_repeat=True,
        container=_container_info(name, error),
    )


def _not_launched(error: str) -> Outcome:
    is_missing = "not found" in error or "No such file" in error
    return Outcome(failure=outcomes.no_program(error) if is_missing else outcomes.no_launch(error))
