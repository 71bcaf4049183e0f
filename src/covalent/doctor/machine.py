"""This machine: its configuration, its versions, its data directory."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .. import __version__
from ..config import config_path, data_dir, get_config
from ..executor.examination import Check, Examination, Finding, failed, ok, warning
from ..executor.registry import executor_class, known_executors
from ..secrets import Secret
from ..troubles import Trouble

#: Bytes free below which a server soon cannot store anything.
_LITTLE: Final = 1 << 30


class MachineExamination(Examination):
    mends: Mapping[Trouble, str] = {
        Trouble.WRONG_SETTING: "Correct that line or variable; nothing else is looked at before"
    }

    def checks(self) -> Sequence[Check]:
        return (
            Check(name="versions", look=self.versions),
            Check(name="configuration", look=self.configuration),
            Check(name="secrets", look=self.secrets, needs=("configuration",)),
            Check(name="data directory", look=self.data, needs=("configuration",)),
            Check(name="executors", look=self.executors),
        )

    async def versions(self) -> Finding:
        return ok(f"Covalent {__version__}, Python {platform.python_version()} ({sys.executable}).")

    async def configuration(self) -> Finding:
        everything = get_config()
        if not config_path().exists():
            return ok(f"There is no file {config_path()}; the defaults apply.")
        told = ", ".join(everything["executors"]) or "no executor"
        return ok(f"{config_path()} is in order; it sets something for {told}.")

    async def secrets(self) -> Finding:
        """Whether others on this machine can read what they should not."""
        path = config_path()
        hidden = [key for name, table in get_config("executors").items() for key in _secret_keys(name, table)]
        if not hidden:
            return ok("The configuration holds no secrets.")
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            return warning(
                f"{path} holds {', '.join(hidden)}, and others on this machine can read it (mode {mode:o}).",
                f"chmod 600 {path}",
            )
        return ok(f"Only its owner can read {', '.join(hidden)} in the configuration.")

    async def data(self) -> Finding:
        path = data_dir()
        if not os.access(path, os.W_OK | os.X_OK):
            return failed(f"{path} cannot be written to.", "Set COVALENT_DATA_DIR to a directory that you may write to")
        if stat.S_IMODE(path.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
            return warning(f"Others on this machine can write to {path}, and so have tasks run.", f"chmod go-w {path}")
        free = shutil.disk_usage(path).free
        said = f"{path} has {free / (1 << 30):.1f} GiB free."
        return warning(said, "Free some space, or covalent purge ID") if free < _LITTLE else ok(said)

    async def executors(self) -> Finding:
        """Whether those that are installed can be imported."""
        for name in known_executors():
            executor_class(name)
        return ok(f"Known here: {', '.join(known_executors())}.")


def _secret_keys(executor: str, table: Mapping[str, Any]) -> Iterator[str]:
    return (f"executors.{executor}.{key}" for key, value in table.items() if isinstance(value, Secret))
