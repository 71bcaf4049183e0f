"""The calls to Google Batch, as the engine of all clouds wants them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from ...errors import ExecutorError
from ..batch.remembered import Remembered
from ..batch.service import Job, JobState, JobView, Limits, LogPage, ReasonPattern, TaskView, WaitPattern
from . import jobs, logs
from .border import RefusedError
from .checks import Checks
from .options import JobOptions
from .reasons import LIMITS, REASONS, WAITS
from .session import TIMEOUT_S, Account, Clients
from .views import JobFacts, job_facts, job_view, state_name, task_view

#: Tasks in one answer of ``ListTasks``.
PAGE_TASKS: Final = 1000

#: How every call is made: the engine repeats what is worth it.
_CALL: Final[Mapping[str, Any]] = {"retry": None, "timeout": TIMEOUT_S}


class GCPBatchService:
    """One project and region. Implements :class:`covalent.executor.batch.service.BatchService`. A job's reference is its id."""

    limits: Limits = LIMITS
    scheme = "gs"
    reasons: Sequence[ReasonPattern] = REASONS
    waits: Sequence[WaitPattern] = WAITS

    def __init__(self, clients: Clients, account: Account) -> None:
        self._clients, self._account = clients, account
        self._checks = Checks(clients, account)
        self._facts: Remembered[JobFacts] = Remembered()

    async def close(self) -> None:
        await self._clients.close()

    async def check(self, options: JobOptions) -> None:
        await self._checks.check(options)

    async def submit(self, job: Job) -> str:
        def create(client: Any) -> None:
            client.create_job(jobs.request(job, self._account), **_CALL)

        try:
            await self._clients.batch(f"submitting the job {job.name}", create)
        except RefusedError as error:
            # The id is taken: by the same job, whose answer was lost, or by another one.
            if not error.is_there or await self.find(job) is None:
                raise
        return job.name

    async def find(self, job: Job) -> str | None:
        found = await self._job(job.name)
        if found is None:
            return None
        if found.labels.get(jobs.GROUP_LABEL) != job.name:
            raise ExecutorError(
                f"There is a job {job.name} in {self._account.parent} already that Covalent has not made. Delete it "
                f"('gcloud batch jobs delete {job.name} --location {self._account.region}'), and dispatch again."
            )
        return job.name

    async def describe(self, refs: Sequence[str]) -> Mapping[str, JobView]:
        (ref,) = refs
        job = await self._job(ref)
        return {} if job is None else {ref: job_view(job)}

    async def tasks(self, ref: str, states: Collection[JobState]) -> Sequence[TaskView]:
        facts = await self._known(ref)
        if facts is None:
            return []
        listed = await self._tasks(ref)
        return [view for task in listed if (view := task_view(ref, task, facts)).state in states]

    async def cancel(self, ref: str, index: int | None, reason: str) -> None:
        assert index is None, "it ends whole jobs, as its limits say"
        from google.cloud.batch_v1 import CancelJobRequest

        request = CancelJobRequest(name=self._name(ref))
        try:
            await self._clients.batch(f"ending the job {ref}", lambda client: client.cancel_job(request, **_CALL))
        except RefusedError:
            # One that has ended, or is about to, cannot be cancelled.
            job = await self._job(ref)
            if job is not None and state_name(job.status) in ("QUEUED", "SCHEDULED", "RUNNING"):
                raise

    async def logs(self, ref: str, index: int, cursor: str) -> LogPage:
        """``cursor`` is a :class:`.logs.Cursor`."""
        facts = await self._known(ref)
        if facts is None:
            return LogPage(data=b"", cursor=cursor)
        what = f"reading the log of task {index} of the job {ref}"
        project, uid, known = self._account.project, facts.uid, logs.Cursor.parse(cursor)

        def read(client: Any) -> LogPage:
            pages = client.list_log_entries(logs.request(project, uid, index, known), **_CALL).pages
            return logs.page(next(pages), known)

        try:
            return await self._clients.logging(what, read)
        except RefusedError:
            if not known.token:
                raise
            # It may have been kept for too long.
            return LogPage(data=b"", cursor=str(known._replace(token="")))

    async def log_end(self, ref: str, index: int) -> bytes:
        facts = await self._known(ref)
        if facts is None:
            return b""
        project, uid = self._account.project, facts.uid

        def read(client: Any) -> bytes:
            return logs.end(client.list_log_entries(logs.request_end(project, uid, index), **_CALL).pages)

        return await self._clients.logging(f"reading the end of the log of task {index} of the job {ref}", read)

    async def status(self, ref: str) -> tuple[str, int]:
        """A job's state in Google's words, and the exit code of a task that failed, else 0; -1 while there is none.

        :raises ExecutorError: if Google does not know the job
        """
        job = await self._job(ref)
        if job is None:
            raise ExecutorError(
                f"Google Batch does not know the job {ref}: there is none by that id in {self._account.parent}, or it was deleted; "
                "those that have ended go after 60 days."
            )
        facts = self._facts[ref]
        codes = [task_view(ref, task, facts).exit_code for task in await self._tasks(ref)] if facts.is_final else []
        known = [code for code in codes if code is not None]
        return state_name(job.status), next(filter(None, known), 0 if known else -1)

    # What the calls have in common.

    def _name(self, ref: str) -> str:
        return f"{self._account.parent}/jobs/{ref}"

    async def _job(self, ref: str) -> Any:
        """The message of protobuf; None if there is no such job."""
        from google.cloud.batch_v1 import GetJobRequest, Job

        request = GetJobRequest(name=self._name(ref))
        try:
            found = await self._clients.batch(
                f"asking after the job {ref}", lambda client: client.get_job(request, **_CALL)
            )
        except RefusedError as error:
            if error.is_not_found:
                return None
            raise
        job = Job.pb(found)
        self._facts[ref] = job_facts(job)
        return job

    async def _known(self, ref: str) -> JobFacts | None:
        """What was last heard of a job; None if there is none."""
        if ref not in self._facts:
            await self._job(ref)
        return self._facts.get(ref)

    async def _tasks(self, ref: str) -> list[Any]:
        """The messages of protobuf of all tasks; none if there is no such job."""
        from google.cloud.batch_v1 import ListTasksRequest, ListTasksResponse

        request = ListTasksRequest(parent=f"{self._name(ref)}/taskGroups/group0", page_size=PAGE_TASKS)

        def listed(client: Any) -> list[Any]:
            pages = client.list_tasks(request, **_CALL).pages
            return [task for page in pages for task in ListTasksResponse.pb(page).tasks]

        try:
            return await self._clients.batch(f"listing the tasks of the job {ref}", listed)
        except RefusedError as error:
            if error.is_not_found:
                return []
            raise
