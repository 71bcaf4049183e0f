"""What tasks print, as Cloud Logging shows it.

Sources: https://cloud.google.com/batch/docs/analyze-job-using-logs, https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse, LogEntry

from .. import pages
from .filters import compile_filter
from .pagination import page_size, unknown_token
from .refusal import RefusalError

#: What a task's runnables print, and what the service's agent on their machine has to say.
TASK_LOG: Final = "batch_task_logs"
AGENT_LOG: Final = "batch_agent_logs"

#: Of ``google.logging.type.LogSeverity``.
INFO: Final = 200
ERROR: Final = 500

#: Source: the reference above (``pageSize``).
_PAGE, _MAX_PAGE = 50, 1000

#: Entries that are looked at for one answer. The service looks for some time only, and an answer may be empty though others follow.
_LOOKED_AT: Final = 50_000

_Entry: Final = LogEntry.pb()


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPlace:
    """Where lines belong."""

    project: str
    location: str
    job_id: str
    job_uid: str
    task_id: str  #: ``task/UID-group0-INDEX/ATTEMPT/RUNNABLE``.


class Logs:
    """Safe to use from several threads."""

    operations: Final = {"ListLogEntries": ListLogEntriesRequest.pb()}

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._entries: list[Any] = []  # in the order of their times

    def write(self, place: LogPlace, log: str, severity: int, lines: Sequence[str]) -> None:
        with self._lock:
            self._entries += [self._entry(place, log, severity, line) for line in lines]

    def __call__(self, operation: str, request: Any) -> Any:
        """:raises RefusalError: if the service refuses"""
        projects = {name.split("/")[1] for name in request.resource_names if name.startswith("projects/")}
        if not projects:
            raise RefusalError("INVALID_ARGUMENT", f"{operation} needs resource_names such as projects/PROJECT.")
        if request.order_by not in ("", "timestamp asc", "timestamp desc"):
            raise RefusalError("INVALID_ARGUMENT", f"Unsupported order_by: {request.order_by!r}.")
        fits = compile_filter(request.filter)
        with self._lock:
            entries = list(self._entries)
        shown, token = _page(request, entries, lambda one: one.log_name.split("/")[1] in projects and fits(one))
        return ListLogEntriesResponse.pb()(entries=shown, next_page_token=token)

    def _entry(self, place: LogPlace, log: str, severity: int, line: str) -> Any:
        now_ns = time.time_ns()
        entry = _Entry(
            log_name=f"projects/{place.project}/logs/{log}",
            text_payload=line,
            severity=severity,
            insert_id=f"{next(self._numbers):012d}",
            labels={"job_uid": place.job_uid, "task_id": place.task_id},
        )
        entry.timestamp.FromNanoseconds(now_ns)
        entry.receive_timestamp.FromNanoseconds(now_ns)
        entry.resource.type = "batch.googleapis.com/Job"
        entry.resource.labels.update(
            {
                "resource_container": f"projects/{place.project}",
                "location": place.location,
                "job_id": place.job_id,
            }
        )
        return entry


def _page(request: Any, entries: Sequence[Any], fits: Callable[[Any], bool]) -> tuple[Sequence[Any], str]:
    """Those that are asked for, and the token of the next page; empty if there is none.

    :raises RefusalError: if there cannot be such a page
    """
    size = page_size(request, default=_PAGE, most=_MAX_PAGE)
    is_reversed = request.order_by.endswith("desc")
    try:
        start = pages.start_of(request.page_token) if request.page_token else (len(entries) - 1) * is_reversed
    except ValueError as error:
        raise unknown_token(request) from error
    shown: list[Any] = []
    for looked_at, number in enumerate(range(start, -1, -1) if is_reversed else range(start, len(entries))):
        if len(shown) == size or looked_at == _LOOKED_AT:
            return shown, pages.token_of(number)
        if fits(entries[number]):
            shown.append(entries[number])
    return shown, ""
