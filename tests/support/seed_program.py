"""Runs a program that everybody knows, as it stands, against a cloud on this machine.

The programs ask for versions of numpy and scikit-learn of which some have no wheel for Python 3.11: there, the next version that has one is
given the other's number, by :func:`relabelled`. Nothing else is made up.
"""

from __future__ import annotations

import itertools
import json
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

PACKAGES = re.compile(r'packages=(\["numpy==[\d.]+", "scikit-learn==[\d.]+"\])')

#: Versions without a wheel for Python 3.11, and what stands in for each.
STAND_INS = {"numpy==1.22.4": "numpy==1.23.2", "scikit-learn==1.1.2": "scikit-learn==1.1.3"}


class SeedProgram:
    """A subclass whose name begins with ``Test`` says which program, and what it needs."""

    program: ClassVar[str]  #: Its file in ``examples``.
    cloud: ClassVar[Sequence[str]]  #: Arguments of ``covalent emulate`` for what it expects to exist.
    variables: ClassVar[tuple[str, ...]]  #: What names of variables begin with that hold credentials.

    @pytest.fixture(autouse=True)
    def _nobodys_home(
        self, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An empty home directory, and no credentials around. What was fetched once is there for the other programs."""
        (tmp_path / "home").mkdir()
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        shared = tmp_path_factory.getbasetemp().parent
        for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR"):
            monkeypatch.setenv(name, str(shared / name.lower()))
        for name in [name for name in os.environ if name.startswith(self.variables)]:
            monkeypatch.delenv(name)

    @pytest.mark.skipif(PYTHON_3_11, reason="the program runs as it stands here")
    def test_the_program_runs_with_whatever_packages_are_here(self, tmp_path: Path) -> None:
        program = with_any_versions(EXAMPLES / self.program, tmp_path)
        assert 0.6 < run_program(Path(sys.executable), program, tmp_path, self.cloud) <= 1

    @pytest.mark.skipif(not PYTHON_3_11, reason="what stands in for its packages has wheels up to Python 3.11 only")
    def test_the_program_runs_as_it_stands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        python = environment_with_its_packages(EXAMPLES / self.program, tmp_path)
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
    changed = home / "program.py"
    text, found = PACKAGES.subn(lambda match: re.sub(r"==[\d.]+", "", match[0]), program.read_text())
    assert found == 1
    changed.write_text(text)
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


def environment_with_its_packages(program: Path, home: Path) -> Path:
    """The Python of an environment with what the program asks for, which sees everything else in the one that runs the tests."""
    wanted: list[str] = json.loads(PACKAGES.findall(program.read_text())[0])
    wheels, place = home / "wheels", home / "venv"
    wheels.mkdir()
    for package in wanted:
        if package in STAND_INS:
            fetch_as(package, wheels)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--find-links", wheels]
    subprocess.run([*install, *wanted], check=True)
    parent = sysconfig.get_path("purelib")
    own = sysconfig.get_path("purelib", "venv", {"base": str(place)})
    Path(own, "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n")
    return python


def fetch_as(package: str, wheels: Path) -> None:
    """Have a wheel of a package and version, such as ``numpy==1.22.4``, made of its stand-in."""
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", wheels]
    done = subprocess.run([*fetch, STAND_INS[package]], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the wheels cannot be fetched here: {done.stderr.strip().splitlines()[-1]}")
    old, new = (one.replace("-", "_").replace("==", "-") for one in (STAND_INS[package], package))
    relabelled(next(wheels.glob(f"{old}-*.whl")), old, new)


def relabelled(wheel: Path, old: str, new: str) -> None:
    """Add a copy of a wheel that says that it is another version.

    :param old: name and version, such as ``numpy-1.23.2``
    """
    version = [f"\nVersion: {one.rpartition('-')[2]}\n".encode() for one in (old, new)]
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(wheel.with_name(wheel.name.replace(old, new)), "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name.endswith(".dist-info/METADATA"):
                data = data.replace(*version, 1)
            if name.endswith(".dist-info/RECORD"):
                # A file that is not the same any more has no digest.
                data = data.replace(f"{old}.dist".encode(), f"{new}.dist".encode())
                data = re.sub(rb"(METADATA),.*", rb"\1,,", data)
            after.writestr(name.replace(old, new), data)
