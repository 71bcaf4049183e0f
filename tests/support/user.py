"""What a user does: dispatches one task, and asks the command line how it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import covalent as ct
from covalent.testing.emulated import Emulated
from covalent.testing.harness import Harness

LIMIT_S = 60.0

#: Seconds after which it must be known why a task waits.
WHY_S = 20.0


class User:
    """A subclass names another executor than the one for AWS Batch."""

    executor: ClassVar[Callable[..., ct.executor.BaseExecutor]] = ct.executor.AWSBatchExecutor
    settings: ClassVar[Mapping[str, Any]] = {}  #: Of that executor, unless a test says something else.
    submit: ClassVar[str] = "SubmitJob"  #: The operation that submits a job.

    def __init__(self, harness: Harness, cloud: Emulated) -> None:
        self.harness, self.cloud = harness, cloud

    def submissions(self) -> int:
        return self.cloud.calls().client.get("batch", {}).get(self.submit, 0)

    def dispatch(self, function: Callable[..., Any], *args: Any, **options: Any) -> str:
        """One task in a workflow; options are the executor's."""
        task = ct.electron(function, executor=type(self).executor(**{**self.settings, **options}))
        return str(ct.dispatch(ct.lattice(lambda *values: task(*values)))(*args))

    def result(self, dispatch_id: str) -> ct.Result:
        return self.harness.wait(dispatch_id, LIMIT_S)

    def run(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return self.result(self.dispatch(function, *args, **options)).result

    def fails(self, function: Callable[..., Any], *args: Any, **options: Any) -> str:
        """What is said of a task that fails; the same as ``covalent why`` says."""
        dispatch_id = self.dispatch(function, *args, **options)
        error = self.result(dispatch_id).error
        assert error is not None
        said = error.splitlines()[0].partition("]: ")[2]
        assert said in covalent("why", dispatch_id)
        return f"{error}"


def setting_of(value: object) -> str:
    """The name of a case: that of the first setting which it is about."""
    return next(iter(value)) if isinstance(value, dict) else ""


def check_told_before(user: User, options: Mapping[str, Any], *said: str) -> None:
    """A task whose executor has these options fails with all of this said, and the cloud was handed no job."""
    error = user.fails(abs, -1, **options)
    assert [words for words in said if words not in error] == [], error
    assert user.submissions() == 0


def wait_for(dispatch_id: str, said: str) -> None:
    """Return once ``covalent why`` says that of a dispatch."""
    deadline = time.monotonic() + WHY_S
    while said not in (why := covalent("why", dispatch_id)):
        assert time.monotonic() < deadline, why
        time.sleep(0.2)


def covalent(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What the command prints, to both streams; it must succeed."""
    done = command(*arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def command(
    *arguments: str, environment: Mapping[str, str] | None = None, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """:param given: what it reads from standard input"""
    return subprocess.run(
        [sys.executable, "-m", "covalent", *arguments],
        env=os.environ | (environment or {}),
        input=given,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
