"""One executor: its settings, what it has to look at itself, and on request a task."""

from __future__ import annotations

from collections.abc import Sequence

from ..config import get_config
from ..errors import CovalentError, ExecutorError
from ..executor.examination import Check, Examination, Finding, failed, ok
from ..executor.registry import executor_class, get_executor
from .task import task_check


class ExecutorExamination(Examination):
    """
    :param name: its short name
    :param run: whether to run a task
    :param task_s: seconds that it may take
    """

    def __init__(self, name: str, *, run: bool, task_s: float) -> None:
        self._name, self._run, self._task_s = name, run, task_s
        self._own = Examination()
        self._checks: Sequence[Check] = ()
        self._error: CovalentError | None = None
        self._remedy = ""
        try:
            executor_class(name)
            self._remedy = f"covalent config set executors.{name}.KEY VALUE"
            self._own = get_executor(name, {}).examination()
            self._checks = self._own.checks()
        except CovalentError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - of a plugin; the others still are looked at
            self._remedy = ""
            self._error = ExecutorError(f"The executor {name!r} cannot be looked at: {type(error).__name__}: {error}.")
        self.mends = self._own.mends

    def checks(self) -> Sequence[Check]:
        settings = Check(name="settings", look=self.settings)
        if self._error is not None:
            return (settings,)
        task = (task_check(self._name, self._task_s),) if self._run else ()
        return (settings, *self._checks, *task)

    async def settings(self) -> Finding:
        if self._error is not None:
            return failed(str(self._error), self._remedy, self._error.trouble)
        said = ", ".join(get_config(f"executors.{self._name}"))
        return ok(f"Set in the configuration: {said}." if said else "All have their defaults.")

    async def close(self) -> None:
        await self._own.close()


def configured() -> list[str]:
    """The executors that the configuration names, and ``local``."""
    return list(dict.fromkeys(["local", get_config("sdk.executor"), *get_config("executors")]))
