"""podman or docker on this machine."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..errors import ImageError
from ..executor.login import Login
from .repository import Repository
from .trouble import build_explained, push_explained

ENGINES: Final = ("podman", "docker")

#: Lines that are remembered, to find out what went wrong.
_REMEMBERED: Final = 200

_DIGEST: Final = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")

_HOW: Final = (
    "Install podman (https://podman.io/docs/installation) or docker (https://docs.docker.com/get-started/get-docker/), and start it. "
    "Only images of your own need one of them: without, tasks run in Python's published image, and deps_pip installs packages when they "
    "start."
)

Tell = Callable[[str], None]


def find_engine(named: str | None, tell: Tell) -> Engine:
    """The one that is named, else the first that works.

    :param tell: gets the lines that it prints
    :raises ImageError: if there is none
    """
    trouble = []
    for name in (named,) if named else ENGINES:
        path = shutil.which(name)
        if path is None:
            trouble.append(f"{name} is not installed")
            continue
        # Answers only if what does the work answers it, which may be a service, or in a virtual machine.
        asked = subprocess.run([path, "version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if not asked.returncode:
            return Engine(name, path, tell)
        trouble.append(f"{name} does not work ({' '.join(asked.stderr.split()) or 'it gives no reason'})")
    raise ImageError(f"An image needs podman or docker, but {', and '.join(trouble)}. {_HOW}")


class Engine:
    def __init__(self, name: str, path: str, tell: Tell) -> None:
        self.name = name
        self._path, self._tell = path, tell

    def build(self, containerfile: Path, image: str, platform: str) -> None:
        """Build an image of this name from a Containerfile and what lies beside it.

        :raises ImageError: if that fails
        """
        more = self._build_options()
        arguments = ["build", f"--platform={platform}", f"--tag={image}", f"--file={containerfile}", *more]
        # One image, and not an index with notes on how it was made, which registries would count as more.
        variables = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        code, lines = self._follow([*arguments, str(containerfile.parent)], variables)
        if code:
            raise ImageError(build_explained(self.name, lines))

    def _build_options(self) -> list[str]:
        if self.name == "podman":
            # Otherwise SELinux keeps the build from reading what lies there.
            return ["--security-opt=label=disable"]
        # Otherwise a builder that runs in a container keeps what it has built to itself.
        return [] if self._ask("buildx", "version").returncode else ["--load"]

    def image_id(self, image: str) -> str:
        """The same for the same content.

        :raises ImageError: if there is no such image
        """
        asked = self._ask("image", "inspect", "--format={{.Id}}", image)
        if asked.returncode:
            raise ImageError(
                f"{self.name} has no image {image!r} here. 'covalent image build' makes one; if another program has it, name that with "
                "--engine."
            )
        return asked.stdout.strip().removeprefix("sha256:")

    def push(self, image: str, repository: Repository, tag: str, login: Login | None) -> str:
        """Push an image; the digest under which the registry has it.

        :param login: None for what the user has signed in with
        :raises ImageError: if that fails
        """
        target = repository.tagged(tag)
        tagged = self._ask("tag", image, target)
        if tagged.returncode:
            raise ImageError(f"{self.name} could not name the image {target}: {tagged.stderr.strip()}")
        # Only this user may look there, and it goes with the push.
        with tempfile.TemporaryDirectory(prefix="covalent-push-") as directory:
            digest_file = Path(directory) / "digest"
            options = _podman_options(repository, digest_file) if self.name == "podman" else []
            signed_in, variables = self._signed_in(Path(directory), repository.host, login)
            code, lines = self._follow(["push", *options, *signed_in, target], variables)
            if code:
                raise ImageError(push_explained(self.name, lines, target))
            digest = digest_file.read_text("ascii").strip() if digest_file.exists() else _printed_digest(lines)
        if not digest.startswith("sha256:"):
            raise ImageError(f"{self.name} has pushed {target}, but does not tell its digest. Run the command again.")
        return digest

    def _signed_in(self, directory: Path, host: str, login: Login | None) -> tuple[list[str], Mapping[str, str]]:
        """Options and variables by which the program finds a password in a directory, and not where the user keeps theirs."""
        if login is None:
            return [], {}
        if self.name == "podman":
            return [f"--authfile={_podman_auths(directory, host, login)}"], {}
        return [], {"DOCKER_CONFIG": str(_docker_config(directory, host, login))}

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._path, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )

    def _follow(self, arguments: Sequence[str], variables: Mapping[str, str]) -> tuple[int, Sequence[str]]:
        """Run it to its end; its exit code and its last lines."""
        lines: deque[str] = deque(maxlen=_REMEMBERED)
        with subprocess.Popen(
            [self._path, *arguments],
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                self._tell(lines[-1])
        return process.returncode, list(lines)


def _printed_digest(lines: Sequence[str]) -> str:
    """What docker says at the end of a push."""
    found = _DIGEST.findall("\n".join(lines))
    return str(found[-1]) if found else ""


def _podman_options(repository: Repository, digest_file: Path) -> list[str]:
    # docker takes registries on this machine for what they are.
    return [f"--digestfile={digest_file}", *(["--tls-verify=false"] if repository.is_local else [])]


def _podman_auths(directory: Path, host: str, login: Login) -> Path:
    return _written(directory / "auth.json", {"auths": _auths(host, login)})


def _docker_config(directory: Path, host: str, login: Login) -> Path:
    """A directory like the user's own, which says where docker is, but with this password alone and nothing to keep it in."""
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    config = directory / "docker"
    config.mkdir()
    for entry in own.iterdir() if own.is_dir() else ():
        if entry.name != "config.json":
            (config / entry.name).symlink_to(entry.resolve())
    try:
        said: dict[str, Any] = json.loads((own / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        said = {}
    except (OSError, ValueError) as error:
        raise ImageError(f"{own / 'config.json'} cannot be read ({error}). Correct it, or remove it.") from error
    kept = {name: value for name, value in said.items() if name not in ("credsStore", "credHelpers")}
    _written(config / "config.json", {**kept, "auths": _auths(host, login)})
    return config


def _auths(host: str, login: Login) -> dict[str, Any]:
    text = f"{login.username}:{login.password.reveal()}"
    return {host: {"auth": base64.b64encode(text.encode()).decode()}}


def _written(path: Path, content: Any) -> Path:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content), "utf-8")
    return path
