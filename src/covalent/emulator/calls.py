"""Counts of calls and of bytes, separately for clients and for jobs."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any


class Calls:
    """What has been asked since the last reset. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[str, dict[str, Counter[str]]] = {}
        self._bytes: dict[str, Counter[str]] = {}
        self._handling_s = 0.0

    def count(self, caller: str, service: str, operation: str, *, sent: int, received: int, handling_s: float) -> None:
        """One call.

        :param sent: bytes of what the caller sent, without headers
        :param received: bytes of what it got
        :param handling_s: seconds that the emulator was busy with it
        """
        with self._lock:
            self._operations.setdefault(caller, {}).setdefault(service, Counter())[operation] += 1
            self._bytes.setdefault(f"{caller}:{service}", Counter()).update({"sent": sent, "received": received})
            self._handling_s += handling_s

    def reset(self) -> None:
        with self._lock:
            self._operations, self._bytes, self._handling_s = {}, {}, 0.0

    def report(self) -> dict[str, Any]:
        """As JSON: ``{"client": {"operations": {"batch": {"SubmitJob": 1}}, "bytes": {"batch": {…}}}, "job": …, "handling_s": …}``."""
        with self._lock:
            return {
                **{caller: self._of(caller) for caller in ("client", "job")},
                "handling_s": self._handling_s,
            }

    def _of(self, caller: str) -> dict[str, Any]:
        services = self._operations.get(caller, {})
        return {
            "operations": {service: dict(counts) for service, counts in services.items()},
            "bytes": {service: dict(self._bytes[f"{caller}:{service}"]) for service in services},
        }
