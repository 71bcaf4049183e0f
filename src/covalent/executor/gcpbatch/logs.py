"""What to ask Cloud Logging for what a task prints, and its answers.

Sources: documentation of Google Batch, "Analyze a job by viewing logs"; of Cloud Logging, "Logging query language" and ``entries.list``,
whose answers may be empty though others follow (``nextPageToken``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from ...runner.cloud.names import STDERR_MARK
from ..batch.service import LogPage

#: Entries in one answer, the most that there are.
PAGE_ENTRIES: Final = 1000

#: Entries of the end of a log, and answers that may be empty before they come.
END_ENTRIES: Final = 200
END_PAGES: Final = 3

#: From this severity on, a line was written to standard error. Source: ``google.logging.type.LogSeverity``.
_ERROR: Final = 500


class Cursor(NamedTuple):
    """How much was read of a log."""

    at: str = ""  #: Time of the last entry; empty if there was none.
    last: str = ""  #: Its id.
    #: What the last answer said of the next page, if it was empty: Cloud Logging has looked for long and found nothing so far.
    token: str = ""

    @classmethod
    def parse(cls, text: str) -> Cursor:
        return cls(*text.split(" ")) if text else cls()

    def __str__(self) -> str:
        return " ".join(self) if self.token else f"{self.at} {self.last}".strip()


def request(project: str, uid: str, index: int, cursor: Cursor) -> Any:
    """A ``ListLogEntriesRequest`` for what the task has printed since."""
    wanted = _wanted(project, uid, index)
    if cursor.at:
        wanted.append(f'(timestamp>"{cursor.at}" OR (timestamp="{cursor.at}" AND insertId>"{cursor.last}"))')
    return _request(project, wanted, "timestamp asc", PAGE_ENTRIES, cursor.token)


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


def _request(project: str, wanted: Sequence[str], order: str, entries: int, token: str = "") -> Any:
    from google.cloud.logging_v2.types import ListLogEntriesRequest

    return ListLogEntriesRequest(
        resource_names=[f"projects/{project}"],
        filter=" AND ".join(wanted),
        order_by=order,
        page_size=entries,
        page_token=token,
    )


def page(response: Any, cursor: Cursor) -> LogPage:
    """What a ``ListLogEntriesResponse`` holds."""
    found = type(response).pb(response)
    if not found.entries:
        return LogPage(data=b"", cursor=str(cursor._replace(token=found.next_page_token)))
    last = found.entries[-1]
    return LogPage(
        data="".join(map(_line, found.entries)).encode(),
        cursor=str(Cursor(last.timestamp.ToJsonString(), last.insert_id)),
    )


def end(responses: Iterable[Any]) -> bytes:
    """What the first of several holds that is not empty; its entries are the last first."""
    for response in itertools.islice(responses, END_PAGES):
        if entries := type(response).pb(response).entries:
            return "".join(map(_line, reversed(entries))).encode()
    return b""


def _line(entry: Any) -> str:
    text = entry.text_payload.removesuffix("\n")
    is_marked = text.startswith(STDERR_MARK)
    mark = STDERR_MARK if entry.severity >= _ERROR and not is_marked else ""
    return f"{mark}{text}\n"
