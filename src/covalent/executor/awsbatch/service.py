"""The calls to AWS Batch, as the engine of all clouds wants them."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Final

from ...errors import ExecutorError
from ...runner.cloud.names import ATTEMPT_VARIABLE, INDEX_VARIABLE, PYTHON_VARIABLE, REGION_VARIABLE, SCRATCH_VARIABLE
from ..batch.remembered import Remembered
from ..batch.service import Job, JobState, JobView, Limits, LogPage, ReasonPattern, TaskView, WaitPattern
from .border import RefusedError
from .checks import Checks
from .definitions import TAG, Definitions, Roles, image_of
from .options import Container, JobOptions
from .reasons import LIMITS, LOST_HOST, REASONS, WAITS
from .resources import size_of
from .session import Clients
from .views import is_array, job_view, statuses_of, task_view

#: Where the container finds which task it is, and how often the service has tried. Source: user guide, "Job environment variables".
ARRAY_INDEX: Final = "AWS_BATCH_JOB_ARRAY_INDEX"
ATTEMPT: Final = "AWS_BATCH_JOB_ATTEMPT"

#: Children of an array in one answer of ``ListJobs``. Source: API reference.
PAGE_JOBS: Final = 1000

#: Lines of the end of a log, and answers that may be empty before they come: CloudWatch Logs may have looked where nothing is.
#: Source: API reference of CloudWatch Logs, ``GetLogEvents``.
END_EVENTS: Final = 200
END_PAGES: Final = 3

#: The log group of jobs whose definition names none.
DEFAULT_LOG_GROUP: Final = "/aws/batch/job"


class AWSBatchService:
    """One account and region. Implements :class:`covalent.executor.batch.service.BatchService`."""

    limits: Limits = LIMITS
    scheme = "s3"
    reasons: Sequence[ReasonPattern] = REASONS
    waits: Sequence[WaitPattern] = WAITS

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients, self._region = clients, region
        self._checks = Checks(clients, region)
        self._definitions = Definitions(clients, region)
        self._arrays: Remembered[bool] = Remembered()  #: Whether jobs are arrays.
        self._logs: Remembered[tuple[str, str]] = Remembered()  #: Group and stream by id of a task's job.

    async def close(self) -> None:
        await self._clients.close()

    async def account_id(self) -> str:
        """:raises ExecutorError: if the credentials are no good"""
        return await self._checks.account_id()

    async def check(self, options: JobOptions) -> None:
        await self._checks.check(options)

    async def submit(self, job: Job) -> str:
        try:
            return await self._submit_anyhow(job)
        except RefusedError:
            # What was in order may have changed since; if that is why, this says it more clearly.
            self._checks.forget()
            await self._checks.check(job.options)
            raise

    async def _submit_anyhow(self, job: Job) -> str:
        options: JobOptions = job.options
        if options.job_definition:
            return await self._submit(job, options.job_definition)
        roles = await self._checks.roles(options)
        try:
            return await self._submit(job, await self._definition(job, roles))
        except RefusedError as error:
            if "definition" not in str(error).lower():
                raise
            # Somebody has removed it since it was looked for.
            self._definitions.forget()
            return await self._submit(job, await self._definition(job, roles))

    async def _definition(self, job: Job, roles: Roles) -> str:
        container: Container = job.options.container
        return await self._definitions.arn(container, job.command, await self._image(container, job), roles)

    async def _image(self, container: Container, job: Job) -> str:
        account = await self.account_id() if container.ecr_repo_name else ""
        return image_of(container, job.environment[PYTHON_VARIABLE], account, self._region)

    async def _submit(self, job: Job, definition: str) -> str:
        answer = await self._clients.call(
            "batch", "submit_job", f"submitting the job {job.name}", **self._submission(job, definition)
        )
        ref = str(answer["jobId"])
        self._arrays[ref] = job.size > 1
        return ref

    def _submission(self, job: Job, definition: str) -> dict[str, Any]:
        options: JobOptions = job.options
        request: dict[str, Any] = {
            "jobName": job.name,
            "jobQueue": options.queue,
            "jobDefinition": definition,
            "containerOverrides": self._overrides(job),
            "retryStrategy": _retry_strategy(options.attempts),
            "timeout": {"attemptDurationSeconds": options.timeout_s},
            "tags": {**dict(options.tags), **job.tags, TAG: "job"},
            "propagateTags": True,
        }
        if job.size > 1:
            request["arrayProperties"] = {"size": job.size}
        return request | _share(options)

    def _overrides(self, job: Job) -> dict[str, Any]:
        options: JobOptions = job.options
        environment = {
            INDEX_VARIABLE: ARRAY_INDEX,
            ATTEMPT_VARIABLE: ATTEMPT,
            REGION_VARIABLE: self._region,
            **job.environment,
        }
        if options.scratch:
            environment[SCRATCH_VARIABLE] = options.scratch
        if options.job_definition:
            environment = {**dict(options.container.environment), **environment}
        overrides: dict[str, Any] = {
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
            "resourceRequirements": size_of(options.asked, job.out_of_memory).requirements(),
        }
        if options.job_definition:
            overrides["command"] = compact(job.command)
        # AWS takes more than it can hold, and fails the job afterwards.
        length, most = len(json.dumps(overrides, separators=(",", ":"))), self.limits.max_environment_chars
        if length > most:
            raise ExecutorError(
                f"What the job {job.name} is told beside its definition has {length} characters; AWS Batch takes "
                f"{most}. "
                "Put variables into the job definition in place of environment, or leave job_definition out."
            )
        return overrides

    async def find(self, job: Job) -> str | None:
        what = f"looking for the job {job.name}"
        arguments = {"jobQueue": job.options.queue, "filters": [{"name": "JOB_NAME", "values": [job.name]}]}
        listed = self._clients.items("batch", "list_jobs", what, "jobSummaryList", **arguments)
        found = [one async for one in listed if one["jobName"] == job.name]
        if not found:
            return None
        ref = str(min(found, key=lambda one: one["createdAt"])["jobId"])
        self._arrays[ref] = job.size > 1
        return ref

    async def describe(self, refs: Sequence[str]) -> Mapping[str, JobView]:
        return {job["jobId"]: job_view(job) for job in await self._described(refs)}

    async def tasks(self, ref: str, states: Collection[JobState]) -> Sequence[TaskView]:
        if not await self._is_array(ref):
            return [task for job in await self._described([ref]) if (task := task_view(job)).state in states]
        listed = [one for status in statuses_of(states) async for one in self._children(ref, status)]
        failed = [one["jobId"] for one in listed if one["status"] == "FAILED"]
        # Only the whole description says by whom a task was ended, and how its last attempt went.
        most = self.limits.max_refs
        parts = await asyncio.gather(
            *(self._described(failed[start : start + most]) for start in range(0, len(failed), most))
        )
        whole = {job["jobId"]: job for part in parts for job in part}
        return [task_view(whole.get(one["jobId"], one)) for one in listed]

    async def cancel(self, ref: str, index: int | None, reason: str) -> None:
        job_id = ref if index is None else await self._job_of(ref, index)
        try:
            await self._clients.call("batch", "terminate_job", f"ending the job {job_id}", jobId=job_id, reason=reason)
        except RefusedError as error:
            if error.code != "ClientException" or await self._described([job_id]):
                raise

    async def logs(self, ref: str, index: int, cursor: str) -> LogPage:
        """``cursor`` is the stream and the token of its next part: another attempt has another stream."""
        job_id = await self._job_of(ref, index)
        place = await self._log_of(job_id)
        if place is None:
            return LogPage(data=b"", cursor=cursor)
        stream = place[1]
        known, _, token = cursor.rpartition(" ")
        begun = {"nextToken": token} if known == stream else {}
        answer = await self._events(place, startFromHead=True, **begun)
        if answer is None:
            return LogPage(data=b"", cursor=cursor)
        if not answer["events"]:
            self._logs.pop(job_id, None)  # Another attempt may have begun by the next look.
        return LogPage(data=_lines(answer), cursor=f"{stream} {answer['nextForwardToken']}")

    async def log_end(self, ref: str, index: int) -> bytes:
        job_id = await self._job_of(ref, index)
        self._logs.pop(job_id, None)  # What is known may be the stream of an attempt before the last.
        place = await self._log_of(job_id)
        if place is None:
            return b""
        begun: dict[str, str] = {}
        for _ in range(END_PAGES):
            answer = await self._events(place, startFromHead=False, limit=END_EVENTS, **begun)
            if answer is None:
                break
            if answer["events"]:
                return _lines(answer)
            begun = {"nextToken": answer["nextBackwardToken"]}
        return b""

    async def status(self, ref: str) -> tuple[str, int]:
        """A job's state in AWS's words, and its exit code; -1 while there is none.

        :raises ExecutorError: if AWS does not know the job
        """
        jobs = await self._described([ref])
        if not jobs:
            raise ExecutorError(
                f"AWS Batch does not know the job {ref}: there is none by that id in {self._region}, or it ended "
                "over 7 days ago."
            )
        code = (jobs[0].get("container") or {}).get("exitCode")
        return jobs[0]["status"], -1 if code is None else code

    # What the calls have in common.

    async def _described(self, refs: Sequence[str]) -> list[dict[str, Any]]:
        answer = await self._clients.call("batch", "describe_jobs", "asking after jobs", jobs=list(refs))
        found: list[dict[str, Any]] = answer["jobs"]
        for job in found:
            self._arrays[job["jobId"]] = is_array(job)
        return found

    async def _children(self, ref: str, status: str) -> AsyncIterator[dict[str, Any]]:
        what = f"listing the tasks of the job {ref}"
        arguments = {"arrayJobId": ref, "jobStatus": status, "maxResults": PAGE_JOBS}
        async for one in self._clients.items("batch", "list_jobs", what, "jobSummaryList", **arguments):
            yield one

    async def _is_array(self, ref: str) -> bool:
        if ref not in self._arrays:
            await self._described([ref])
        return self._arrays.get(ref, False)

    async def _job_of(self, ref: str, index: int) -> str:
        """The id of one task's job."""
        return f"{ref}:{index}" if await self._is_array(ref) else ref

    async def _events(self, place: tuple[str, str], **arguments: Any) -> dict[str, Any] | None:
        """An answer of ``GetLogEvents``; None if nothing has been written yet."""
        group, stream = place
        named = {"logGroupName": group, "logStreamName": stream}
        try:
            return await self._clients.call("logs", "get_log_events", f"reading the log {stream}", **named, **arguments)
        except RefusedError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None

    async def _log_of(self, job_id: str) -> tuple[str, str] | None:
        """Group and stream; None until there is one."""
        if job_id not in self._logs:
            for job in await self._described([job_id]):
                container = job.get("container") or {}
                if stream := container.get("logStreamName"):
                    options = (container.get("logConfiguration") or {}).get("options") or {}
                    self._logs[job_id] = (options.get("awslogs-group", DEFAULT_LOG_GROUP), stream)
        return self._logs.get(job_id)


def _lines(answer: Mapping[str, Any]) -> bytes:
    return "".join(f"{event['message']}\n" for event in answer["events"]).encode()


def _share(options: JobOptions) -> dict[str, Any]:
    """AWS takes no job in a share without a priority: the job's own, or that of its definition, which ours do not have."""
    found: dict[str, Any] = {}
    if options.share_identifier is not None:
        found["shareIdentifier"] = options.share_identifier
    if options.scheduling_priority is not None:
        found["schedulingPriorityOverride"] = options.scheduling_priority
    elif found and not options.job_definition:
        found["schedulingPriorityOverride"] = 0
    return found


def _retry_strategy(attempts: int) -> dict[str, Any]:
    """Starts again what lost its host, and nothing else: what matches no row would be retried."""
    rows = [{"onStatusReason": pattern, "action": "RETRY"} for pattern in LOST_HOST]
    return {"attempts": attempts, "evaluateOnExit": [*rows, {"onReason": "*", "action": "EXIT"}]}


def compact(command: Sequence[str]) -> list[str]:
    """The same command in fewer characters, if it is a program for Python: AWS takes few of them beside a definition."""
    *start, flag, source = command
    if flag != "-c":
        return list(command)
    packed = base64.b85encode(zlib.compress(source.encode(), 9)).decode()
    return [*start, flag, f"import base64,zlib;exec(zlib.decompress(base64.b85decode({packed!r})))"]
