"""Where things lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigError

FILE_NAME = "covalent.conf"


def config_path() -> Path:
    """Where the configuration file is, or would be."""
    return _directory("COVALENT_CONFIG_DIR", "XDG_CONFIG_HOME", ".config") / FILE_NAME


def data_dir() -> Path:
    """The directory of the server's state, made with mode 0700 if it is not there.

    :raises ConfigError: if it cannot be made
    """
    path = _directory("COVALENT_DATA_DIR", "XDG_DATA_HOME", ".local/share")
    if not path.is_dir():
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The data directory {path} cannot be made: {error.strerror}. "
                "Set COVALENT_DATA_DIR to a directory that you may write to."
            ) from error
    return path


def _directory(own: str, xdg: str, fallback: str) -> Path:
    if given := os.environ.get(own):
        return Path(given).expanduser().absolute()
    base = Path(os.environ.get(xdg, ""))
    # The XDG specification has relative paths ignored.
    return (base if base.is_absolute() else Path.home() / fallback) / "covalent"
