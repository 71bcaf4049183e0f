"""What the settings of all clouds' executors have in common: what goes into the frozen values that they become, and how memory grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

#: A table, frozen.
Pairs: TypeAlias = tuple[tuple[str, str], ...]

#: Below which objects lie: the pattern of a setting, and what it is in words. No storage service's client takes other paths.
PREFIX: Final = (
    r"(?!.*[^/]//+[^/])(?!(.*/)?\.\.?(/|$))[\w./=-]*",
    "a path of letters, digits and - _ . = /, without empty parts, . and .., or empty",
)


def pairs(table: Mapping[str, str] | None) -> Pairs:
    """The same for the same table, in whatever order it was written."""
    return tuple(sorted((table or {}).items()))


def variables(*prefixes: str) -> Callable[[str, str], str | None]:
    """Says what is wrong with an environment variable, for :func:`covalent.executor.configured.texts`.

    :param prefixes: what names of variables begin with that the service sets itself
    """

    def complaint(key: str, value: str) -> str | None:
        if not key or "=" in key or "\0" in key + value:
            return "is no name of an environment variable"
        if key.startswith((*prefixes, "COVALENT_")):
            return "is a name that the service or Covalent sets itself"
        return None

    return complaint


def grown_mib(memory_mib: int, out_of_memory: int, most_mib: int) -> int:
    """Memory for tasks that ran out of it so many times: twice as much each time, up to ``most_mib``, and never less than at first."""
    return max(memory_mib, min(memory_mib << out_of_memory, most_mib))
