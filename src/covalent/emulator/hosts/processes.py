"""A host that runs jobs as processes, each in a directory and a session of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from ...runner.processes import adopt_descendants
from . import tree
from .base import MARK_VARIABLE, CannotStartError, Container, Ended, write_files
from .fork_server import Forked, ForkServer, can_fork
from .warden import Warden

#: What a job sees of the emulator's own environment.
_INHERITED: Final = ("LANG", "LC_ALL", "TZ")
_INHERITED_PREFIXES: Final = ("UV_", "PIP_")

#: Names of the emulator's own interpreter.
_PYTHONS: Final = ("python", "python3")

#: How often, and seconds after which, a process without an environment is looked at again.
_LOOKS: Final = 10
_LOOK_S: Final = 0.005

_TEMPORARY: Final = "temporary"

#: In the place of an init process that finds out too late that there is no such command: it says so, and ends with 127.
_FAILING_INIT: Final = ("/bin/sh", "-c", 'exec "$0" "$@"')


class ProcessHost:
    """Images are not looked at, and ``python3`` is the emulator's own interpreter."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(16)
        self.directory = Path(tempfile.mkdtemp(prefix="covalent-emulator-"))
        self._path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        self._base = {"LANG": "C.UTF-8", **_inherited(), "PATH": self._path}
        self._warden = Warden(self._mark, self.directory)
        adopt_descendants()
        self._forks = _Forks(self._mark, self._base)

    def start(self, container: Container) -> LocalProcess:
        argv = self._argv(container)
        directory = Path(tempfile.mkdtemp(prefix="job-", dir=self.directory))
        (directory / _TEMPORARY).mkdir()
        paths = write_files(directory, container.files)
        mark = f"{self._mark}/{container.name}"
        own = {"HOME": str(directory), "TMPDIR": str(directory / _TEMPORARY)}
        environment = {**self._base, **own, **container.environment, **paths, MARK_VARIABLE: mark}
        working_directory = (container.place and container.place.working_directory) or directory
        with _Pipes(separate=container.separate_errors) as pipes:
            try:
                process = self._forks.start(argv, environment, working_directory, pipes) or subprocess.Popen(
                    argv,
                    cwd=working_directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=pipes.ends[0],
                    stderr=pipes.ends[1],
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                shutil.rmtree(directory, ignore_errors=True)
                raise CannotStartError(f"OCI runtime create failed: {error}: unknown") from error
            return LocalProcess(process, pipes.taken(), directory, mark, self._forks)

    def close(self) -> None:
        self._forks.close()
        self._warden.dismiss()

    def _argv(self, container: Container) -> list[str]:
        entrypoint = (container.entrypoint,) if container.entrypoint else ()
        program, *arguments = (*entrypoint, *container.command) or ("",)
        if program == "/usr/bin/env" and arguments and arguments[0] in _PYTHONS:
            program, *arguments = arguments
        if program in _PYTHONS:
            return [sys.executable, *arguments]
        found = shutil.which(program, path=self._path)
        if found is None and not container.has_init:
            raise CannotStartError(
                "OCI runtime create failed: runc create failed: unable to start container process: "
                f'exec: "{program}": executable file not found in $PATH: unknown'
            )
        return [found, *arguments] if found else [*_FAILING_INIT, program, *arguments]


class _Forks:
    """Starts interpreters as forks where that makes no difference, and knows which of the emulator's orphans they are."""

    def __init__(self, mark: str, base: Mapping[str, str]) -> None:
        self._mark, self._base = mark, base
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._running: dict[int, Forked] = {}

    def start(
        self, argv: Sequence[str], environment: Mapping[str, str], directory: Path, pipes: _Pipes
    ) -> Forked | None:
        """None if it cannot be forked."""
        program, *arguments = argv
        if program != sys.executable or not can_fork(arguments, environment, self._base):
            return None
        with self._lock:
            try:
                self._server = self._server or ForkServer(self._mark, self._base)
                forked = self._server.start(arguments, environment, directory, pipes.ends)
            except OSError:
                # It was killed. Whatever is next gets another one.
                self._drop_server()
                return None
            self._running[forked.pid] = forked
            return forked

    def reap(self, mark: str) -> None:
        """Kill orphans with this mark, and let go of all orphans that have ended, but for those that somebody waits for."""
        with self._lock:
            for pid in [pid for pid, forked in self._running.items() if forked.poll() is not None]:
                del self._running[pid]
            for pid in tree.adopted(os.getpid()):
                if pid in self._running:
                    continue
                is_mine = _has_mark(pid, mark)
                _kill([pid] if is_mine else [])
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0 if is_mine else os.WNOHANG)

    def close(self) -> None:
        with self._lock:
            self._drop_server()

    def _drop_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


class _Pipes:
    """For what a process prints. Used in a ``with`` block, at the end of which nobody here holds what is the process's."""

    def __init__(self, *, separate: bool) -> None:
        pairs = [os.pipe() for _ in range(1 + separate)]
        self._readers = [reader for reader, _ in pairs]
        writers = [writer for _, writer in pairs]
        self.ends = (writers[0], writers[-1])

    def taken(self) -> list[int]:
        """What can be read of standard output, and of standard error if that is told apart; whoever takes them closes them."""
        readers, self._readers = self._readers, []
        return readers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for end in (*set(self.ends), *self._readers):
            os.close(end)


class LocalProcess:
    """One job that runs as a process."""

    def __init__(
        self, process: subprocess.Popen[bytes] | Forked, outputs: list[int], directory: Path, mark: str, forks: _Forks
    ) -> None:
        """
        :param outputs: what can be read of its standard output, and of its standard error if that is told apart
        """
        self.pid = process.pid
        self.output, self.errors = outputs[0], outputs[1] if len(outputs) > 1 else None
        self._process = process
        self._directory = directory
        self._mark = mark
        self._forks = forks

    def exit_code(self) -> int | None:
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def memory_mib(self) -> float:
        return tree.memory_mib(self.pid)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        _kill(tree.tree(self.pid))
        self._kill_group()

    def clean_up(self) -> None:
        self._kill_group()
        self._forks.reap(self._mark)
        shutil.rmtree(self._directory, ignore_errors=True)

    def end(self, exit_code: int, output: bytes) -> Ended:
        # What the system kills, it kills for want of its own memory. The job's limit is watched by whoever follows it.
        return Ended(exit_code=exit_code)

    def _kill_group(self) -> None:
        # Also after the end of the process that led it: whoever it has left behind still belongs to the group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _inherited() -> dict[str, str]:
    """What a job sees of the emulator's own environment."""
    return {n: v for n, v in os.environ.items() if n in _INHERITED or n.startswith(_INHERITED_PREFIXES)}


def _has_mark(pid: int, mark: str) -> bool:
    """While a process becomes another program, its environment looks empty for a moment."""
    for _ in range(_LOOKS):
        if environment := tree.environment_of(pid):
            return environment.get(MARK_VARIABLE) == mark
        if tree.has_ended(pid):
            break
        time.sleep(_LOOK_S)
    return False


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
