"""Parts of an object, as the header ``Range`` names them. Source: RFC 9110, section 14."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..refusal import RefusalError

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


class Part(NamedTuple):
    data: bytes
    status: int
    headers: dict[str, str]


def part(data: bytes, wanted: str | None) -> Part:
    """
    :param wanted: the header; what is no range of bytes is not looked at
    :raises RefusalError: if there is no such part
    """
    found = _RANGE.fullmatch(wanted or "")
    if found is None or found.groups() == ("", ""):
        return Part(data, 200, {})
    size = len(data)
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    else:
        first, last = max(size - int(found[2]), 0), size - 1
    if first >= size or first > last:
        raise RefusalError("InvalidRange", "The requested range cannot be satisfied.")
    return Part(data[first : last + 1], 206, {"content-range": f"bytes {first}-{last}/{size}"})
