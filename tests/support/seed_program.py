"""Runs a program that everybody knows, as it stands, against a cloud on this machine.

The programs ask for numpy 1.23.2 and scikit-learn 1.1.2. There is no wheel of the latter for Python 3.11, but of 1.1.3 there is: here that
one is given the other's version number, by :func:`relabelled`. Nothing else is made up.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from covalent.testing.harness import Harness

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

LIMIT_S = 200

PYTHON_3_11 = sys.version_info[:2] == (3, 11)

PACKAGES = 'packages=["numpy==1.23.2", "scikit-learn==1.1.2"]'


class SeedProgram:
    """A subclass whose name begins with ``Test`` says which program, and what it needs."""

    program: ClassVar[str]  #: Its file in ``examples``.
    cloud: ClassVar[Sequence[str]]  #: Arguments of ``covalent emulate`` for what it expects to exist.
    variables: ClassVar[tuple[str, ...]]  #: What names of variables begin with that hold credentials.

    @pytest.fixture(autouse=True)
    def _nobodys_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An empty home directory, and no credentials around."""
        (tmp_path / "home").mkdir()
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        for name in [name for name in os.environ if name.startswith(self.variables)]:
            monkeypatch.delenv(name)

    def test_the_program_runs_with_whatever_packages_are_here(self, tmp_path: Path) -> None:
        program = with_any_versions(EXAMPLES / self.program, tmp_path)
        assert 0.6 < run_program(Path(sys.executable), program, tmp_path, self.cloud) <= 1

    @pytest.mark.skipif(not PYTHON_3_11, reason="numpy 1.23.2 has wheels up to Python 3.11 only")
    def test_the_program_runs_as_it_stands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        python = environment_with_its_packages(tmp_path)
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
        monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "wheels"))
        assert 0.7 < run_program(python, EXAMPLES / self.program, tmp_path, self.cloud) <= 1


def run_program(python: Path, program: Path, home: Path, cloud: Sequence[str]) -> float:
    """The number that the program prints; it, the server and the emulator are processes of that Python.

    :param cloud: arguments of ``covalent emulate``
    """
    with emulator(python, cloud) as variables:
        harness = Harness(home, environment=variables, python=str(python))
        with harness.running():
            command, environment = [python, program], os.environ | harness.environment
            done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def with_any_versions(program: Path, home: Path) -> Path:
    """The same program, content with whatever versions of its packages are here."""
    text = program.read_text()
    assert PACKAGES in text
    changed = home / "program.py"
    changed.write_text(text.replace(PACKAGES, re.sub(r"==[\d.]+", "", PACKAGES)))
    return changed


@contextmanager
def emulator(python: Path, cloud: Sequence[str]) -> Iterator[dict[str, str]]:
    """``covalent emulate``; yields the variables that it prints."""
    command = [python, "-m", "covalent", "emulate", *cloud]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = list(itertools.takewhile(lambda line: line != "ready\n", process.stdout))
            exports = (shlex.split(line.removeprefix("export ")) for line in lines)
            yield dict(word.split("=", 1) for words in exports for word in words)
        finally:
            process.terminate()


def environment_with_its_packages(home: Path) -> Path:
    """The Python of an environment with what the program asks for, which sees everything else in the one that runs the tests."""
    wheels, place = home / "wheels", home / "venv"
    wheels.mkdir()
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", wheels]
    done = subprocess.run([*fetch, "scikit-learn==1.1.3"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the wheels cannot be fetched here: {done.stderr.strip().splitlines()[-1]}")
    relabelled(next(wheels.glob("scikit_learn-1.1.3-*.whl")))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--find-links", wheels]
    subprocess.run([*install, "numpy==1.23.2", "scikit-learn==1.1.2"], check=True)
    parent = sysconfig.get_path("purelib")
    own = sysconfig.get_path("purelib", "venv", {"base": str(place)})
    Path(own, "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n")
    return python


def relabelled(wheel: Path) -> None:
    """Add a copy of scikit-learn's wheel that says that it is 1.1.2."""
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(wheel.with_name(other(wheel.name)), "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".dist-info/METADATA"):
                data = data.replace(b"\nVersion: 1.1.3\n", b"\nVersion: 1.1.2\n", 1)
            if name.endswith(".dist-info/RECORD"):
                # A file that is not the same any more has no digest.
                data = re.sub(rb"(METADATA),.*", rb"\1,,", data.replace(b"learn-1.1.3.dist", b"learn-1.1.2.dist"))
            new.writestr(other(name), data)


def other(name: str) -> str:
    return name.replace("scikit_learn-1.1.3", "scikit_learn-1.1.2")
