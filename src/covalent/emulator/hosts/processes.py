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
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ...runner.processes import adopt_descendants
from . import tree
from .base import MARK_VARIABLE, CannotStartError, Container, Ended, take_outputs, write_files
from .warden import Warden

#: What a job sees of the emulator's own environment.
_INHERITED: Final = ("LANG", "LC_ALL", "TZ")
_INHERITED_PREFIXES: Final = ("UV_", "PIP_")

_TEMPORARY: Final = "temporary"

#: In the place of an init process that finds out too late that there is no such command: it says so, and ends with 127.
_FAILING_INIT: Final = ("/bin/sh", "-c", 'exec "$0" "$@"')


class ProcessHost:
    """Images are not looked at, and ``python3`` is the emulator's own interpreter."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(16)
        self.directory = Path(tempfile.mkdtemp(prefix="covalent-emulator-"))
        self._path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        self._warden = Warden(self._mark, self.directory)
        adopt_descendants()

    def start(self, container: Container) -> LocalProcess:
        argv = self._argv(container)
        directory = Path(tempfile.mkdtemp(prefix="job-", dir=self.directory))
        (directory / _TEMPORARY).mkdir()
        paths = write_files(directory, container.files)
        mark = f"{self._mark}/{container.name}"
        try:
            process = subprocess.Popen(
                argv,
                cwd=(container.place and container.place.working_directory) or directory,
                env={**self._environment(directory), **container.environment, **paths, MARK_VARIABLE: mark},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if container.separate_errors else subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise CannotStartError(f"OCI runtime create failed: {error}: unknown") from error
        return LocalProcess(process, directory, mark)

    def close(self) -> None:
        self._warden.dismiss()

    def _argv(self, container: Container) -> list[str]:
        entrypoint = (container.entrypoint,) if container.entrypoint else ()
        program, *arguments = (*entrypoint, *container.command) or ("",)
        if program in ("python", "python3"):
            return [sys.executable, *arguments]
        found = shutil.which(program, path=self._path)
        if found is None and not container.has_init:
            raise CannotStartError(
                "OCI runtime create failed: runc create failed: unable to start container process: "
                f'exec: "{program}": executable file not found in $PATH: unknown'
            )
        return [found, *arguments] if found else [*_FAILING_INIT, program, *arguments]

    def _environment(self, directory: Path) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if n in _INHERITED or n.startswith(_INHERITED_PREFIXES)}
        return {
            "LANG": "C.UTF-8",
            **kept,
            "PATH": self._path,
            "HOME": str(directory),
            "TMPDIR": str(directory / _TEMPORARY),
        }


class LocalProcess:
    """One job that runs as a process."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path, mark: str) -> None:
        self.pid = process.pid
        self.output, self.errors = take_outputs(process)
        self._process = process
        self._directory = directory
        self._mark = mark

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
        for pid in tree.adopted(os.getpid()):
            is_mine = tree.environment_of(pid).get(MARK_VARIABLE) == self._mark
            _kill([pid] if is_mine else [])
            # Orphans that have ended by themselves are let go of as well.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0 if is_mine else os.WNOHANG)
        shutil.rmtree(self._directory, ignore_errors=True)

    def end(self, exit_code: int, output: bytes) -> Ended:
        # What the system kills, it kills for want of its own memory. The job's limit is watched by whoever follows it.
        return Ended(exit_code=exit_code)

    def _kill_group(self) -> None:
        # Also after the end of the process that led it: whoever it has left behind still belongs to the group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
