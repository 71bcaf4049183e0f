"""One attempt of a task: its runnables one after another, from their images to their logs.

Sources: https://cloud.google.com/batch/docs/troubleshooting, https://docs.docker.com/engine/containers/run/#exit-status
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from ...attempt import run_container
from ...faults import AttemptFault, BadImage, Faults
from ...hosts.base import CannotPullError, CannotStartError, Container, Ended, Host, Verdict
from ...hosts.lines import Lines
from ...hosts.running import Running
from ...options import Options, parse_options
from ..logs import AGENT_LOG, ERROR, INFO, TASK_LOG, LogPlace, Logs
from .events import NO_REPORT, OVER_TIME, SPOT_PREEMPTED
from .jobs import Task

#: Exit codes of ``docker run``: it failed itself, the command cannot be run, there is no such command.
_DOCKER_FAILED, _NOT_RUN, _NOT_FOUND = 125, 126, 127
_OUT_OF_MEMORY: Final = 137

#: Seconds between being asked to end and being killed. Source: reference of ``docker stop``.
_STOP_TIMEOUT_S: Final = 10.0

_CLOUD_LOGGING: Final = 1  #: ``LogsPolicy.Destination.CLOUD_LOGGING``.


class Surroundings(Protocol):
    """What a task finds on its machine."""

    def variables(self, task: Task) -> Mapping[str, str]: ...

    def secret(self, path: str) -> str | None:
        """The value of a version of a secret; None if there is none."""


class Attempts:
    """Runs attempts: containers on a host, scripts as processes."""

    def __init__(self, host: Host, script_host: Host, logs: Logs, faults: Faults, surroundings: Surroundings) -> None:
        self._host = host
        self._script_host = script_host
        self._logs = logs
        self._faults = faults
        self._surroundings = surroundings

    def run(self, task: Task, has_started: Callable[[Running], None]) -> int:
        """Run the task's present attempt to its end; return its exit code."""
        limit_s = task.job.spec.max_run_duration.ToNanoseconds() / 1e9
        attempt = _Attempt(
            task=task,
            fault=self._faults.of_attempt(),
            ends_at=time.monotonic() + limit_s if limit_s else None,
            has_started=has_started,
        )
        failed = 0
        for number, runnable in enumerate(task.job.spec.runnables):
            if failed and not runnable.always_run:
                continue
            code = self._run_one(attempt, number, runnable)
            # What comes after a failure cannot make it good; the first one counts.
            failed = failed or (0 if runnable.ignore_exit_status and code < _RESERVED else code)
            if code >= _RESERVED or not task.job.is_active:
                break
        return failed

    def _run_one(self, attempt: _Attempt, number: int, runnable: Any) -> int:
        place = attempt.log_place(number)
        try:
            container = self._container(attempt.task, runnable)
            is_script = runnable.WhichOneof("executable") == "script"
            ended = run_container(
                self._script_host if is_script else self._host,
                container,
                attempt.fault_of(is_script=is_script),
                timeout_s=attempt.left_s(runnable),
                stop_timeout_s=_STOP_TIMEOUT_S,
                has_started=attempt.has_started,
                output=self._lines(attempt, place, INFO),
                errors=self._lines(attempt, place, ERROR),
            )
        except (CannotPullError, ValueError) as error:
            self._complain(attempt, place, f"docker: Error response from daemon: {error}")
            return _DOCKER_FAILED
        except CannotStartError as error:
            self._complain(attempt, place, f"docker: Error response from daemon: {error}")
            return _NOT_RUN if "permission denied" in str(error).lower() else _NOT_FOUND
        return _exit_code(ended)

    def _container(self, task: Task, runnable: Any) -> Container:
        """:raises ValueError: if docker does not take the options, or a secret is not there"""
        spec, given = task.job.spec, runnable.container
        is_script = runnable.WhichOneof("executable") == "script"
        options = Options() if is_script else parse_options(given.options)
        resource = spec.compute_resource
        limits = [limit for limit in (resource.memory_mib, options.memory_mib) if limit]
        container = Container(
            name=f"{task.job.id}-{task.index}-{secrets.token_hex(6)}",
            image=given.image_uri,
            command=tuple(given.commands),
            entrypoint=given.entrypoint or options.entrypoint,
            environment={**self._environment(task, runnable), **options.environment},
            files={},
            vcpus=options.cpus or resource.cpu_milli / 1000,
            memory_mib=min(limits),
            shared_memory_mib=options.shared_memory_mib,
            has_init=options.has_init,
            separate_errors=True,
        )
        return replace(container, command=_script(runnable.script), entrypoint="") if is_script else container

    def _environment(self, task: Task, runnable: Any) -> dict[str, str]:
        spec, group = task.job.spec, task.job.message.task_groups[0]
        own = list(group.task_environments[task.index : task.index + 1])
        found = dict(spec.environments)
        for each in (spec.environment, *own, runnable.environment):
            found |= each.variables
            found |= dict(self._secrets(each.secret_variables))
        return {**found, **self._surroundings.variables(task)}

    def _secrets(self, paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, path in paths.items():
            value = self._surroundings.secret(path)
            if value is None:
                raise ValueError(f"secretmanager.googleapis.com: Secret [{path}] not found or has no versions.")
            yield name, value

    def _lines(self, attempt: _Attempt, place: LogPlace, severity: int) -> Lines:
        def emit(lines: Sequence[bytes]) -> None:
            if attempt.is_logged:
                self._logs.write(place, TASK_LOG, severity, [line.decode(errors="replace") for line in lines])

        return Lines(emit)

    def _complain(self, attempt: _Attempt, place: LogPlace, text: str) -> None:
        if attempt.is_logged:
            self._logs.write(place, TASK_LOG, ERROR, [text])
            self._logs.write(place, AGENT_LOG, ERROR, [f"Runnable failed: {text}"])


@dataclass(kw_only=True, slots=True)
class _Attempt:
    task: Task
    fault: AttemptFault | None
    ends_at: float | None  #: Of the monotonic clock.
    has_started: Callable[[Running], None]

    @property
    def is_logged(self) -> bool:
        return bool(self.task.job.message.logs_policy.destination == _CLOUD_LOGGING)

    def fault_of(self, *, is_script: bool) -> AttemptFault | None:
        """What goes wrong with the next runnable; a script has no image that could be bad."""
        return None if is_script and isinstance(self.fault, BadImage) else self.fault

    def left_s(self, runnable: Any) -> float | None:
        own_s = runnable.timeout.ToNanoseconds() / 1e9
        limits = [own_s] if own_s else []
        if self.ends_at is not None:
            limits.append(max(0.0, self.ends_at - time.monotonic()))
        return min(limits, default=None)

    def log_place(self, number: int) -> LogPlace:
        job = self.task.job
        return LogPlace(
            project=job.project,
            location=job.location,
            job_id=job.id,
            job_uid=job.message.uid,
            task_id=f"{self.task.label}/{self.task.retries}/{number}",
        )


#: From here on, exit codes are the service's own.
_RESERVED: Final = 50000

_CODES: Final = {
    Verdict.TIMED_OUT: OVER_TIME,
    Verdict.HOST_LOST: NO_REPORT,
    Verdict.PREEMPTED: SPOT_PREEMPTED,
    Verdict.OUT_OF_MEMORY: _OUT_OF_MEMORY,
}


def _exit_code(ended: Ended) -> int:
    return ended.exit_code if ended.verdict is None else _CODES.get(ended.verdict, ended.exit_code)


def _script(script: Any) -> tuple[str, ...]:
    if script.WhichOneof("command") == "path":
        return (script.path,)
    return ("/bin/sh", "-c", script.text)
