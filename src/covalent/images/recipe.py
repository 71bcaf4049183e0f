"""What goes into an image, as a Containerfile and the files that it needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .. import __version__
from ..errors import ImageError

#: Moves large values; any other package is the user's choice.
OBSTORE: Final = "obstore>=0.8"

BASE: Final = "docker.io/library/python:{python}-slim"

#: The kinds of machines that the services have.
PLATFORMS: Final = ("linux/amd64", "linux/arm64")

_CONTAINERFILE: Final = "Containerfile"
_CHECK: Final = "check.py"
_LISTED: Final = "requirements.txt"

#: Where the files of the build are while it runs. None of them stays in a layer: there may be passwords of package indexes in them.
_FILES: Final = "/run/covalent"
_MOUNT: Final = f"--mount=type=bind,target={_FILES}"

#: Of a Debian package, with a version if one is wanted.
_APT: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[\w.+:~-]+)?")
_ARCHIVE: Final = re.compile(r"[\w.+!-]+\.(?:whl|tar\.gz|zip)")
_IMAGE: Final = re.compile(r"[A-Za-z0-9][\w./:@-]*")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._/:-]*[a-z0-9](?::[\w.-]+)?")
_PYTHON: Final = re.compile(r"3\.\d+")
_USER: Final = re.compile(r"\d+(?::\d+)?")

#: Lines of a requirements file that name other files.
_ELSEWHERE: Final = re.compile(
    r"\s*(?:(?:-r|-c|-e|--requirement|--constraint|--editable|-f|--find-links)\b|\.{0,2}/|.*@\s*file:)"
)

_PIP: Final = "PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """An image.

    :raises ImageError: if something of it cannot be
    """

    python: str  #: As ``3.12``: the one that workflows are dispatched with.
    base: str = ""  #: Empty for Python's own.
    apt: Sequence[str] = ()
    pip: Sequence[str] = ()  #: Requirements, and paths of wheels and source archives.
    requirements: Sequence[Path] = ()  #: Files.
    has_obstore: bool = True
    user: str = "1000:1000"

    def __post_init__(self) -> None:
        _refuse_unless(_PYTHON, self.python, "--python takes a version such as 3.12")
        _refuse_unless(_USER, self.user, "--user takes numbers, UID or UID:GID, for services know no names")
        if self.base:
            _refuse_unless(_IMAGE, self.base, "--base takes the name of an image, such as docker.io/library/debian:12")
        for package in self.apt:
            _refuse_unless(_APT, package, "--apt takes the name of a Debian package, such as git or git=1:2.39")
        for requirement in self.pip:
            _check_requirement(requirement)
        for file in self.requirements:
            _check_file(file)
        names = [path.name for path in self._archives]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ImageError(f"--pip names two files that are called {min(twice)}. Leave one of them out.")

    def containerfile(self) -> str:
        """Its text; the same for the same image.

        :raises ImageError: if a file cannot be read
        """
        return "\n".join([*self._header(), *self._packages(), *self._footer(), ""])

    def write(self, directory: Path) -> Path:
        """Put all that the build needs there; the Containerfile's path.

        :raises ImageError: if a file cannot be read
        """
        for name, content in self._files().items():
            (directory / name).write_bytes(content)
        file = directory / _CONTAINERFILE
        file.write_text(self.containerfile(), "utf-8")
        return file

    def _header(self) -> list[str]:
        return [
            f"# Made by 'covalent image build', Covalent {__version__}. {_LISTED} is:",
            *(f"#   {line}" for line in self._listed()),
            f"FROM {self.base or BASE.format(python=self.python)}",
            "USER 0",
        ]

    def _packages(self) -> list[str]:
        lines = []
        if self.apt:
            lines += [
                "RUN apt-get update \\",
                f" && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends {' '.join(self.apt)} \\",
                " && rm -rf /var/lib/apt/lists/*",
            ]
        # What is wrong with the base shows before much is fetched.
        lines.append(f"RUN {_MOUNT} python3 {_FILES}/{_CHECK} {self.python}")
        if self.pip or self.requirements or self.has_obstore:
            files = " ".join(f"--requirement {_FILES}/{name}" for name in (_LISTED, *self._copied_requirements()))
            lines += [
                "RUN python3 -m pip --version 2>/dev/null || python3 -m ensurepip",
                f"RUN {_MOUNT} {self._digest()} {_PIP} python3 -m pip install {files}",
            ]
        return lines

    def _footer(self) -> list[str]:
        return [
            # Any user may run it: nothing is written outside /tmp, and those who ask for the user's name get one.
            "ENV HOME=/tmp USER=covalent PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1",
            f"LABEL covalent.version={__version__} covalent.python={self.python}",
            # The services give the command themselves, and do not agree on what becomes of an entry point.
            "ENTRYPOINT []",
            'CMD ["python3"]',
            f"USER {self.user}",
        ]

    def _files(self) -> dict[str, bytes]:
        """What lies beside the Containerfile, by name."""
        copied = {
            _CHECK: Path(__file__).with_name(_CHECK),
            **{path.name: path for path in self._archives},
            **dict(zip(self._copied_requirements(), self.requirements, strict=True)),
        }
        try:
            contents = {name: path.read_bytes() for name, path in copied.items()}
        except OSError as error:
            raise ImageError(f"{error.filename} cannot be read: {error.strerror}.") from error
        return {_LISTED: "".join(f"{line}\n" for line in self._listed()).encode(), **contents}

    def _digest(self) -> str:
        """A variable that nobody reads: podman would take a layer for the same though the files that it was made from are others."""
        found = hashlib.sha256()
        for name, content in sorted(self._files().items()):
            found.update(b"%b %d " % (name.encode(), len(content)) + content)
        return f"COVALENT_FILES={found.hexdigest()}"

    @property
    def _archives(self) -> list[Path]:
        return [Path(one).expanduser() for one in self.pip if _is_archive(one)]

    def _listed(self) -> list[str]:
        wanted = [f"{_FILES}/{Path(one).name}" if _is_archive(one) else one for one in self.pip]
        return [*wanted, OBSTORE] if self.has_obstore else wanted

    def _copied_requirements(self) -> list[str]:
        return [f"requirements-{number}.txt" for number, _ in enumerate(self.requirements, 1)]


def check_name(image: str) -> None:
    """:raises ImageError: if no image can be called this"""
    _refuse_unless(_NAME, image, "--tag takes a name in small letters, such as my-tasks or my-tasks:1.0")


def _refuse_unless(pattern: re.Pattern[str], said: str, wanted: str) -> None:
    if not pattern.fullmatch(said):
        raise ImageError(f"{wanted}, not {said!r}.")


def _is_archive(requirement: str) -> bool:
    """Whether it is a file of this machine, and no URL."""
    return "://" not in requirement and _ARCHIVE.fullmatch(Path(requirement).name) is not None


def _check_requirement(requirement: str) -> None:
    if not requirement.strip() or re.match(r"\s*-", requirement) or "\n" in requirement:
        raise ImageError(
            f"--pip takes a requirement, such as numpy or 'numpy>=2', not {requirement!r}. Options of pip go into a file for "
            "--requirements."
        )
    if _is_archive(requirement):
        if not Path(requirement).expanduser().is_file():
            raise ImageError(f"--pip names the file {requirement}, which does not exist.")
    elif _ELSEWHERE.match(requirement) or requirement.strip() == "." or Path(requirement).is_dir():
        raise ImageError(
            f"--pip takes packages of an index, wheels and source archives, not the directory or file {requirement!r}. Make a wheel of it "
            "first: pip wheel --no-deps --wheel-dir dist DIRECTORY"
        )


def _check_file(path: Path) -> None:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"--requirements names {path}, which cannot be read: {error}.") from error
    for number, line in enumerate(lines, 1):
        if _ELSEWHERE.match(line):
            raise ImageError(
                f"{path}, line {number}, names another file or directory, which would not be in the image: {line.strip()!r}. Write what is "
                "wanted into one file, as 'pip freeze' does; wheels of your own go to --pip."
            )
