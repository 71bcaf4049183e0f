"""Files that a purge could not delete yet, because somebody wrote them a short while ago. They are remembered beyond this process."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_NAME: Final = "unused-files"
_DIGEST: Final = re.compile(r"\b[0-9a-f]{64}\b")


class UnusedFiles:
    """Their digests, in a file of the data directory; for one thread at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / _NAME

    def all(self) -> list[str]:
        """Those that are still to be deleted."""
        try:
            return _DIGEST.findall(self._path.read_text(errors="replace"))
        except FileNotFoundError:
            return []

    def add(self, digests: Collection[str]) -> None:
        """Remember these. Without room for that they are forgotten when the server stops, which the log then says."""
        try:
            if digests:
                self._write([*self.all(), *digests])
        except OSError as error:
            log.warning(
                "%d files of purged dispatches may stay for good: %s: %s", len(digests), self._path, error.strerror
            )

    def remove(self, digests: Iterable[str]) -> None:
        """Forget these."""
        gone = set(digests)
        self._write([digest for digest in self.all() if digest not in gone])

    def _write(self, digests: Iterable[str]) -> None:
        unique = dict.fromkeys(digests)
        if not unique:
            self._path.unlink(missing_ok=True)
            return
        draft = self._path.with_name(f".{_NAME}")
        draft.write_text("".join(f"{digest}\n" for digest in unique))
        draft.replace(self._path)
