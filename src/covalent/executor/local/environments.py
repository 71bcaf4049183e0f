"""Interpreters with the packages that tasks ask for, layered over the server's own.

An environment is made once for each set of requirements and stays; a file in it says that it is complete. Where requirements name files
of this machine, there is one for each state of those. It is built in its final place, because the scripts of a virtual environment hold
its path and would not survive being moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from ...errors import ExecutorError
from ...runner.packages import InstallError, all_satisfied, build, python_of, variables_of
from .launch import Interpreter
from .sources import local_sources, state_of

#: Environments that are built at the same time.
BUILDERS: Final = 2

_COMPLETE: Final = "covalent-complete.json"


class EnvironmentFailedError(ExecutorError):
    """The packages that a task asks for cannot be installed."""


class Environments:
    """Those below ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._builds: dict[tuple[str, ...], asyncio.Future[Interpreter]] = {}
        self._threads = ThreadPoolExecutor(BUILDERS, thread_name_prefix="environment")
        self._installers: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False

    def find(self, requirements: tuple[str, ...]) -> Interpreter | None:
        """The interpreter, if it has been asked for before, is there, and cannot be out of date."""
        if local_sources(requirements):
            return None
        build = self._builds.get(requirements)
        if build is None or not build.done() or build.cancelled() or build.exception() is not None:
            return None
        return build.result()

    async def make(self, requirements: tuple[str, ...]) -> Interpreter:
        """The interpreter that has these packages, which may take minutes; all who ask at the same time share the wait.

        :raises EnvironmentFailedError: if they cannot be installed; the next one who asks causes another try
        """
        build = self._builds.get(requirements)
        if build is None or (build.done() and self.find(requirements) is None):
            loop = asyncio.get_running_loop()
            build = self._builds[requirements] = loop.run_in_executor(self._threads, self._make, requirements)
            build.add_done_callback(_look_at)
        return await asyncio.shield(build)

    def close(self) -> None:
        """End what is being built. Blocks for a moment."""
        self._is_closed = True
        for installer in list(self._installers):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(installer.pid, signal.SIGKILL)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _make(self, requirements: tuple[str, ...]) -> Interpreter:
        if all_satisfied(requirements):
            return Interpreter()
        self._directory.mkdir(parents=True, exist_ok=True)
        home = self._home(requirements)
        with _lock(home.with_suffix(".lock")):
            if (home / _COMPLETE).exists():
                (home / _COMPLETE).touch()
            else:
                self._build(home, requirements)
        return _interpreter(home)

    def _home(self, requirements: tuple[str, ...]) -> Path:
        """Where the environment lies, or is to lie: of those for several states of local files, the latest if the files are gone."""
        home = self._directory / _digest([requirements, sys.executable, sys.version])
        sources = local_sources(requirements)
        if not sources:
            return home
        latest = home.with_suffix(".latest")
        if not all(source.exists() for source in sources):
            return self._directory / latest.read_text() if latest.exists() else home
        home = self._directory / _digest([home.name, state_of(sources)])
        latest.write_text(home.name)
        return home

    def _build(self, home: Path, requirements: tuple[str, ...]) -> None:
        if home.exists():
            shutil.rmtree(home)
        # uv takes what it has built of a folder before, for as long as its pyproject.toml stays the same.
        variables = {**os.environ, "UV_NO_CACHE": "1"} if local_sources(requirements) else None
        try:
            build(home, requirements, partial(self._run, variables))
        except InstallError as error:
            raise EnvironmentFailedError(str(error)) from None
        (home / _COMPLETE).write_text(json.dumps({"requirements": requirements}))

    def _run(self, variables: dict[str, str] | None, command: Sequence[str]) -> tuple[int, bytes]:
        if self._is_closed:
            raise EnvironmentFailedError("The packages could not be installed: the server is stopping.")
        installer = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )
        self._installers.add(installer)
        try:
            output, _ = installer.communicate()
        finally:
            self._installers.discard(installer)
        return installer.returncode, output


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _look_at(build: asyncio.Future[Interpreter]) -> None:
    """Nobody may be left who waits for it; asyncio would then complain about a failure that nobody saw."""
    if not build.cancelled():
        build.exception()


def _interpreter(home: Path) -> Interpreter:
    return Interpreter(python=python_of(home), variables=variables_of(home))


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    """Wait for other processes that build the same."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
