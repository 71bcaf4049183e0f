"""How an attempt of a task ended, in the service's own words.

Sources: https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes, model ``BatchTaskFailureInfo``
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

USER, SERVER = "usererror", "servererror"

OUT_OF_MEMORY_CODE: Final = 137  #: 128 and SIGKILL.


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A ``BatchTaskFailureInfo``."""

    code: str
    message: str
    category: str = USER
    details: tuple[tuple[str, str], ...] = ()

    def view(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"category": self.category, "code": self.code, "message": self.message}
        if self.details:
            shown["details"] = [{"name": name, "value": value} for name, value in self.details]
        return shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    exit_code: int | None = None  #: None if nothing ran, or nobody knows.
    failure: Failure | None = None
    lost_as: str = ""  #: ``preempted`` or ``unknown`` if its node is gone.
    may_repeat: bool = (
        False  #: Whether it is a failure after which the service tries again, if the task has tries left.
    )
    container: dict[str, str] = field(default_factory=dict)  #: A ``BatchTaskContainerExecutionInfo``.


FAILURE_EXIT_CODE: Final = Failure(
    code="FailureExitCode",
    message="The task exited with an exit code representing a failure",
    details=(
        ("Message", "The task process exited with an unexpected exit code"),
        ("AdditionalErrorCode", "FailureExitCode"),
    ),
)

ENDED_BY_USER: Final = Failure(
    code="TaskEnded",
    message="Task Was Ended by User Request",
    details=(("Message", "The task was ended by user request"),),
)

#: Both ends look alike but for the category and the details.
OVER_TIME: Final = Failure(
    code="TaskEnded",
    category=SERVER,
    message="The task was ended by the Batch service",
    details=(("Message", "The maximum execution time configured on the task was exceeded"),),
)

NO_CONTAINERS: Final = Failure(
    code="ContainerPoolNotSupported", message="The specified pool does not support container tasks."
)


def bad_image(detail: str) -> Failure:
    return Failure(
        code="ContainerInvalidImage",
        message="One or more container images specified for the task are invalid",
        details=(("Message", detail),),
    )


def bad_options(detail: str) -> Failure:
    return Failure(
        code="ContainerInvalidSettings",
        message="One or more container settings specified for the task are invalid",
        details=(("Message", detail),),
    )


def no_program(detail: str) -> Failure:
    return Failure(
        code="CommandProgramNotFound",
        message="The specified command program is not found",
        details=(("Message", detail),),
    )


def no_launch(detail: str) -> Failure:
    return Failure(
        code="CommandLaunchFailed",
        message="Failed to launch the specified command line",
        details=(("Message", detail),),
    )


def unknown(detail: str) -> Failure:
    return Failure(code="Unknown", category=SERVER, message="The emulator failed", details=(("Message", detail),))
