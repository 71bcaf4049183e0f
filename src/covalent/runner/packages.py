"""The packages that a task asks for: whether they are there, and a virtual environment that has them.

The environment also sees, after its own packages, those that this interpreter sees.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import site
import sys
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: Lines of an installer's output that a failure shows, from its beginning and from its end, and how much of each.
FIRST_LINES = 6
LAST_LINES = 16
LINE_LENGTH = 300

_PLAIN = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==\s*([A-Za-z0-9.!+_-]+))?\s*")

#: Runs a command; its exit code and what it printed.
Run = Callable[[Sequence[str]], "tuple[int, bytes]"]


class InstallError(Exception):
    """The packages cannot be installed."""

    def __init__(self, requirements: Sequence[str], reason: str) -> None:
        super().__init__(f"The packages {', '.join(requirements)} could not be installed. {reason}")


def all_satisfied(requirements: Iterable[str]) -> bool:
    """Whether all of them are met by what is installed for this interpreter.

    Only names, and names with an exact version, are looked at; whatever says more is for the installer to judge.
    """
    return all(map(_is_satisfied, requirements))


def build(home: Path, requirements: Sequence[str], run: Run) -> None:
    """Make the environment in a directory that does not exist.

    :raises InstallError: if that is not possible; the message has what the installer said
    """
    try:
        import venv

        venv.EnvBuilder(symlinks=True, with_pip=False).create(home)
        _show_parents(home)
        listed = home / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in requirements))
    except ImportError as error:
        raise InstallError(requirements, f"This Python cannot make virtual environments ({error}).") from None
    except OSError as error:
        raise InstallError(requirements, f"{home} cannot be written ({error.strerror}).") from None
    code, output = run([*_installer(home, requirements, run), "--requirement", str(listed)])
    if code:
        said = _shortened(output.decode("utf-8", "replace")) or f"it ended with exit code {code}"
        raise InstallError(requirements, f"The installer said:\n{said}")


def python_of(home: Path) -> str:
    """The interpreter of an environment."""
    return str(home / "bin" / "python")


def variables_of(home: Path) -> dict[str, str]:
    """What its processes have in their environment, on top of this one's."""
    path = [str(home / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {"PATH": os.pathsep.join(path), "VIRTUAL_ENV": str(home)}


def beside(name: str) -> str | None:
    """A program next to this Python."""
    found = Path(sys.executable).with_name(name)
    return str(found) if found.exists() else None


def _is_satisfied(requirement: str) -> bool:
    plain = _PLAIN.fullmatch(requirement)
    if plain is None:
        return False
    name, wanted = plain.groups()
    try:
        found = version(name)
    except PackageNotFoundError:
        return False
    return wanted is None or found == wanted


def _show_parents(home: Path) -> None:
    parents = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        parents.append(site.getusersitepackages())
    lines = (f"import site; site.addsitedir({parent!r})\n" for parent in parents)
    own = sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)})
    Path(own, "covalent_parents.pth").write_text("".join(lines))


def _installer(home: Path, requirements: Sequence[str], run: Run) -> list[str]:
    """:raises InstallError: if there is none"""
    python, quiet = python_of(home), ["--disable-pip-version-check", "--no-input"]
    if uv := shutil.which("uv") or beside("uv"):
        return [uv, "pip", "install", "--python", python]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", python, "install", *quiet]
    if importlib.util.find_spec("ensurepip") and not run([python, "-m", "ensurepip"])[0]:
        return [python, "-m", "pip", "install", *quiet]
    raise InstallError(requirements, "There is neither uv nor pip where the task would run. Install one of them there.")


def _shortened(output: str) -> str:
    """What names the package that failed is at the beginning of the output; what went wrong with it, at its end."""
    lines = [line[:LINE_LENGTH] for line in output.strip().splitlines()]
    if len(lines) > FIRST_LINES + LAST_LINES:
        lines[FIRST_LINES:-LAST_LINES] = ["…"]
    return "\n".join(lines)
