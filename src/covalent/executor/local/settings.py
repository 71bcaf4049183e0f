"""The settings of the local executor: what each takes, and what the server's configuration says of them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from ...errors import ConfigError, ExecutorError, hint

WORKERS_VARIABLE = "COVALENT_LOCAL_WORKERS"


def configuration() -> Mapping[str, Any]:
    """What the server's configuration sets for this executor.

    :raises ConfigError: if the file is wrong, this section of it included
    """
    from ...config import executor_defaults

    return executor_defaults("local")


def check(key: str, value: Any) -> None:
    """Whether ``[executors.local]`` may set ``key`` to ``value``.

    :raises ConfigError: if it may not
    """
    if key not in _CHECKS:
        known = ", ".join(sorted(_CHECKS))
        raise ConfigError(
            f"There is no setting 'executors.local.{key}'.{hint(key, _CHECKS)} Known in [executors.local]: {known}."
        )
    try:
        _CHECKS[key](value)
    except ExecutorError as error:
        raise ConfigError(f"executors.local.{error}.") from None


def worker_count() -> int:
    """From ``COVALENT_LOCAL_WORKERS``, else ``workers`` in ``[executors.local]``, else one for each processor that we may use.

    :raises ConfigError: if it is not a whole number above 0
    """
    if text := os.environ.get(WORKERS_VARIABLE):
        try:
            return checked_workers(int(text) if text.strip().isdecimal() else text)
        except ExecutorError as error:
            complaint = str(error).removeprefix("workers ")
            raise ConfigError(f"The environment variable {WORKERS_VARIABLE} {complaint}.") from None
    configured = configuration().get("workers")
    if configured is not None:
        return checked_workers(configured)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_time_limit(value: Any) -> float | None:
    """:raises ExecutorError: if it is no time limit; None is one"""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ExecutorError(f"time_limit must be a number of seconds above 0, not {value!r}")
    return float(value)


def checked_retries(value: Any) -> int | None:
    """:raises ExecutorError: if it is no number of retries; None is one"""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ExecutorError(f"retries must be a whole number from 0 on, not {value!r}")
    return value


def checked_workers(value: Any) -> int:
    """:raises ExecutorError: if it is no number of workers"""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ExecutorError(f"workers must be a whole number above 0, not {value!r}")
    return value


_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "time_limit": checked_time_limit,
    "retries": checked_retries,
    "workers": checked_workers,
}
