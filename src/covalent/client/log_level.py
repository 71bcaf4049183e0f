"""The setting ``sdk.log_level``: what the client tells on stderr in programs that have not set up logging themselves."""

from __future__ import annotations

import logging
import sys

from ..config import get_config


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # A program that sets up logging, even later, gets the records that way, and not twice.
        if not logging.getLogger().handlers:
            sys.stderr.write(f"{self.format(record)}\n")


def follow_setting() -> None:
    """Tell as much as the setting says."""
    logger = logging.getLogger("covalent")
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        handler = _Stderr()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger.addHandler(handler)
    if logger.level == logging.NOTSET:
        logger.setLevel(get_config("sdk.log_level").upper())
