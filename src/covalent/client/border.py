"""Where errors of the HTTP library become ours."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3.exceptions as foreign

from ..errors import ClientError, ConfigError, CovalentError, InterruptedServerError, ServerUnreachableError

#: What may come out of a request or of reading its answer.
FOREIGN = (foreign.HTTPError, http.client.HTTPException, OSError)

_NOT_CONNECTED = (foreign.NewConnectionError, foreign.ConnectTimeoutError, foreign.SSLError, foreign.ProxyError)
_WRONG_ADDRESS = (foreign.LocationValueError,)
_MISUSE = (foreign.BodyNotHttplibCompatible, foreign.UnrewindableBodyError, foreign.TimeoutStateError)


def mapped(error: BaseException, url: str) -> CovalentError:
    """Our error for one of theirs, raised while talking to ``url``."""
    if isinstance(error, foreign.MaxRetryError) and error.reason is not None:
        return mapped(error.reason, url)
    if isinstance(error, _WRONG_ADDRESS):
        return ConfigError(f"{url} is not the address of a server: {error}.")
    if isinstance(error, _MISUSE):
        return ClientError(
            f"The request to {url} could not be made: {error}. This is a fault of Covalent; please report it."
        )
    kind = ServerUnreachableError if isinstance(error, _NOT_CONNECTED) else InterruptedServerError
    return kind(url, _reason(error))


@contextmanager
def border(url: str) -> Iterator[None]:
    """Turn what the HTTP library raises inside into errors of ours."""
    try:
        yield
    except FOREIGN as error:
        raise mapped(error, url) from error


def _reason(error: BaseException) -> str:
    """What happened, in a few words; the library's own texts hold addresses of objects."""
    if isinstance(error, foreign.NameResolutionError):
        return "its name is unknown"
    if isinstance(error, foreign.NewConnectionError):
        return "connection refused" if "refused" in str(error) else str(error).rpartition(": ")[2]
    if isinstance(error, foreign.ConnectTimeoutError):
        return "connecting took too long"
    if isinstance(error, foreign.ReadTimeoutError):
        return "it took too long to answer"
    if isinstance(error, foreign.SSLError):
        return f"no secure connection: {error}"
    if isinstance(error, foreign.DecodeError | foreign.HeaderParsingError | foreign.InvalidHeader):
        return "its answer could not be read"
    return "the connection broke"
