"""Whether somebody answers at an address, and what time it is there."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from typing import Final

from ...errors import ServiceUnreachableError

TIMEOUT_S: Final = 10.0


def server_date(url: str) -> float | None:
    """How many seconds the clock of this machine is ahead of the one behind ``url``; None if that is not known.

    Whatever is answered, refusals included, is an answer. Proxies are those of the environment. It needs no credentials and sends none.

    :raises ServiceUnreachableError: if nobody answers
    """
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the address of a service, from settings
    began = time.time()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            said = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        said = error.headers.get("Date")
        error.close()
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return None  # Somebody is there; whom the cloud's own library trusts is its own business.
        raise ServiceUnreachableError(f"Nobody answers at {url}: {reason or type(reason).__name__}.") from error
    try:
        there = parsedate_to_datetime(said or "").timestamp()
    except ValueError:
        return None
    # The date has no fractions; the middle of the request is the best guess.
    return (began + time.time()) / 2 - (there + 0.5)
