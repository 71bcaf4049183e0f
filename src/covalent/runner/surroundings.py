"""What a task finds around it, and its undoing: one task must not see what the one before it left."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from .context import DISPATCH_VARIABLE, TASK_VARIABLE
from .failure import TaskFailedError
from .interpreter import InterpreterState

# The module behind signal: that one makes an enum of each answer, which takes ten times as long.
_signal: Any = import_module("_signal")

#: Signals that tasks may handle; those that end a process in any case are left out.
_HANDLED = tuple(
    map(int, (signal.SIGALRM, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGPROF))
) + tuple(map(int, (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGVTALRM)))
_TIMERS = tuple(map(int, (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)))
#: Limits that a task may plausibly set; each look at one takes a microsecond.
_LIMITED = tuple(
    getattr(resource, f"RLIMIT_{name}")
    for name in ("AS", "CORE", "CPU", "DATA", "FSIZE", "NOFILE", "STACK")
    if hasattr(resource, f"RLIMIT_{name}")
)

_ZONE = b"TZ"


class Surroundings:
    """Working directory, environment variables, modules that lie in the working directory, and what a process has but once.

    Threads that a task leaves behind are not ended: nothing can end a thread, and many libraries keep some for good reason.
    """

    def __init__(self) -> None:
        self._home = str(Path.cwd())
        # The mapping behind os.environ: comparing it takes a fraction of a microsecond, decoding all of it would take twenty.
        self._variables: dict[Any, Any] = getattr(os.environ, "_data", {})
        self._expected = dict(self._variables)
        self._path: list[str] = list(sys.path)
        self._modules = 0
        self._process, self._interpreter = ProcessState(), InterpreterState()

    def enter(self, cwd: str, dispatch_id: str, task_id: int) -> None:
        """:raises TaskFailedError: if the directory cannot be entered"""
        try:
            os.chdir(cwd or self._home)
        except OSError as error:
            raise TaskFailedError(
                "ENVIRONMENT",
                f"The task's working directory {cwd} cannot be entered ({error.strerror}). "
                "Create it on the machine of the server, or dispatch from a directory that exists there.",
            ) from None
        self._set(DISPATCH_VARIABLE, dispatch_id)
        self._set(TASK_VARIABLE, str(task_id))
        sys.path[:] = self._path
        if cwd and cwd not in sys.path:
            # Last, so that no file of the user's hides a module that this program needs.
            sys.path.append(cwd)
        self._modules = len(sys.modules)
        self._interpreter.enter()

    def leave(self) -> bool:
        """Put everything back. True if modules were imported from the working directory: they are forgotten, as they may change."""
        if self._variables != self._expected:
            zone = self._variables.get(_ZONE)
            for name in self._variables.keys() - self._expected.keys():
                os.unsetenv(name)
                del self._variables[name]
            for name, value in self._expected.items():
                os.putenv(name, value)
                self._variables[name] = value
            if zone != self._variables.get(_ZONE):
                time.tzset()
        self._process.restore()
        self._interpreter.restore()
        return len(sys.modules) != self._modules and self._forget_modules()

    def _set(self, name: str, value: str) -> None:
        key = os.fsencode(name)
        if self._expected.get(key) != value.encode():
            self._expected[key] = value.encode()
            os.environ[name] = value

    def _forget_modules(self) -> bool:
        own = {os.path.realpath(entry) for entry in sys.path if entry not in self._path}
        local = [name for name, module in list(sys.modules.items()) if "." not in name and _directory(module) in own]
        for name in list(sys.modules):
            if name.partition(".")[0] in local:
                del sys.modules[name]
        return bool(local)


class ProcessState:
    """Signal handlers, timers, limits and the file mask of this process, as they were when this was made."""

    def __init__(self) -> None:
        self._handlers = {number: _signal.getsignal(number) for number in _HANDLED}
        self._limits = {number: resource.getrlimit(number) for number in _LIMITED}
        self._mask = os.umask(0)
        os.umask(self._mask)

    def restore(self) -> None:
        """Undo what a task did to them. A hard limit that it has lowered stays so, unless this process may raise it."""
        for timer in _TIMERS:
            if _signal.getitimer(timer)[0]:
                _signal.setitimer(timer, 0)
        for number, handler in self._handlers.items():
            # A handler that was not set from Python reads as None, and cannot be set again.
            if handler is not None and _signal.getsignal(number) is not handler:
                _signal.signal(number, handler)
        for number, limits in self._limits.items():
            if resource.getrlimit(number) != limits:
                with contextlib.suppress(ValueError, OSError):
                    resource.setrlimit(number, limits)
        os.umask(self._mask)


def _directory(module: Any) -> str | None:
    """The directory in which a top-level module or package was found."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if not isinstance(origin, str) or not origin.startswith("/"):
        return None
    found = Path(origin).parent
    return os.path.realpath(found.parent if Path(origin).stem == "__init__" else found)
