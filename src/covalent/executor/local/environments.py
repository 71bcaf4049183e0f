"""Interpreters with the packages that tasks ask for, layered over the server's own.

An environment is a virtual environment that also sees the packages which the server sees; its own win. It is made once for each set of
requirements and stays; a file in it says that it is complete. It is built in its final place, because the scripts of a virtual
environment hold its path and would not survive being moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import site
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ...errors import ExecutorError
from .launch import Interpreter
from .requirements import all_satisfied

#: Environments that are built at the same time.
BUILDERS: Final = 2

#: Lines of an installer's output that a failure shows, from its beginning and from its end, and how much of each.
FIRST_LINES: Final = 6
LAST_LINES: Final = 16
LINE_LENGTH: Final = 300

_COMPLETE: Final = "covalent-complete.json"


class EnvironmentFailedError(ExecutorError):
    """The packages that a task asks for cannot be installed."""

    def __init__(self, requirements: Sequence[str], reason: str) -> None:
        super().__init__(f"The packages {', '.join(requirements)} could not be installed. {reason}")


class Environments:
    """Those below ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._builds: dict[tuple[str, ...], asyncio.Future[Interpreter]] = {}
        self._threads = ThreadPoolExecutor(BUILDERS, thread_name_prefix="environment")
        self._installers: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False

    def find(self, requirements: tuple[str, ...]) -> Interpreter | None:
        """The interpreter, if it has been asked for before and is there."""
        build = self._builds.get(requirements)
        if build is None or not build.done() or build.cancelled() or build.exception() is not None:
            return None
        return build.result()

    async def make(self, requirements: tuple[str, ...]) -> Interpreter:
        """The interpreter that has these packages, which may take minutes; all who ask at the same time share the wait.

        :raises EnvironmentFailedError: if they cannot be installed; the next one who asks causes another try
        """
        build = self._builds.get(requirements)
        if build is None or (build.done() and (build.cancelled() or build.exception() is not None)):
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
        name = hashlib.sha256(json.dumps([requirements, sys.executable, sys.version]).encode()).hexdigest()[:32]
        home = self._directory / name
        self._directory.mkdir(parents=True, exist_ok=True)
        with _lock(self._directory / f"{name}.lock"):
            if (home / _COMPLETE).exists():
                (home / _COMPLETE).touch()
            else:
                self._build(home, requirements)
        return _interpreter(home)

    def _build(self, home: Path, requirements: tuple[str, ...]) -> None:
        if home.exists():
            shutil.rmtree(home)
        try:
            venv.EnvBuilder(symlinks=True, with_pip=False).create(home)
            _show_parents(home)
            listed = home / "requirements.txt"
            listed.write_text("".join(f"{line}\n" for line in requirements))
            self._install(_installer(home, requirements), listed, requirements)
        except OSError as error:
            raise EnvironmentFailedError(requirements, f"{home} cannot be written ({error.strerror}).") from None
        (home / _COMPLETE).write_text(json.dumps({"requirements": requirements}))

    def _install(self, command: Sequence[str], listed: Path, requirements: tuple[str, ...]) -> None:
        if self._is_closed:
            raise EnvironmentFailedError(requirements, "The server is stopping.")
        installer = subprocess.Popen(
            [*command, "--requirement", str(listed)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._installers.add(installer)
        try:
            output, _ = installer.communicate()
        finally:
            self._installers.discard(installer)
        if installer.returncode:
            said = _shortened(output.decode("utf-8", "replace")) or f"it ended with exit code {installer.returncode}"
            raise EnvironmentFailedError(requirements, f"The installer said:\n{said}")


def _shortened(output: str) -> str:
    """What names the package that failed is at the beginning of the output; what went wrong with it, at its end."""
    lines = [line[:LINE_LENGTH] for line in output.strip().splitlines()]
    if len(lines) > FIRST_LINES + LAST_LINES:
        lines[FIRST_LINES:-LAST_LINES] = ["…"]
    return "\n".join(lines)


def _look_at(build: asyncio.Future[Interpreter]) -> None:
    """Nobody may be left who waits for it; asyncio would then complain about a failure that nobody saw."""
    if not build.cancelled():
        build.exception()


def _interpreter(home: Path) -> Interpreter:
    scripts = home / "bin"
    path = os.pathsep.join([str(scripts), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return Interpreter(python=str(scripts / "python"), variables={"PATH": path, "VIRTUAL_ENV": str(home)})


def _show_parents(home: Path) -> None:
    """Let the environment see, after its own packages, those that the server sees."""
    parents = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        parents.append(site.getusersitepackages())
    lines = (f"import site; site.addsitedir({parent!r})\n" for parent in parents)
    own = sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)})
    Path(own, "covalent_parents.pth").write_text("".join(lines))


def _installer(home: Path, requirements: Sequence[str]) -> list[str]:
    """:raises EnvironmentFailedError: if there is none"""
    python = str(home / "bin" / "python")
    if uv := shutil.which("uv") or _beside("uv"):
        return [uv, "pip", "install", "--python", python]
    if importlib.util.find_spec("pip"):
        quiet = ["--disable-pip-version-check", "--no-input"]
        return [sys.executable, "-m", "pip", "--python", python, "install", *quiet]
    raise EnvironmentFailedError(requirements, "The server has neither uv nor pip. Install one of them there.")


def _beside(name: str) -> str | None:
    """A program next to the server's Python."""
    found = Path(sys.executable).with_name(name)
    return str(found) if found.exists() else None


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    """Wait for other processes that build the same."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
