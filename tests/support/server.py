"""A real server as a process of its own, on a directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = ("-m", "covalent", "start", "--foreground")
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    address: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]  #: What a client needs to find it.

    @property
    def output(self) -> str:
        """What it has written so far."""
        return (self.data_dir.parent / "server.out").read_text(errors="replace")

    @classmethod
    @contextmanager
    def start(cls, home: Path, program: Sequence[str] = PROGRAM) -> Iterator[RunningServer]:
        """Run one below ``home`` on a free port; end it, in order, when the block ends.

        :param program: what Python is given to run
        """
        environment = isolated(home)
        with (home / "server.out").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *program],
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            address = _wait_for_address(process, home)
            environment["COVALENT_DISPATCHER_ADDR"] = address
            yield cls(address=address, data_dir=home / "data", process=process, environment=environment)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def isolated(home: Path) -> dict[str, str]:
    """Variables under which all of Covalent's files lie below ``home``, and its servers take free ports; makes the directories."""
    directories = {"COVALENT_CONFIG_DIR": home / "config", "COVALENT_DATA_DIR": home / "data"}
    for directory in directories.values():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name: str(directory) for name, directory in directories.items()} | {"COVALENT_SVC_PORT": "0"}


def _wait_for_address(process: subprocess.Popen[bytes], home: Path) -> str:
    """The address under which the server answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    state = home / "data" / "server.json"
    while time.monotonic() < deadline:
        if process.poll() is None and state.is_file():
            found = json.loads(state.read_text())
            # What lies there until the new server writes its own may be of one that was killed.
            if found["pid"] == process.pid:
                return str(found["address"])
        if process.poll() is not None:
            break
        time.sleep(0.02)
    output = (home / "server.out").read_text(errors="replace")
    raise RuntimeError(f"The server did not start (exit code {process.poll()}):\n{output}")
