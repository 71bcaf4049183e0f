"""A dispatcher to test with: a real server, as a process of its own on a directory of its own, that can be killed and started again."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import covalent as ct

#: Seconds that a server gets to answer, and to end.
START_S: Final = 30.0

#: Seconds between two looks at something that is waited for.
LOOK_S: Final = 0.02

#: The same, once it has been waited for for long.
LONG_LOOK_S: Final = 0.5

#: How much of what the server wrote is shown when something goes wrong.
TAIL_CHARS: Final = 4_000


class HarnessError(AssertionError):
    """What was waited for did not happen; the message holds what is known of the reason."""


class Harness:
    """One server, and what a client needs to use it.

    :param home: a directory for its data, its configuration and its output
    :param environment: variables that it gets beside those of this process
    :param plugins: executors that are not installed, as entry points name them: ``{"short_name": "module:Class"}``
    :param python: the interpreter that it runs on
    """

    def __init__(
        self,
        home: Path,
        *,
        environment: Mapping[str, str] | None = None,
        plugins: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self.data_dir, self._output = home / "data", home / "server.out"
        self._plugins, self._python = home / "plugins", python
        self._process: subprocess.Popen[bytes] | None = None
        (home / "config").mkdir(parents=True, exist_ok=True)
        self.data_dir.mkdir(mode=0o700, exist_ok=True)
        write_plugins(self._plugins, plugins or {})
        path = [str(self._plugins), *filter(None, [os.environ.get("PYTHONPATH")])]
        #: Under these variables a process is a client of the server, or the server itself.
        self.environment = {
            **(environment or {}),
            "COVALENT_CONFIG_DIR": str(home / "config"),
            "COVALENT_DATA_DIR": str(self.data_dir),
            "COVALENT_SVC_PORT": "0",
            "PYTHONPATH": os.pathsep.join(path),
        }

    # Life

    @property
    def pid(self) -> int | None:
        """None while no server runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start a server, and return when it answers.

        :raises HarnessError: if it does not
        """
        self.launch()
        self.wait_until_up()

    def launch(self) -> None:
        """Start a server, which may die before it answers."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [self._python, "-m", "covalent", "start", "--foreground"],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_up(self) -> None:
        """Return when the server answers.

        :raises HarnessError: if it does not
        """
        deadline = time.monotonic() + START_S
        while self.pid is not None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(LOOK_S)
        self.kill()
        raise HarnessError(f"The server did not start.{self._tail()}")

    def stop(self) -> None:
        """End the server in order; what it was running goes on at the next start."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(START_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise HarnessError(f"The server did not end within {START_S:g} s.{self._tail()}") from None

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait_until_dead(self, within_s: float) -> None:
        """Return when the server has crashed.

        :raises HarnessError: if it still runs after ``within_s`` seconds
        """
        assert self._process is not None
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"The server still runs after {within_s:g} s.{self._tail()}") from None

    @contextmanager
    def running(self) -> Iterator[Harness]:
        """With a server, which is this process's own while the block lasts."""
        with self._in_use():
            self.start()
            try:
                yield self
            finally:
                self.stop()

    # Workflows

    def wait(self, dispatch_id: str, within_s: float) -> ct.Result:
        """The result of a dispatch, once that has ended.

        :raises HarnessError: if it has not ended after ``within_s`` seconds, or the server has
        """
        began = time.monotonic()
        while self.pid is not None:
            result = ct.get_result(dispatch_id)
            if result.status.is_final:
                return result
            waited_s = time.monotonic() - began
            if waited_s > within_s:
                raise HarnessError(f"Not ended after {within_s:g} s: {result!r}.{self._tail()}")
            time.sleep(min(max(LOOK_S, waited_s / 20), LONG_LOOK_S))
        raise HarnessError(f"The server has ended.{self._tail()}")

    # Inner workings

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        before = {name: os.environ.get(name) for name in (*self.environment, "COVALENT_DISPATCHER_ADDR")}
        os.environ.pop("COVALENT_DISPATCHER_ADDR", None)
        os.environ.update(self.environment)
        sys.path.append(str(self._plugins))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(str(self._plugins))
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _answers(self) -> bool:
        """Whether this server, not one before it, has written where it listens; it does so once it answers."""
        try:
            record: dict[str, Any] = json.loads((self.data_dir / "server.json").read_text())
        except (OSError, ValueError):
            return False
        return self.pid is not None and record["pid"] == self.pid

    def _tail(self) -> str:
        return f"\nThe server wrote:\n{self._output.read_text(errors='replace')[-TAIL_CHARS:]}"


def write_plugins(directory: Path, plugins: Mapping[str, str]) -> None:
    """What an installer would leave of a distribution that has these entry points."""
    metadata = directory / "covalent_plugins_under_test-0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: covalent-plugins-under-test\nVersion: 0\n")
    lines = [f"{name} = {value}" for name, value in plugins.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[covalent.executor.executor_plugins]", *lines, ""]))
