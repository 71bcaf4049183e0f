"""Who a container is to its cloud, as the cloud tells it. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations

import datetime as dt
import http.client
import os
import threading
import time
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import urlsplit

from .errors import CredentialsError

#: Seconds before their end at which credentials are renewed.
RENEW_S = 300

_ANSWER_S = 5.0
_ASK_TRIES = 4


class Identity(ABC):
    """The credentials of this process, renewed before they expire. Several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Any = None
        self._until = 0.0

    @abstractmethod
    def _find(self) -> tuple[Any, float]:
        """New credentials, and the Unix time until which they are good.

        :raises CredentialsError: if there are none
        """

    def credentials(self, is_refused: bool = False) -> Any:
        """What the service wants to see.

        :param is_refused: those that were given out last are no longer accepted
        :raises CredentialsError: if there are none
        """
        with self._lock:
            if self._found is None or is_refused or time.time() > self._until - RENEW_S:
                try:
                    self._found, self._until = self._find()
                except CredentialsError:
                    if self._found is None or is_refused or time.time() > self._until:
                        raise
            return self._found

    def expires_at(self) -> Any:
        """Until when the credentials that were given out last are good, as a ``datetime``; None if for ever."""
        return None if self._until == float("inf") else dt.datetime.fromtimestamp(self._until, dt.timezone.utc)  # noqa: UP017


def ask(
    method: str, uri: str, headers: dict[str, str], tries: int = _ASK_TRIES, passing: tuple[int, ...] = (429,)
) -> str:
    """What a service of the machine answers; one that is busy or just starting is asked again.

    :param passing: statuses below 500 after which to ask again
    :raises OSError, http.client.HTTPException: if there is no good answer
    """
    parts = urlsplit(uri)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = parts.path + ("?" + parts.query if parts.query else "")
    left = tries
    while True:
        left -= 1
        connection = kind(parts.netloc, timeout=_ANSWER_S)
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            if answer.status == 200:
                return text
            # What is no JSON is a page for a browser.
            said = ": " + " ".join(text.split())[:300] if text[:1] == "{" else ""
            problem: Exception = OSError(
                f"{parts.scheme}://{parts.netloc} answered {answer.status} {answer.reason}{said}"
            )
            if answer.status < 500 and answer.status not in passing:
                raise problem
        except (OSError, http.client.HTTPException) as error:
            problem = error
            if "answered" in str(error):
                raise
        finally:
            connection.close()
        if not left:
            raise problem
        # Those that started together do not come back together.
        time.sleep((tries - left) * (0.25 + os.urandom(1)[0] / 512))
