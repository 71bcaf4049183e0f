"""Addresses of servers, as people write them and as URLs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..errors import ConfigError
from .settings import DEFAULT_PORT

_HOST = re.compile(r"[\w.:%-]+")
_LOCAL = {"localhost", "127.0.0.1", "::1"}


def normalize_address(text: str, source: str, default_port: int = DEFAULT_PORT) -> str:
    """``host``, ``host:port`` or a URL, as a URL without a path. ``source`` names it in the error.

    :raises ConfigError: if it is none of them
    """
    bare = "//" not in text
    try:
        parts = urlsplit(f"http://{text.strip()}" if bare else text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    extra = parts.path.strip("/") or parts.query or parts.username
    if parts.scheme not in ("http", "https") or extra or not _HOST.fullmatch(host):
        raise ConfigError(f"{source} is {text!r}; it must be host:port or http://host:port.")
    if port is None:
        port = 443 if parts.scheme == "https" else default_port
    return url_of(parts.scheme, host, port)


def url_of(scheme: str, host: str, port: int) -> str:
    """A URL that can be connected to."""
    # "localhost" may mean ::1 first, where nothing listens; a server on all interfaces is reached on loopback.
    if host in ("localhost", "0.0.0.0"):  # noqa: S104
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def is_local(url: str) -> bool:
    """Whether it is on the loopback interface of this machine."""
    host = urlsplit(url).hostname or ""
    return host in _LOCAL or host.startswith("127.")
