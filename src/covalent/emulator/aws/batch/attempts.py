"""One attempt of a job, from its roles and its image to its logs.

Reasons of ECS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ...attempt import run_container
from ...faults import Faults
from ...hosts.base import CannotPullError, CannotStartError, Container, Ended, Host, Verdict
from ...hosts.lines import Lines
from ...hosts.running import Running
from ..moto_border import LogPlace, Moto
from .jobs import Job
from .scheduler import Outcome

DEFAULT_LOG_GROUP: Final = "/aws/batch/job"

#: Longer reasons are cut. Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerDetail.html
_MAX_REASON_CHARS: Final = 255

_EXITED: Final = "Essential container in task exited"
_NOT_STARTED: Final = "Task failed to start"
_OUT_OF_MEMORY: Final = "OutOfMemoryError: Container killed due to memory usage"

#: Seconds between being asked to end and being killed.
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html (ECS_CONTAINER_STOP_TIMEOUT)
_STOP_TIMEOUT_S: Final = 30.0


class Surroundings(Protocol):
    """What AWS, and not its definition, gives to a job's container."""

    def variables(self, job: Job) -> Mapping[str, str]: ...

    def files(self, job: Job) -> Mapping[str, str]:
        """Contents, by the variables that hold the paths."""


class Attempts:
    """Runs attempts on a host."""

    def __init__(self, host: Host, moto: Moto, faults: Faults, surroundings: Surroundings) -> None:
        self._host = host
        self._moto = moto
        self._faults = faults
        self._surroundings = surroundings

    def run(self, job: Job, has_started: Callable[[Running], None]) -> Outcome:
        """Run the job's newest attempt to its end."""
        fault = self._faults.of_attempt()
        try:
            if missing := self._missing_role(job):
                return _unassumable(missing)
            log = self._begin_log(job)

            def tell(running: Running) -> None:
                job.attempt.stream = log.stream
                has_started(running)

            ended = run_container(
                self._host,
                self._container(job),
                fault,
                timeout_s=job.order.timeout_s,
                stop_timeout_s=_STOP_TIMEOUT_S,
                has_started=tell,
                output=Lines(lambda lines: self._moto.log(log, [line.decode(errors="replace") for line in lines])),
            )
        except CannotPullError as error:
            return _not_started(f"CannotPullContainerError: Error response from daemon: {error}")
        except CannotStartError as error:
            return _not_started(f"CannotStartContainerError: Error response from daemon: {error}")
        return _outcome(ended)

    def _missing_role(self, job: Job) -> str | None:
        roles = (job.order.container.get(name) for name in ("jobRoleArn", "executionRoleArn"))
        return next((role for role in roles if role and not self._moto.has_role(role)), None)

    def _container(self, job: Job) -> Container:
        order = job.order
        return Container(
            name=f"{order.definition.name}-{job.attempt.task}",
            image=order.container["image"],
            command=order.command,
            environment={**order.environment, **self._surroundings.variables(job)},
            files=self._surroundings.files(job),
            vcpus=order.resources.vcpus,
            memory_mib=order.resources.memory_mib,
            shared_memory_mib=order.container.get("linuxParameters", {}).get("sharedMemorySize"),
            has_init=order.has_init,
        )

    def _begin_log(self, job: Job) -> LogPlace:
        options = job.order.container.get("logConfiguration", {}).get("options", {})
        group = options.get("awslogs-group", DEFAULT_LOG_GROUP)
        prefix = options.get("awslogs-stream-prefix", job.order.definition.name)
        place = LogPlace(
            region=options.get("awslogs-region", job.order.queue.region),
            group=group,
            stream=f"{prefix}/default/{job.attempt.task}",
        )
        create = group == DEFAULT_LOG_GROUP or options.get("awslogs-create-group") == "true"
        if not self._moto.begin_log(place, create_group=create):
            raise CannotStartError(
                "failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: "
                "The specified log group does not exist."
            )
        return place


def _outcome(ended: Ended) -> Outcome:
    match ended.verdict:
        case Verdict.HOST_LOST | Verdict.PREEMPTED:
            return Outcome(status_reason=f"Host EC2 (instance i-{secrets.token_hex(8)[:17]}) terminated.")
        case Verdict.TIMED_OUT:
            reason = "Job attempt duration exceeded timeout"
            return Outcome(exit_code=ended.exit_code, status_reason=reason, may_repeat=False)
        case Verdict.OUT_OF_MEMORY:
            return Outcome(exit_code=ended.exit_code, reason=_OUT_OF_MEMORY, status_reason=_EXITED)
    return Outcome(exit_code=ended.exit_code, status_reason=_EXITED)


def _not_started(reason: str) -> Outcome:
    return Outcome(reason=reason[:_MAX_REASON_CHARS], status_reason=_NOT_STARTED)


def _unassumable(role: str) -> Outcome:
    return Outcome(
        status_reason=f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role "
        "being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    )
