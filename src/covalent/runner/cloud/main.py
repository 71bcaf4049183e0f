"""One task in a container, from its record in the manifest to its outcome in the bucket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .. import memory, wire
from ..exits import explain_exit
from ..processes import adopt_descendants
from . import names
from .collect import Outcome, add_streams, read_outcome
from .errors import FileError, MissingObjectError, ObjectError, PublishError
from .fetch import DamagedObjectError, Fetched, fetch_all
from .job import Assignment
from .objects import Objects
from .publish import publish_failure
from .recall import recalled
from .supervise import BROKEN, Ending, Files, Terminated, on_sigterm, supervise
from .tree import kill_descendants

#: Causes that may be the consequence of another process of the task having been killed for want of memory.
_MAY_BE_MEMORY = ("USER", "ENVIRONMENT")


def run(assignment: Assignment, objects: Objects, home: str) -> int:
    """Run the task and publish its outcome; the container's exit code.

    :param home: directory for temporary files, which holds the archive
    :raises PublishError: if the outcome cannot be written
    """
    signal.signal(signal.SIGTERM, on_sigterm)
    adopt_descendants()
    try:
        return _Run(assignment, objects, Path(home)).run()
    except Terminated:
        kill_descendants()
        return names.EXIT_TERMINATED


#: What an interpreter runs that is not this one.
_PROGRAM = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from {__package__}.child import main; main()"


class _EnvironmentError(Exception):
    """The packages that the task asks for are not to be had."""


class _Interpreter(NamedTuple):
    """What a task runs on that asks for packages."""

    python: str
    variables: dict[str, str]


class _Run:
    def __init__(self, assignment: Assignment, objects: Objects, home: Path) -> None:
        self._assignment, self._objects, self._home = assignment, objects, home
        self._header, self._shared = assignment.header, assignment.header["shared"]
        self._files = Files(str(home / "stdout"), str(home / "stderr"))

    def run(self) -> int:
        try:
            fetched = fetch_all(self._header, self._objects, str(self._home))
            body = self._body(fetched, self._interpreter())
        except DamagedObjectError as error:
            return self._refuse("UNKNOWN", str(error))
        except _EnvironmentError as error:
            return self._refuse("ENVIRONMENT", str(error))
        except ObjectError as error:
            return self._refuse(_cause_of(error), str(error))
        except (FileError, OSError) as error:
            return self._refuse(
                "HOST", str(error if isinstance(error, FileError) else FileError(str(self._home), error))
            )
        kills = memory.OutOfMemoryCounter(of_machine=False)
        kills.start()
        began_at = time.time()
        ending = supervise(body, self._files, self._shared["time_limit_s"], recalled(self._assignment.has_outcome))
        # What is done is worth the seconds that the service leaves before it kills.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            outcome = self._outcome(ending, began_at, ran_out=kills.has_moved())
            add_streams(outcome, self._files)
            outcome.publish()
        except ObjectError as error:
            raise PublishError(error) from None
        return names.EXIT_OK if outcome.is_completed else names.EXIT_FAILED

    def _interpreter(self) -> _Interpreter | None:
        """One that has the task's packages; None if this one does.

        :raises _EnvironmentError: if it cannot be made
        """
        requirements = self._shared["pip"]
        if not requirements:
            return None
        from ..packages import InstallError, all_satisfied, build, python_of, variables_of

        if all_satisfied(requirements):
            return None
        place = self._home / "environment"
        try:
            build(place, requirements, _run_installer)
        except InstallError as error:
            raise _EnvironmentError(str(error)) from None
        return _Interpreter(python_of(place), variables_of(place))

    def _body(self, fetched: Fetched, interpreter: _Interpreter | None) -> Callable[[], None]:
        """What the task's process does, once it is one."""
        task, objects = self._home / "task", self._home / "objects"
        self._choose_directory()
        task.write_bytes(wire.encode(wire.TASK, 0, self._header, [self._assignment.data]))
        outcome = str(self._home / "outcome")
        settings = {"task": str(task), "outcome": outcome, "objects": str(objects), "verified": fetched.paths}
        # A process in which a library runs threads of its own is not to be forked.
        if interpreter is None and not fetched.used_bulk:

            def run_here() -> None:
                from .child import run

                self._objects.close()
                run(settings)

            return run_here
        python, variables = interpreter or _Interpreter(sys.executable, {})
        command = [python, "-P", "-c", _PROGRAM, str(self._home / "runner.pyz"), json.dumps(settings)]
        return lambda: os.execve(python, command, {**os.environ, **variables})  # noqa: S606

    def _choose_directory(self) -> None:
        """The directory of the dispatching client is there only if this is its machine, or one like it."""
        wanted = self._shared["cwd"]
        if not (wanted and os.path.isdir(wanted) and os.access(wanted, os.R_OK | os.X_OK)):  # noqa: PTH112
            own = self._home / "work"
            own.mkdir()
            self._shared["cwd"] = str(own)

    def _outcome(self, ending: Ending, began_at: float, *, ran_out: bool) -> Outcome:
        """What the task's process has left, or what its end says.

        :raises ObjectError: if the bucket cannot be written
        """
        outcome = read_outcome(self._assignment, str(self._home / "outcome"), str(self._home / "objects"))
        if outcome is None:
            return self._without_words(ending, began_at, _out_of_memory(ending.peak_mib) if ran_out else "")
        if ran_out and outcome.fields.get("cause") in _MAY_BE_MEMORY and memory.limit_mib():
            said = outcome.fields["message"]
            outcome.fail("OUT_OF_MEMORY", f"{_out_of_memory(ending.peak_mib)} The task then failed with: {said}")
        return outcome

    def _without_words(self, ending: Ending, began_at: float, out_of_memory: str) -> Outcome:
        """The outcome of a task whose process has left none."""
        if ending.is_late:
            limit_s = self._shared["time_limit_s"]
            cause, message = (
                "TIMEOUT",
                f"The task ran longer than its time limit of {limit_s:g} s and was ended. Raise time_limit.",
            )
        elif ending.code == BROKEN:
            cause, message = "HOST", "The runner failed in the container. The end of the task's stderr shows where."
        else:
            cause, message = explain_exit(ending.code, out_of_memory)
        fields = {
            "status": "FAILED",
            "cause": cause,
            "message": message,
            "started_at": began_at,
            "ended_at": time.time(),
        }
        if not ending.is_late:
            fields["exit_code"] = ending.code if ending.code >= 0 else 128 - ending.code
            fields["peak_memory_mib"] = round(ending.peak_mib, 1)
        return Outcome(self._assignment, fields)

    def _refuse(self, cause: str, message: str) -> int:
        try:
            publish_failure(self._assignment, cause, message)
        except ObjectError as error:
            raise PublishError(error) from None
        return names.EXIT_FAILED


def _cause_of(error: ObjectError) -> str:
    """Why an object could not be read. One that was deleted may be there again at the next attempt, which brings it anew."""
    if isinstance(error, MissingObjectError):
        return "LOST"
    return "CONFIG" if 400 <= error.status < 500 else "HOST"


def _run_installer(command: Sequence[str]) -> tuple[int, bytes]:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout


def _out_of_memory(process_mib: float) -> str:
    limit, used = memory.limit_mib(), memory.peak_mib()
    if limit is None:
        where = f"The task's process had {process_mib:,.0f} MiB at most, and the machine had no more."
    else:
        where = f"The container may use {limit:,.0f} MiB; it had used {used or process_mib:,.0f} MiB."
    return f"The system killed a process of the task because memory ran out. {where} Ask for more memory, or use less."
