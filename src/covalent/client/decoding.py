"""JSON of a server as the values that it stands for."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ..errors import ClientError

T = TypeVar("T")


def decoded(text: bytes | str, kind: type[T]) -> T:
    """:raises ClientError: if it is not what a server of this version answers"""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise ClientError(f"The server's answer could not be understood: {error}.") from error
