"""What all hosts have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

#: Environment variable that marks everything that an emulator has started, so that nothing of it can be left behind.
MARK_VARIABLE = "COVALENT_EMULATOR"


class Verdict(StrEnum):
    """Why the emulator ended something that ran."""

    STOPPED = "STOPPED"  #: Somebody asked for it.
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    HOST_LOST = "HOST_LOST"
    PREEMPTED = "PREEMPTED"
    REPLACED = "REPLACED"  #: Its exit code does not count.


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Directories that outlive what runs in them."""

    root: Path  #: Has the same path for what runs and outside of it.
    working_directory: Path | None  #: Below the root; None stands for the image's own.


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """What is to run."""

    name: str  #: Unique, and valid as the name of a container.
    image: str  #: Not looked at by a host that runs processes.
    command: tuple[str, ...]
    entrypoint: str = ""  #: In the place of the image's own, if it is given.
    environment: Mapping[str, str]
    files: Mapping[str, str]  #: Contents of files, by the variables that hold their paths.
    vcpus: float
    memory_mib: int
    shared_memory_mib: int | None = None
    has_init: bool = False  #: Whether process 1 is one that passes signals on.
    separate_errors: bool = False  #: Whether its two outputs are told apart.
    place: Place | None = None  #: None gives it a directory that goes with it.


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How it ended."""

    exit_code: int  #: 128 and the number of the signal, if it died of one.
    verdict: Verdict | None = None  #: None if it ended by itself.


class CannotPullError(Exception):
    """There is no such image."""


class CannotStartError(Exception):
    """The image is there, and the command in it cannot be started."""


class Process(Protocol):
    """Something that was started, in terms of the operating system."""

    pid: int  #: Of the process that ends with it.
    output: int  #: Descriptor from which everything that it prints can be read.
    errors: int | None  #: The same of its standard error, if that is told apart.

    def exit_code(self) -> int | None:
        """None as long as it runs."""

    def memory_mib(self) -> float:
        """What it occupies, as far as the emulator has to watch that; otherwise 0."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it with everything that it has started."""

    def clean_up(self) -> None:
        """After its end: end what it has left running, and remove its files."""

    def end(self, exit_code: int, output: bytes) -> Ended:
        """What its end by itself means.

        :param output: the beginning of what it has printed
        :raises CannotStartError: if these show that the command never ran
        """


class Host(Protocol):
    directory: Path  #: Goes with everything in it when the emulator ends, whatever ends it.

    def start(self, container: Container) -> Process:
        """
        :raises CannotPullError: if there is no such image
        :raises CannotStartError: if the command cannot be started
        """

    def close(self) -> None:
        """End everything that still runs, and remove all files."""


def write_files(directory: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Write :attr:`Container.files`; return the variables.

    :param directory: which nobody else may enter
    """
    paths = {}
    for variable, content in files.items():
        path = directory / f".{variable.lower()}"
        path.write_text(content)
        # In a container, the job may be another user than the emulator.
        path.chmod(0o644)
        paths[variable] = str(path)
    return paths
