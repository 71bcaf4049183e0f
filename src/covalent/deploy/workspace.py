"""The directory of one deployment: the module's files, what it was told, its state, and a lock.

It is a directory of Terraform's own kind: whoever wants to can go there and run ``terraform plan`` by hand.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ..errors import DeployError
from .modules import Module

#: What the module was told in the last plan that was carried out. Terraform reads it by itself.
TOLD: Final = "terraform.tfvars.json"

#: What it is to be told, until that plan is carried out.
NEXT: Final = "next.tfvars.json"

#: An output that says the same: whoever has nothing but the state learns it from there.
_SHOWN: Final = "told.tf.json"
TOLD_OUTPUT: Final = "told"

PLAN: Final = "tf.plan"
LOG: Final = "terraform.log"
BACKEND: Final = "backend.tf.json"

#: Left by Terraform when it could not write to a remote backend.
UNSAVED: Final = "errored.tfstate"

_ABOUT: Final = "deployment.json"
_LOCK: Final = "lock"


class Workspace:
    def __init__(self, module: Module, root: Path) -> None:
        """
        :param root: a directory for all deployments; nothing is made before it is needed
        """
        self.module, self.directory = module, root / module.executor

    @contextmanager
    def locked(self) -> Iterator[int]:
        """For one command at a time; yields a descriptor that holds the lock as long as anybody has it open.

        :raises DeployError: if another one is at work
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip()
                raise DeployError(
                    f"Another 'covalent deploy' is at work on {self.module.executor} (begun by process {who}; what it started goes on "
                    f"even if that process is gone). Wait until it has ended; {self.directory / LOG} shows what it does."
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def usable(self) -> Iterator[None]:
        """:raises DeployError: if a file of this directory cannot be read or written"""
        try:
            yield
        except OSError as error:
            if not str(error.filename).startswith(str(self.directory)):
                raise
            raise DeployError(
                f"{error.filename} cannot be used: {error.strerror}. What is deployed is written down there: let it belong to you, and all "
                "that is in it, and run the command again."
            ) from error

    def lay_out(self, backend: Mapping[str, Any] | None) -> None:
        """Put this version of the module there, and the backend of its state.

        :param backend: None for the one that there is, which is none as long as nothing is made
        :raises DeployError: if there is state elsewhere already
        """
        files = self.module.files()
        for path in self.directory.glob("*.tf"):
            if path.name not in files:
                path.unlink()
        for name, content in files.items():
            self._write(name, content)
        if backend is not None:
            self._set_backend(backend)
        elif not self.is_begun:
            self._forget_backend()

    def _set_backend(self, backend: Mapping[str, Any]) -> None:
        content = _encoded({"terraform": {"backend": backend}})
        path = self.directory / BACKEND
        if path.exists() and path.read_bytes() == content:
            return
        if self.is_begun:
            raise DeployError(
                f"{self.module.executor} is deployed, and its state lies elsewhere: it cannot be moved by --backend. Leave the option out, "
                f"or move the state by hand: write the backend into {path}, and run 'terraform "
                f"-chdir={shlex.quote(str(self.directory))} init -migrate-state'."
            )
        self._forget_backend()
        self._write(BACKEND, content)

    def _forget_backend(self) -> None:
        (self.directory / BACKEND).unlink(missing_ok=True)
        # What Terraform keeps of it; it would ask whether the state is to be moved.
        if (self.directory / ".terraform").is_dir():
            (self.directory / ".terraform" / "terraform.tfstate").unlink(missing_ok=True)

    @property
    def is_begun(self) -> bool:
        """Whether something was made, or was begun to be made, and not all of it has been removed."""
        return (self.directory / _ABOUT).exists()

    @property
    def about(self) -> dict[str, Any]:
        """What was written down of the deployment; empty if there is none."""
        return _decoded(self.directory / _ABOUT)

    def note(self, **facts: Any) -> None:
        """Write down something of the deployment, beside what is there."""
        self._write(_ABOUT, _encoded(self.about | facts))

    @property
    def told(self) -> dict[str, Any]:
        return _decoded(self.directory / TOLD)

    def tell(self, values: Mapping[str, Any]) -> None:
        """What the next plan is made with."""
        self._write(NEXT, _encoded(values))
        self._show(values)

    def keep(self) -> None:
        """The plan is carried out now: what it was made with holds from here on."""
        (self.directory / NEXT).replace(self.directory / TOLD)

    def forget_plan(self) -> None:
        for name in (NEXT, PLAN):
            (self.directory / name).unlink(missing_ok=True)
        if (self.directory / _SHOWN).exists():
            self._show(self.told)

    def _show(self, values: Mapping[str, Any]) -> None:
        # In Terraform's files, these begin what is to be computed.
        text = json.dumps(values, sort_keys=True).replace("${", "$${").replace("%{", "%%{")
        self._write(_SHOWN, _encoded({"output": {TOLD_OUTPUT: {"value": text}}}))

    def clear(self) -> None:
        """Nothing is there any more. The last state stays as a backup, as Terraform leaves it."""
        for name in (_ABOUT, TOLD, NEXT, PLAN, _SHOWN):
            (self.directory / name).unlink(missing_ok=True)
        self._forget_backend()

    def check_saved(self) -> None:
        """:raises DeployError: if a state could not be written to where it belongs, and waits here"""
        unsaved = self.directory / UNSAVED
        if unsaved.exists():
            raise DeployError(
                f"The last run could not save what it made; that lies in {unsaved}. Put it where it belongs first: 'terraform "
                f"-chdir={shlex.quote(str(self.directory))} state push {UNSAVED}', then delete that file."
            )

    def _write(self, name: str, content: bytes) -> None:
        """The whole file or nothing. There may be secrets in it."""
        new = self.directory / f".{name}.new"
        new.touch(mode=0o600)
        new.write_bytes(content)
        new.replace(self.directory / name)

    def remove_downloads(self) -> None:
        """What Terraform fetched, which is large; it is fetched again when it is needed."""
        shutil.rmtree(self.directory / ".terraform", ignore_errors=True)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode()


def _decoded(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DeployError(f"{path} is not what was written there ({error}). Restore it from a backup.") from error
    assert isinstance(found, dict)
    return found
