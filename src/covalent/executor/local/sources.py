"""Packages that tasks ask for by a path of this machine: they change while what asks for them stays the same."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_OPTION: Final = r"(?:(?:-e|--editable)[\s=]*)?"
_NAME: Final = r"(?:[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@\s*)?"
_LOCAL: Final = re.compile(rf"\s*{_OPTION}{_NAME}(?P<url>file:(?://(?:localhost)?)?)?(?P<path>/[^;#\[]*)")

#: Folders that building a package makes in it, or that hold nothing that is installed.
_MADE: Final = frozenset({"__pycache__", "build", "dist"})


def local_sources(requirements: Sequence[str]) -> list[Path]:
    """The files and folders that requirements name."""
    found = filter(None, map(_LOCAL.match, requirements))
    return [Path(unquote(one["path"].strip()) if one["url"] else one["path"].strip()) for one in found]


def state_of(sources: Sequence[Path], most_files: int | None = None) -> str:
    """A text that changes with what lies there. Reads no contents, only sizes and times.

    :param most_files: of more than that the state is a new one each time
    """
    files = chain.from_iterable(map(_files, sources))
    state = [(str(file), *_mark(file)) for file in islice(files, most_files)]
    if next(files, None) is not None:
        return secrets.token_hex(32)
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _files(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if not _is_made(name))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _is_made(folder: str) -> bool:
    return folder.startswith(".") or folder in _MADE or folder.endswith(".egg-info")


def _mark(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except (OSError, ValueError):  # the latter for what no path can hold
        return 0, 0
    return found.st_size, found.st_mtime_ns
