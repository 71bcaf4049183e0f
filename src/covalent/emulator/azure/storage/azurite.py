"""Azurite as a child process, which ends with the emulator whatever happens to it.

Source: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ....errors import EmulatorError
from ...hosts.base import MARK_VARIABLE
from ...hosts.warden import Warden

VERSION: Final = "3.37.0"  #: Installed where there is none.

_PROGRAM: Final = "azurite-blob"
_START_S: Final = 60.0

#: What sends telemetry is switched off, but would still be loaded at each start, and is two thirds of what is installed.
_LEFT_OUT: Final = "applicationinsights"
_LISTENS: Final = re.compile(rb"successfully listens on (http://\S+)")


class Azurite:
    """Serves from the moment it is made until :meth:`stop`. All that it holds is in memory."""

    def __init__(self, account: str, key: str) -> None:
        """
        :param key: of the account, in base64
        :raises EmulatorError: if it cannot be found, installed or started
        """
        program = find()
        directory = Path(tempfile.mkdtemp(prefix="covalent-emulator-azurite-"))
        mark = secrets.token_hex(16)
        self._warden = Warden(mark, directory)
        try:
            environment = {**os.environ, "AZURITE_ACCOUNTS": f"{account}:{key}", MARK_VARIABLE: mark}
            with (directory / "errors").open("wb") as errors:
                self._process = subprocess.Popen(
                    [program, *_options()],
                    cwd=directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
            #: Its address.
            self.url = self._wait_until_it_listens(directory / "errors")
        except BaseException:
            self._warden.dismiss()
            raise

    def stop(self) -> None:
        # What it holds is lost anyway.
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._warden.dismiss()

    def _wait_until_it_listens(self, errors: Path) -> str:
        assert self._process.stdout is not None
        out = self._process.stdout.fileno()
        deadline = time.monotonic() + _START_S
        printed = b""
        while not (found := _LISTENS.search(printed)):
            readable, _, _ = select.select([out], [], [], max(0, deadline - time.monotonic()))
            data = os.read(out, 65536) if readable else b""
            if not data:
                said = (printed + errors.read_bytes()).decode(errors="replace").strip()
                raise EmulatorError(f"Azurite, which holds the blobs, did not start: {said or 'it says nothing.'}")
            printed += data
        return found[1].decode()


def _options() -> Sequence[str]:
    return (
        "--blobHost=127.0.0.1",
        "--blobPort=0",
        "--inMemoryPersistence",
        "--skipApiVersionCheck",
        "--silent",
        "--disableTelemetry",
    )


def find() -> str:
    """The program; it is installed once if there is none.

    :raises EmulatorError: if that is not possible
    """
    return shutil.which(_PROGRAM) or _installed()


def _installed() -> str:
    place = _cache_directory() / f"azurite-{VERSION}"
    program = place / "node_modules" / ".bin" / _PROGRAM
    if program.exists():
        return str(program)
    npm = shutil.which("npm")
    if npm is None:
        raise EmulatorError(
            f"The emulator of Azure keeps blobs in Azurite, which is not installed. Install Node.js with npm, or Azurite itself: "
            f"npm install --global azurite@{VERSION}"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        # Of several emulators that start at a time, one installs it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _install(npm, place)
    return str(program)


def _install(npm: str, place: Path) -> None:
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    sys.stderr.write(f"Installing Azurite {VERSION} with npm into {place}. This is done once.\n")
    partial.mkdir()
    _write_packages(partial)
    command = [npm, "install", "--prefix", str(partial), "--no-audit", "--no-fund"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EmulatorError(
            f"The emulator of Azure keeps blobs in Azurite {VERSION}, and `{' '.join(command)}` failed:\n{done.stderr.strip()}"
        )
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)


def _write_packages(directory: Path) -> None:
    """What npm is to install there."""
    empty = directory / "empty"
    empty.mkdir()
    (empty / "index.js").write_text("module.exports = {};\n")
    (empty / "package.json").write_text(json.dumps({"name": _LEFT_OUT, "version": "3.0.0", "main": "index.js"}))
    packages = {"private": True, "dependencies": {"azurite": VERSION}, "overrides": {_LEFT_OUT: "file:./empty"}}
    (directory / "package.json").write_text(json.dumps(packages))


def _cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "covalent"
