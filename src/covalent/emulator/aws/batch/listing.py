"""ListJobs, and the pages of everything that comes in pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from ... import pages
from ..moto_border import Queue
from .jobs import Job, JobStatus
from .wording import refused, rejected

#: Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html (maxResults)
_PAGE: Final = 1000
_FILTERED_PAGE: Final = 100

_T = TypeVar("_T")


def select(request: Mapping[str, Any], jobs: Iterable[Job], queue: Queue | None, parent: Job | None) -> Sequence[Job]:
    """Those that ListJobs asks for.

    :raises RefusalError: if it asks for something that cannot be
    """
    status = request.get("jobStatus", JobStatus.RUNNING.value)
    if status not in JobStatus.__members__:
        raise rejected(f"Job status {status} is not one of {', '.join(JobStatus)}.")
    if queue is None:
        # Filters do not apply to children.
        return [child for child in parent.children if child.status == status] if parent else ()
    own = [job for job in jobs if job.parent is None and job.order.queue.arn == queue.arn]
    filters = request.get("filters", [])
    if not filters:
        return [job for job in own if job.status == status]
    if len(filters) > 1:
        raise rejected("Only one filter can be used at a time.")
    found = [job for job in own if _matches(job, filters[0])]
    return sorted(found, key=lambda job: job.created_at, reverse=True)


def page_size(request: Mapping[str, Any], default: int) -> int:
    """:raises RefusalError: if more are asked for than one page can hold"""
    wanted = request.get("maxResults", default)
    if wanted < 1:
        raise rejected("maxResults must be at least 1.")
    return int(min(wanted, default))


def job_page_size(request: Mapping[str, Any]) -> int:
    return page_size(request, _FILTERED_PAGE if request.get("filters") else _PAGE)


def page(items: Sequence[_T], size: int, token: str | None) -> tuple[Sequence[_T], str | None]:
    """One page, and the token of the next one if there is one.

    :raises RefusalError: if the token is none of ours
    """
    try:
        return pages.page(items, size, token)
    except ValueError as error:
        raise refused("Invalid nextToken.") from error


def _matches(job: Job, wanted: Mapping[str, Any]) -> bool:
    name, values = wanted.get("name"), wanted.get("values", [])
    match name:
        case "JOB_NAME":
            return any(_matches_text(value, job.order.name) for value in values)
        case "JOB_DEFINITION":
            definition = job.order.definition
            return any(value == definition.arn or _matches_text(value, definition.name) for value in values)
        case "BEFORE_CREATED_AT":
            return any(job.created_at * 1000 < float(value) for value in values)
        case "AFTER_CREATED_AT":
            return any(job.created_at * 1000 > float(value) for value in values)
        case _:
            raise rejected(f"Filter {name} is not supported.")


def _matches_text(pattern: str, text: str) -> bool:
    pattern, text = pattern.lower(), text.lower()
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
