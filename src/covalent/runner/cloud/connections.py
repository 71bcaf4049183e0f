"""HTTP connections to one host, kept open between requests. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable
from typing import Any

from .errors import ObjectError

#: Seconds without a byte after which a connection counts as dead.
SILENCE_S = 60.0

#: Seconds for which an unused connection is trusted to be still there.
IDLE_S = 4.0

_BLOCK_BYTES = 256 * 1024


class Connections:
    """Several threads may send at the same time.

    :param host: with port, if that is not the scheme's
    :param ca_file: certificates to trust in place of the image's own; empty for those
    """

    def __init__(self, scheme: str, host: str, ca_file: str) -> None:
        self._scheme, self._host, self._ca_file = scheme, host, ca_file
        self._idle: list[tuple[float, Any]] = []
        self._context: Any = None

    def send(self, method: str, target: str, headers: dict[str, str], body: Any, take: Callable[[Any], Any]) -> Any:
        """What ``take`` makes of the response, which it must read to its end.

        :raises OSError, http.client.HTTPException: if the connection fails; the rest are closed with it
        """
        connection = self._connection()
        try:
            # A server that refuses a long body may answer before it has seen all of it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body, headers)
            response = connection.getresponse()
            result = take(response)
            if response.will_close or not response.isclosed():
                connection.close()
            else:
                self._idle.append((time.monotonic(), connection))
            return result
        except BaseException:
            connection.close()
            self.close()
            raise

    def close(self) -> None:
        """Close those that are not in use."""
        while self._idle:
            self._idle.pop()[1].close()

    def _connection(self) -> Any:
        while self._idle:
            since, connection = self._idle.pop()
            if time.monotonic() - since < IDLE_S:
                return connection
            connection.close()
        if self._scheme == "http":
            return http.client.HTTPConnection(self._host, timeout=SILENCE_S, blocksize=_BLOCK_BYTES)
        if self._context is None:
            self._context = _trust(self._ca_file)
        return http.client.HTTPSConnection(self._host, timeout=SILENCE_S, blocksize=_BLOCK_BYTES, context=self._context)


def _trust(ca_file: str) -> Any:
    try:
        import ssl
    except ImportError:
        raise ObjectError(
            "The image's Python has no ssl module, so it cannot speak https. Use an image whose Python has it."
        ) from None
    return ssl.create_default_context(cafile=ca_file or None)
