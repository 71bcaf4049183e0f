"""How many names a value is being unpacked into, read from the instruction that asks for its parts."""

from __future__ import annotations

import dis
from types import FrameType
from typing import Final

from ..errors import HandleUseError

_UNPACK_SEQUENCE: Final = dis.opmap["UNPACK_SEQUENCE"]
_UNPACK_EX: Final = dis.opmap["UNPACK_EX"]
_EXTENDED_ARG: Final = dis.opmap["EXTENDED_ARG"]


def unpack_count(frame: FrameType) -> int | None:
    """The number of names in the ``a, b, … = value`` that ``frame`` is at; None if it is at anything else.

    :raises HandleUseError: if one of the names has a star
    """
    # co_code shows the instructions as they were compiled, whatever the interpreter or a debugger made of them since.
    code, at = frame.f_code.co_code, frame.f_lasti
    if code[at] == _UNPACK_EX:
        raise HandleUseError(
            "A task's value cannot be unpacked into a name with a star, as its length is not known while the workflow is being "
            "built. Use slices: first, rest = x[0], x[1:]."
        )
    if code[at] != _UNPACK_SEQUENCE:
        return None
    count, shift = code[at + 1], 8
    while at >= 2 and code[at - 2] == _EXTENDED_ARG:
        at -= 2
        count |= code[at + 1] << shift
        shift += 8
    return count
