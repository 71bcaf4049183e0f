"""Cases: what a task does wrong is told as it happened."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from typing import Any, NoReturn

import pytest

from ...errors import TaskError
from ...states import Cause
from .lab import Lab


class FailureCases:
    def test_an_exception_arrives_with_its_traceback(self, lab: Lab) -> None:
        def stumble() -> NoReturn:
            raise ValueError("no such thing", 7)

        run = lab.run(lab.task(stumble))
        assert "no such thing" in run.failed_with(Cause.USER)
        with pytest.raises(ValueError, match="no such thing") as raised:
            _ = run.value
        assert raised.value.args == ("no such thing", 7)
        assert isinstance(raised.value.__cause__, TaskError)
        assert "in stumble" in raised.value.__cause__.remote_traceback

    def test_an_exception_of_the_users_own_arrives_as_itself(self, lab: Lab) -> None:
        class PearError(Exception):
            def __init__(self, ripe: int) -> None:
                super().__init__(ripe)
                self.ripe = ripe

        def stumble() -> NoReturn:
            raise PearError(3)

        with pytest.raises(PearError) as raised:
            _ = lab.run(lab.task(stumble)).value
        assert raised.value.ripe == 3

    def test_the_traceback_tells_the_whole_chain(self, lab: Lab) -> None:
        def stumble() -> None:
            try:
                dict[str, int]()["missing"]
            except KeyError as error:
                raise ValueError("no such thing") from error

        run = lab.run(lab.task(stumble))
        (attempt,) = run.attempts()
        assert attempt.outcome is not None
        assert attempt.outcome.failure is not None
        assert "KeyError: 'missing'" in attempt.outcome.failure.traceback
        assert "ValueError: no such thing" in attempt.outcome.failure.traceback

    def test_an_exception_that_cannot_travel_is_told_as_text(self, lab: Lab) -> None:
        class LockedError(Exception):
            def __init__(self) -> None:
                super().__init__("held")
                self.lock = threading.Lock()

        def stumble() -> NoReturn:
            raise LockedError

        run = lab.run(lab.task(stumble))
        assert "LockedError: held" in run.failed_with(Cause.USER)
        with pytest.raises(TaskError, match="LockedError: held"):
            _ = run.value

    def test_a_result_that_cannot_travel_fails_the_task_and_names_its_type(self, lab: Lab) -> None:
        run = lab.run(lab.task(lambda: {"lock": threading.Lock()}))
        assert "dict" in run.failed_with(Cause.USER)

    def test_sys_exit_is_the_tasks_own_failure(self, lab: Lab) -> None:
        run = lab.run(lab.task(lambda: sys.exit(3)))
        assert "sys.exit(3)" in run.failed_with(Cause.USER)

    @pytest.mark.parametrize(
        ("end", "code"),
        [(lambda: os._exit(7), 7), (lambda: ctypes.string_at(0), 128 + signal.SIGSEGV)],
        ids=["os._exit", "segmentation fault"],
    )
    def test_a_process_that_ends_is_the_tasks_own_failure(self, lab: Lab, end: Any, code: int) -> None:
        run = lab.run(lab.task(end))
        run.failed_with(Cause.USER)
        (attempt,) = run.attempts()
        assert attempt.outcome is not None
        assert attempt.outcome.exit_code == code

    def test_memory_that_python_cannot_have_has_its_own_cause(self, lab: Lab) -> None:
        run = lab.run(lab.task(lambda: bytearray(1 << 60)))
        assert "memory" in run.failed_with(Cause.OUT_OF_MEMORY).lower()
