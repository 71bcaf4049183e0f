"""Pin what pyproject.toml asks for, with hashes, and say whether the pins are still made from it.

``python tools/lock.py`` keeps the versions that are pinned already, ``--upgrade`` takes the newest, ``--check`` only looks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = ROOT / "requirements"
CONSTRAINTS = REQUIREMENTS / "constraints.txt"


@dataclass(frozen=True, kw_only=True)
class Lock:
    """One file of pins: the package's own dependencies, unless only groups are wanted, and what is named here."""

    name: str
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    package: bool = True
    apart: bool = False  #: Whether it shares no environment with others, and so no versions.

    @property
    def path(self) -> Path:
        return REQUIREMENTS / f"{self.name}.lock"


LOCKS = (
    Lock(name="build", groups=("build",), package=False),
    Lock(name="demo", groups=("demo",)),
    Lock(name="dev", groups=("dev",), extras=("aws", "azure", "deploy", "emulator", "gcp", "postgres")),
    Lock(name="docs", groups=("docs",)),
    Lock(name="bench", groups=("bench",)),
    Lock(name="scan", groups=("scan",), package=False, apart=True),
)


def inputs_digest() -> str:
    """A digest of everything in pyproject.toml that decides what is pinned."""
    document = tomllib.loads(PYPROJECT.read_text())
    project = document["project"]
    inputs = [
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
        document["dependency-groups"],
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def header() -> str:
    return f"# Made by 'make lock' from pyproject.toml, inputs {inputs_digest()}. Do not edit.\n"


def compile_pins(output: Path, arguments: list[str]) -> None:
    """Resolve for every platform and Python into ``output``, keeping the versions that stand in it."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--no-header", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--output-file", str(output.relative_to(ROOT)), *arguments]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    output.write_text(header() + output.read_text())


def write(*, upgrade: bool) -> None:
    groups = tomllib.loads(PYPROJECT.read_text())["dependency-groups"]
    apart = {name for lock in LOCKS if lock.apart for name in lock.groups}
    everything = [f"--group={name}" for name in groups if name not in apart]
    newest = ["--upgrade"] if upgrade else []
    compile_pins(CONSTRAINTS, ["pyproject.toml", "--all-extras", "--no-annotate", *everything, *newest])
    for lock in LOCKS:
        wanted = [f"--group={name}" for name in lock.groups] + [f"--extra={name}" for name in lock.extras]
        wanted += ["pyproject.toml"] if lock.package else []
        wanted += [] if lock.apart else ["--constraint", str(CONSTRAINTS.relative_to(ROOT))]
        compile_pins(lock.path, [*wanted, "--generate-hashes", *newest])


def stale() -> list[Path]:
    """Files that are absent or were made from another pyproject.toml."""
    paths = [CONSTRAINTS, *(lock.path for lock in LOCKS)]
    return [path for path in paths if not path.is_file() or not path.read_text().startswith(header())]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="fail if a file is not made from this pyproject.toml")
    mode.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    arguments = parser.parse_args()
    if not arguments.check:
        write(upgrade=arguments.upgrade)
        return 0
    paths = stale()
    for path in paths:
        print(f"{path.relative_to(ROOT)} was not made from this pyproject.toml: run 'make lock'", file=sys.stderr)
    return 1 if paths else 0


if __name__ == "__main__":
    sys.exit(main())
