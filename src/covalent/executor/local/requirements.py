"""Whether the packages that a task asks for are there already."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Final

_PLAIN: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==\s*([A-Za-z0-9.!+_-]+))?\s*")


def all_satisfied(requirements: Iterable[str]) -> bool:
    """Whether all of them are met by what is installed for this interpreter.

    Only names, and names with an exact version, are looked at; whatever says more is for the installer to judge.
    """
    return all(map(_is_satisfied, requirements))


def _is_satisfied(requirement: str) -> bool:
    plain = _PLAIN.fullmatch(requirement)
    if plain is None:
        return False
    name, wanted = plain.groups()
    try:
        found = version(name)
    except PackageNotFoundError:
        return False
    return wanted is None or found == wanted
