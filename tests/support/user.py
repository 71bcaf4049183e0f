"""What a user does: dispatches one task, and asks the command line how it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import covalent as ct
from covalent.executor.batch.executor import BatchExecutor
from covalent.testing.emulated import Emulated
from covalent.testing.harness import Harness

LIMIT_S = 60.0


class User:
    """Somebody with a server and a cloud.

    :param executor: what runs tasks
    :param submit: the operation of the cloud by which it hands jobs over
    :param options: what this user always sets on it
    """

    def __init__(
        self,
        harness: Harness,
        cloud: Emulated,
        executor: Callable[..., BatchExecutor] = ct.executor.AWSBatchExecutor,
        submit: str = "SubmitJob",
        **options: Any,
    ) -> None:
        self.harness, self.cloud = harness, cloud
        self._executor, self._submit, self._options = executor, submit, options

    def submissions(self) -> int:
        return self.cloud.calls().client.get("batch", {}).get(self._submit, 0)

    def dispatch(self, function: Callable[..., Any], *args: Any, **options: Any) -> str:
        """One task in a workflow; options are the executor's."""
        task = ct.electron(function, executor=self._executor(**{**self._options, **options}))
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


def covalent(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What the command prints, to both streams; it must succeed."""
    done = command(*arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def command(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "covalent", *arguments],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def wait_for(dispatch_id: str, said: str) -> None:
    """Until ``covalent why`` says this."""
    deadline = time.monotonic() + 20
    while said not in (why := covalent("why", dispatch_id)):
        assert time.monotonic() < deadline, why
        time.sleep(0.2)
