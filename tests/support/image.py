"""Container images for tests, made from what is on this machine: no registry is asked."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

#: What an image needs besides Python: a shell for commands before tasks, and little more.
PROGRAMS = ("/bin/sh", "/bin/sleep", "/bin/cat", "/bin/echo")
LEFT_OUT = {"test", "tests", "__pycache__", "site-packages", "idlelib", "tkinter", "lib2to3", "turtledemo"}
SETTINGS = '[containers]\ndefault_ulimits = ["nofile={nofile}:{nofile}", "nproc={nproc}:{nproc}"]\n[engine]\nruntime = "runc"\n'


def podman_environment(directory: Path) -> dict[str, str]:
    """Variables with which podman works here too: runc, and limits that this process may set."""
    import resource

    limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))[1] for name in ("nofile", "nproc")}
    file = directory / "containers.conf"
    file.write_text(
        SETTINGS.format(**{name: min(value, 4096) if value > 0 else 4096 for name, value in limits.items()})
    )
    return {"CONTAINERS_CONF": str(file)}


def make_python_image(name: str, environment: dict[str, str]) -> str:
    """An image with this Python, a shell, and nothing that is installed; at its name when it exists already."""
    version = ".".join(map(str, sys.version_info[:3]))
    image = _import(f"localhost/{name}:{version}", environment, [*_python(), *map(Path, PROGRAMS)], python=True)
    return _runnable(image, tuple(environment.items()))


def make_bare_image(name: str, environment: dict[str, str]) -> str:
    """An image with a shell and no Python."""
    image = _import(f"localhost/{name}:latest", environment, [Path(p) for p in PROGRAMS], python=False)
    return _runnable(image, tuple(environment.items()))


@functools.cache
def _runnable(image: str, environment: tuple[tuple[str, str], ...]) -> str:
    """The image, if containers with a limit of memory can be started here; else the test is skipped, with podman's words."""
    limits = ["--network=host", "--init", "--memory=64m", "--memory-swap=64m"]
    tried = subprocess.run(
        ["podman", "run", "--rm", *limits, image, "/bin/echo"],
        env={**os.environ, **dict(environment)},
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"podman cannot run containers here: {tried.stderr.strip()}")
    return image


def _import(name: str, environment: dict[str, str], files: list[Path], *, python: bool) -> str:
    variables = {**os.environ, **environment}
    if subprocess.run(["podman", "image", "exists", name], env=variables, check=False).returncode == 0:
        return name
    with subprocess.Popen(
        ["podman", "import", "--quiet", "-", name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=variables
    ) as podman:
        assert podman.stdin is not None
        with tarfile.open(fileobj=podman.stdin, mode="w|") as archive:
            _fill(archive, files, python=python)
        podman.stdin.close()
    assert podman.returncode == 0
    return name


def _fill(archive: tarfile.TarFile, files: list[Path], *, python: bool) -> None:
    done: set[str] = set()
    for file in [*files, *_libraries(files), *Path("/etc/ssl/certs").glob("ca-certificates.crt")]:
        if str(file) not in done:
            done.add(str(file))
            archive.add(file.resolve(), arcname=str(file), recursive=False)
    for directory in ("/tmp", "/root"):
        entry = tarfile.TarInfo(directory)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(entry)
    if python and (link := "/usr/bin/python3") not in done:
        entry = tarfile.TarInfo(link)
        entry.type, entry.linkname = tarfile.SYMTYPE, str(_interpreter())
        archive.addfile(entry)


def _interpreter() -> Path:
    return Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")


def _python() -> Iterator[Path]:
    yield _interpreter()
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    for file in stdlib.rglob("*"):
        if file.is_file() and not LEFT_OUT.intersection(file.relative_to(stdlib).parts) and file.suffix != ".a":
            yield file


def _libraries(files: list[Path]) -> Iterator[Path]:
    """Shared libraries that these files are linked with, and the loader."""
    linked = [str(f) for f in files if f.suffix == ".so" or os.access(f, os.X_OK)]
    listed = subprocess.run(["ldd", *linked], capture_output=True, text=True, check=False).stdout
    for found in sorted(set(re.findall(r"(?:=> |^\t)(/\S+) \(", listed, re.MULTILINE))):
        yield Path(found)
