"""A host that runs jobs in containers, with podman or docker, and with real limits on memory and processors. Linux only."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from ...errors import EmulatorError
from .base import (
    MARK_VARIABLE,
    CannotPullError,
    CannotStartError,
    Container,
    Ended,
    Place,
    Verdict,
    write_files,
)
from .warden import Warden

#: Exit codes of ``run`` when it, and not the command in the container, has failed.
_FAILURES: Final = (125, 126, 127)
_FAILURE: Final = re.compile(
    rb"(?:Error|docker): [^\n]*(?:OCI runtime|not found|permission denied)[^\n]*\s*(?:Run 'docker [^\n]*\s*)?"
)

#: What podman's init process says when it cannot find the command. That of Docker, which AWS has, ends with another code then.
_INIT_FAILURE: Final = re.compile(rb"catatonit\S* failed to exec pid1: No such file")

_KILLED: Final = 137  #: 128 and SIGKILL.
_NOT_FOUND: Final = 127


class ContainerHost:
    """The containers share the network of this machine, so that they reach an emulator on its loopback interface."""

    def __init__(self, program: str) -> None:
        """
        :param program: ``podman`` or ``docker``
        :raises EmulatorError: if it cannot be used here
        """
        self._program = program
        self._mark = secrets.token_hex(16)
        self._images: set[str] = set()
        self._check()
        self.directory = Path(tempfile.mkdtemp(prefix="covalent-emulator-"))
        self._warden = Warden(self._mark, self.directory, self._removal())

    def start(self, container: Container) -> RunningContainer:
        self._provide(container.image)
        directory = Path(tempfile.mkdtemp(prefix="job-", dir=self.directory))
        paths = write_files(directory, container.files)
        environment = {**container.environment, **paths, MARK_VARIABLE: self._mark}
        argv = [self._program, "run", "--name", container.name, "--label", f"{MARK_VARIABLE}={self._mark}"]
        argv += ["--rm", "--network=host", f"--cpus={container.vcpus:g}"]
        # No swap: what is over the limit is to end here as it does there.
        argv += [f"--memory={container.memory_mib}m", f"--memory-swap={container.memory_mib}m"]
        argv += ["--init"] if container.has_init else []
        argv += [f"--shm-size={container.shared_memory_mib}m"] if container.shared_memory_mib else []
        argv += [f"--volume={path}:{path}:ro" for path in paths.values()]
        argv += _place(container.place) if container.place else []
        argv += [f"--env={name}={value}" for name, value in environment.items()]
        argv += [f"--entrypoint={container.entrypoint}"] if container.entrypoint else []
        argv += [container.image, *container.command]
        errors = subprocess.PIPE if container.separate_errors else subprocess.STDOUT
        try:
            process = subprocess.Popen(
                argv,
                # Podman's monitor leaves files where it is, such as one that says that memory ran out.
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStartError(str(error)) from error
        return RunningContainer(process, self._program, container.name, directory)

    def close(self) -> None:
        self._warden.dismiss()

    def _removal(self) -> tuple[str, ...]:
        """A command that ends all containers of this emulator."""
        listing = f"{self._program} ps --all --quiet --filter label={MARK_VARIABLE}={self._mark}"
        return ("/bin/sh", "-c", f"{listing} | xargs -r {self._program} rm --force")

    def _check(self) -> None:
        if shutil.which(self._program) is None:
            raise EmulatorError(
                f"Containers cannot be run with {self._program}: it is not installed. Install it, or leave --containers "
                "out to run jobs as processes."
            )
        asked = subprocess.run([self._program, "info"], capture_output=True, text=True, check=False)
        if asked.returncode:
            raise EmulatorError(f"Containers cannot be run with {self._program}: {asked.stderr.strip()}")

    def _provide(self, image: str) -> None:
        """Have the image, from a registry if it is not here."""
        if image in self._images:
            return
        here = subprocess.run([self._program, "image", "inspect", image], capture_output=True, check=False)
        if here.returncode:
            pulled = subprocess.run([self._program, "pull", image], capture_output=True, text=True, check=False)
            if pulled.returncode:
                raise CannotPullError(_last_words(pulled.stderr))
        self._images.add(image)


def _place(place: Place) -> list[str]:
    workdir = [f"--workdir={place.working_directory}"] if place.working_directory else []
    return [f"--volume={place.root}:{place.root}", *workdir]


def _last_words(text: str) -> str:
    """Why it failed in the end; what comes before is progress."""
    return (text.strip().splitlines() or ["no reason given"])[-1].removeprefix("Error: ")


class RunningContainer:
    """One job that runs in a container."""

    def __init__(self, process: subprocess.Popen[bytes], program: str, name: str, directory: Path) -> None:
        self.pid = process.pid
        self.output, self.errors = _take_outputs(process)
        self._process = process
        self._program = program
        self._name = name
        self._directory = directory

    def exit_code(self) -> int | None:
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def memory_mib(self) -> float:
        """0: the kernel watches it."""
        return 0.0

    def terminate(self) -> None:
        # The program in the foreground passes the signal on.
        self._process.terminate()

    def kill(self) -> None:
        subprocess.run([self._program, "kill", self._name], capture_output=True, check=False)

    def clean_up(self) -> None:
        # All processes of a container end with its first, and --rm removes it.
        shutil.rmtree(self._directory, ignore_errors=True)

    def end(self, exit_code: int, output: bytes) -> Ended:
        if exit_code in _FAILURES and _FAILURE.fullmatch(output):
            raise CannotStartError(" ".join(output.decode(errors="replace").split()).partition(": ")[2])
        if exit_code == _KILLED:
            return Ended(exit_code=exit_code, verdict=Verdict.OUT_OF_MEMORY)
        if exit_code == 1 and _INIT_FAILURE.search(output):
            return Ended(exit_code=_NOT_FOUND)
        return Ended(exit_code=exit_code)


def _take_outputs(process: subprocess.Popen[bytes]) -> tuple[int, int | None]:
    """Descriptors of their own of what a process prints, which whoever follows it closes."""
    assert process.stdout is not None
    with process.stdout as stdout:
        output = os.dup(stdout.fileno())
    if process.stderr is None:
        return output, None
    with process.stderr as stderr:
        return output, os.dup(stderr.fileno())
