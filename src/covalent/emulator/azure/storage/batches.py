"""Requests that consist of several, each of which shows who asks: they are handed on in the emulator's own name as well.

Source: https://learn.microsoft.com/rest/api/storageservices/blob-batch
"""

from __future__ import annotations

import re
from typing import Final

from ..refusal import RefusalError

LIMIT: Final = 4 * 2**20  #: Bytes of the largest.
MAX_PARTS: Final = 256

_PART: Final = re.compile(
    rb"^(?P<method>DELETE|PUT) (?P<target>\S+) HTTP/1\.1\r?\n(?P<headers>(?:[^\r\n]+\r?\n)*)", re.MULTILINE
)
_BEARER: Final = re.compile(rb"^authorization: *bearer [^\r\n]*\r?\n", re.IGNORECASE | re.MULTILINE)


def sign_parts(body: bytes, place: str, signature: str) -> bytes:
    """Give each part that shows a bearer token the signature in place of it.

    :param place: what the paths of all parts begin with: ``/ACCOUNT[/CONTAINER]``
    :param signature: a shared access signature, as a query has it
    :raises RefusalError: if it is too large, has too many parts, or one is about something else
    """
    if len(body) > LIMIT:
        raise RefusalError(
            "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."
        )
    parts = list(_PART.finditer(body))
    if len(parts) > MAX_PARTS:
        raise RefusalError(
            "ExceedsMaxBatchRequestCount", "The batch operation exceeds maximum number of allowed subrequests."
        )
    for part in parts:
        if not part["target"].startswith(f"{place}/".encode()):
            raise RefusalError("InvalidInput", "One of the request inputs is not valid.")
    return _PART.sub(lambda part: _signed(part, signature.encode()), body)


def _signed(part: re.Match[bytes], signature: bytes) -> bytes:
    headers, number = _BEARER.subn(b"", part["headers"])
    if not number:
        return part[0]
    separator = b"&" if b"?" in part["target"] else b"?"
    return part["method"] + b" " + part["target"] + separator + signature + b" HTTP/1.1\r\n" + headers
