"""Logs that Cloud Logging looks for in parts: an answer may be empty though others follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud.logging_v2.services.logging_service_v2.pagers import ListLogEntriesPager
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse

from covalent.emulator.google import logs as emulated
from covalent.emulator.google.logs import INFO, TASK_LOG, LogPlace, Logs
from covalent.emulator.google.refusal import RefusalError
from covalent.executor.batch.service import LogPage
from covalent.executor.gcpbatch.border import RefusedError
from covalent.executor.gcpbatch.service import GCPBatchService
from covalent.executor.gcpbatch.session import Account
from covalent.executor.gcpbatch.views import JobFacts

LOOKED_AT = 5


class Logging:
    """Cloud Logging as its client and ours see it, without a server."""

    def __init__(self) -> None:
        self.logs = Logs()
        self.refused = 0  #: Requests that were.

    async def logging(self, what: str, call: Callable[[Any], Any]) -> Any:
        return call(self)

    def list_log_entries(self, request: ListLogEntriesRequest, **_: Any) -> ListLogEntriesPager:
        return ListLogEntriesPager(method=self._answer, request=request, response=self._answer(request))

    def _answer(self, request: ListLogEntriesRequest, **_: Any) -> ListLogEntriesResponse:
        try:
            found = self.logs("ListLogEntries", ListLogEntriesRequest.pb(request))
        except RefusalError as error:
            self.refused += 1
            raise RefusedError(str(error), "InvalidArgument") from None
        return ListLogEntriesResponse.wrap(found)

    def write(self, task: int, *lines: str) -> None:
        place = LogPlace(project="p", location="l", job_id="job", job_uid="uid", task_id=f"task/uid-group0-{task}/0/0")
        self.logs.write(place, TASK_LOG, INFO, lines)


@pytest.fixture
def logging(monkeypatch: pytest.MonkeyPatch) -> Logging:
    monkeypatch.setattr(emulated, "_LOOKED_AT", LOOKED_AT)
    return Logging()


@pytest.fixture
def service(logging: Logging) -> GCPBatchService:
    service = GCPBatchService(logging, Account(project="p", region="l"))  # type: ignore[arg-type]
    service._facts["job"] = JobFacts(uid="uid", is_final=False, is_cancelled=False, reason="", image="")
    return service


async def read(service: GCPBatchService, cursor: str, times: int) -> LogPage:
    data = b""
    for _ in range(times):
        page = await service.logs("job", 0, cursor)
        data, cursor = data + page.data, page.cursor
    return LogPage(data=data, cursor=cursor)


async def test_a_log_goes_on_behind_answers_that_are_empty(logging, service):
    logging.write(0, "first")
    logging.write(1, *map(str, range(4 * LOOKED_AT)))
    logging.write(0, "second")
    found = await read(service, "", 6)
    assert found.data == b"first\nsecond\n"
    assert (await read(service, found.cursor, 5)).data == b""


async def test_a_token_that_is_taken_no_more_is_given_up(logging, service):
    logging.write(0, "only")
    found = await read(service, "  none-of-ours", 2)
    assert (found.data, logging.refused) == (b"only\n", 1)


async def test_the_end_of_a_log_may_lie_behind_an_answer_that_is_empty(logging, service):
    logging.write(0, "killed")
    logging.write(1, *map(str, range(LOOKED_AT)))
    assert await service.log_end("job", 0) == b"killed\n"
    logging.write(1, *map(str, range(10 * LOOKED_AT)))
    assert await service.log_end("job", 0) == b"", "nobody waits for it for long"
