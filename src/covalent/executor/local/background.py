"""Work for threads that nobody waits for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec

P = ParamSpec("P")

log = logging.getLogger(__name__)


def in_background(threads: Executor, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do something soon. When the pool is closed it is left undone: the next start finds it."""
    try:
        threads.submit(call, *args, **kwargs).add_done_callback(_complain)
    except RuntimeError:
        log.debug("the local pool is closed; %r is left undone", call)


def _complain(done: Future[Any]) -> None:
    if (error := done.exception()) is not None:
        log.error("the local pool failed at something", exc_info=error)
