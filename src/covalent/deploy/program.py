"""Terraform or OpenTofu on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..errors import DeployError

#: Names the program to use, by its path or its name.
VARIABLE: Final = "COVALENT_TERRAFORM"

_NAMES: Final = {"terraform": "Terraform", "tofu": "OpenTofu"}
_ANSWER_S: Final = 60

_HOW: Final = (
    "Install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu "
    f"(https://opentofu.org/docs/intro/install), or name it in {VARIABLE}."
)


class Version(NamedTuple):
    """Compares as versions do: 1.10 is after 1.9, and 1.4.0 is after 1.4.0-rc1."""

    major: int
    minor: int
    patch: int
    is_release: bool = True

    @classmethod
    def parse(cls, text: str) -> Version:
        """:raises ValueError: if it is none"""
        found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?(\+.*)?", text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a version")
        return cls(int(found[1]), int(found[2]), int(found[3]), not found[4])

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{'' if self.is_release else ' (not yet released)'}"


OLDEST: Final = Version(1, 4, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    path: str
    name: str  #: Terraform or OpenTofu.
    version: Version


def find_program() -> Program:
    """The first that is new enough: the one that is named in the environment, else Terraform, else OpenTofu.

    :raises DeployError: if there is none
    """
    if named := os.environ.get(VARIABLE):
        path = shutil.which(named)
        if path is None:
            raise DeployError(f"{VARIABLE} is {named!r}, and there is no such program. {_HOW}")
        return _new_enough([_ask(path)])
    found = [path for name in _NAMES if (path := shutil.which(name))]
    if not found:
        raise DeployError(f"Neither terraform nor tofu is on the PATH. {_HOW}")
    return _new_enough([_ask(path) for path in found])


def _new_enough(programs: list[Program]) -> Program:
    for program in programs:
        if program.version >= OLDEST:
            return program
    known = " and ".join(f"{program.path} is {program.name} {program.version}" for program in programs)
    raise DeployError(f"{known}, but 'covalent deploy' needs {OLDEST} or newer. {_HOW}")


def _ask(path: str) -> Program:
    environment = os.environ | {"CHECKPOINT_DISABLE": "1", "TF_CLI_ARGS": ""}
    try:
        done = subprocess.run(
            [path, "version", "-json"], capture_output=True, text=True, env=environment, timeout=_ANSWER_S, check=True
        )
        version = Version.parse(json.loads(done.stdout)["terraform_version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise DeployError(f"{path} does not say which version it is ({error}). {_HOW}") from error
    is_tofu = "tofu" in os.path.basename(path)  # noqa: PTH119 - of text, not of a file
    # It is run in the directory of a deployment, where a path that begins here leads nowhere.
    path = os.path.abspath(path)  # noqa: PTH100 - a link has the name by which it was asked for
    return Program(path=path, name=_NAMES["tofu" if is_tofu else "terraform"], version=version)
