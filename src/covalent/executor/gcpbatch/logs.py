"""What to ask Cloud Logging for what a task prints, and its answers.

Sources: documentation of Google Batch, "Analyze a job by viewing logs"; of Cloud Logging, "Logging query language" and ``entries.list``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...runner.cloud.names import STDERR_MARK
from ..batch.service import LogPage

#: Entries in one answer, the most that there are.
PAGE_ENTRIES: Final = 1000

#: Entries of the end of a log.
END_ENTRIES: Final = 200

#: From this severity on, a line was written to standard error. Source: ``google.logging.type.LogSeverity``.
_ERROR: Final = 500


def request(project: str, uid: str, index: int, cursor: str) -> Any:
    """A ``ListLogEntriesRequest`` for what the task has printed since."""
    wanted = _wanted(project, uid, index)
    if cursor:
        at, _, last = cursor.partition(" ")
        wanted.append(f'(timestamp>"{at}" OR (timestamp="{at}" AND insertId>"{last}"))')
    return _request(project, wanted, "timestamp asc", PAGE_ENTRIES)


def request_end(project: str, uid: str, index: int) -> Any:
    """The same for the last lines, which come first."""
    return _request(project, _wanted(project, uid, index), "timestamp desc", END_ENTRIES)


def _wanted(project: str, uid: str, index: int) -> list[str]:
    # A label is task/UID-group0-INDEX/ATTEMPT/RUNNABLE.
    return [
        f'logName="projects/{project}/logs/batch_task_logs"',
        f'labels.job_uid="{uid}"',
        f'labels.task_id=~"^task/{uid}-group0-{index}/"',
    ]


def _request(project: str, wanted: Sequence[str], order: str, entries: int) -> Any:
    from google.cloud.logging_v2.types import ListLogEntriesRequest

    return ListLogEntriesRequest(
        resource_names=[f"projects/{project}"],
        filter=" AND ".join(wanted),
        order_by=order,
        page_size=entries,
    )


def page(response: Any, cursor: str) -> LogPage:
    """What a ``ListLogEntriesResponse`` holds."""
    entries = type(response).pb(response).entries
    if not entries:
        return LogPage(data=b"", cursor=cursor)
    last = entries[-1]
    return LogPage(
        data="".join(map(_line, entries)).encode(),
        cursor=f"{last.timestamp.ToJsonString()} {last.insert_id}",
    )


def end(response: Any) -> bytes:
    """What a ``ListLogEntriesResponse`` holds whose entries are the last first."""
    return "".join(map(_line, reversed(type(response).pb(response).entries))).encode()


def _line(entry: Any) -> str:
    text = entry.text_payload.removesuffix("\n")
    is_marked = text.startswith(STDERR_MARK)
    mark = STDERR_MARK if entry.severity >= _ERROR and not is_marked else ""
    return f"{mark}{text}\n"
