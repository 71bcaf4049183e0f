"""What the server's configuration says of the local executor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import ConfigError

WORKERS_VARIABLE = "COVALENT_LOCAL_WORKERS"

_KEYS = frozenset({"time_limit", "retries", "workers"})


def configuration() -> Mapping[str, Any]:
    """What the server's configuration sets for this executor.

    :raises ConfigError: if the file is wrong, or the section has a key that does not exist
    """
    from ...config import executor_defaults

    found = executor_defaults("local")
    if unknown := found.keys() - _KEYS:
        raise ConfigError(
            f"[executors.local] has no setting {sorted(unknown)[0]!r}. Its settings are {', '.join(sorted(_KEYS))}."
        )
    return found


def worker_count() -> int:
    """From ``COVALENT_LOCAL_WORKERS``, else ``workers`` in ``[executors.local]``, else one for each processor that we may use.

    :raises ConfigError: if it is not a whole number above 0
    """
    text = os.environ.get(WORKERS_VARIABLE)
    if text:
        return _checked(int(text) if text.strip().isdecimal() else text, f"The environment variable {WORKERS_VARIABLE}")
    configured = configuration().get("workers")
    if configured is not None:
        return _checked(configured, "workers in [executors.local]")
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _checked(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{what} must be a whole number above 0, not {value!r}.")
    return value
