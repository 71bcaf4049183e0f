"""Times as the service writes them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime


def now() -> str:
    """As ISO 8601 has it."""
    return text(time.time())


def text(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def for_header(written: str) -> str:
    """The same as HTTP has it."""
    return format_datetime(datetime.fromisoformat(written), usegmt=True)


def etag() -> str:
    """A mark of a version."""
    return f'"0x8D{time.time_ns():X}"'
