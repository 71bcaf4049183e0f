"""Operations on jobs.

Source: https://learn.microsoft.com/rest/api/batchservice/job
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...http import Response
from ..refusal import RefusalError
from .checks import check_changes, check_job
from .jobs import DEFAULTS, Job, JobState
from .lists import EntitySet
from .pools import MakePool
from .scheduler import Scheduler
from .schema import missing, property_names, unsupported
from .settings import PoolSettings
from .tasks import Ending
from .wire import Call, Route, Version, answer

#: What PUT replaces, and with what if it is left out.
_REPLACED: Final[dict[str, Any]] = {
    **{name: DEFAULTS[name] for name in ("priority", "maxParallelTasks", "allowTaskPreemption", "onAllTasksComplete")},
    "constraints": {},
    "metadata": [],
}

#: What a job cannot be told in one of these states, and why.
_CLOSED: Final = {
    JobState.TERMINATING: ("JobBeingTerminated", "The specified job is being terminated."),
    JobState.COMPLETED: ("JobCompleted", "The specified job is already in a completed state."),
    JobState.DELETING: (
        "JobBeingDeleted",
        "The specified job has been marked for deletion and is being garbage collected.",
    ),
}

_ENDINGS: Final = {"requeue": Ending.REQUEUE, "terminate": Ending.TERMINATE, "wait": None}


def job_of(scheduler: Scheduler, call: Call) -> Job:
    """
    :raises RefusalError: if there is no such job
    """
    found = scheduler.jobs.get(call.names["job"].lower())
    if found is None:
        raise RefusalError("JobNotFound", "The specified job does not exist.", status=404)
    return found


def check_open(job: Job) -> None:
    """
    :raises RefusalError: if it has ended, or is about to
    """
    if not job.is_open:
        code, message = _CLOSED[job.state]
        raise RefusalError(code, message, status=409)


class JobApi:
    def __init__(self, scheduler: Scheduler, account_url: str, quota: int, make_pool: MakePool) -> None:
        """
        :param quota: jobs that are not completed
        """
        self._scheduler = scheduler
        self._account_url = account_url
        self._entities = EntitySet(account_url=account_url, name="jobs", properties=property_names("BatchJob"))
        self._quota = quota
        self._make_pool = make_pool
        self._numbers = itertools.count(1)

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/jobs", "CreateJob", self._create),
            Route("GET", "/jobs", "ListJobs", self._list),
            Route("GET", "/jobs/{job}", "GetJob", self._get),
            Route("PATCH", "/jobs/{job}", "UpdateJob", self._update),
            Route("PUT", "/jobs/{job}", "ReplaceJob", self._replace),
            Route("DELETE", "/jobs/{job}", "DeleteJob", self._delete),
            Route("POST", "/jobs/{job}/terminate", "TerminateJob", self._terminate),
            Route("POST", "/jobs/{job}/disable", "DisableJob", self._disable),
            Route("POST", "/jobs/{job}/enable", "EnableJob", self._enable),
            Route("GET", "/jobs/{job}/taskcounts", "GetJobTaskCounts", self._count),
            Route(
                "GET",
                "/jobs/{job}/jobpreparationandreleasetaskstatus",
                "ListJobPreparationAndReleaseTaskStatus",
                self._no_preparation,
            ),
        )

    def _create(self, call: Call) -> Response:
        given = call.parse("BatchJobCreateOptions")
        check_job(given)
        if given["id"].lower() in self._scheduler.jobs:
            raise RefusalError("JobExists", "The specified job already exists.", status=409)
        active = sum(job.state is not JobState.COMPLETED for job in self._scheduler.jobs.values())
        if active >= self._quota:
            raise RefusalError(
                "ActiveJobAndScheduleQuotaReached",
                "The active job and schedule quota for the account has been reached.",
                status=409,
                details={"Limit": str(self._quota)},
            )
        job = Job(given=given, number=next(self._numbers), account_url=self._account_url)
        if automatic := given["poolInfo"].get("autoPoolSpecification"):
            job.auto_pool = self._make_pool(_auto_pool(automatic))
        self._scheduler.add_job(job)
        return self._told(job, 201, {"location": job.url})

    def _list(self, call: Call) -> Response:
        views = (job.view() for job in self._scheduler.jobs.values())
        return self._entities.page(call, views, f"{self._account_url}/jobs")

    def _get(self, call: Call) -> Response:
        job = self._job(call)
        return self._entities.element(call, job.view(), _version(job))

    def _update(self, call: Call) -> Response:
        return self._change(self._job(call), call.parse("BatchJobUpdateOptions"))

    def _replace(self, call: Call) -> Response:
        job = self._job(call)
        given = call.parse("BatchJobUpdateOptions")
        if "poolInfo" not in given:
            raise missing("poolInfo")
        return self._change(job, {**_REPLACED, **given})

    def _change(self, job: Job, given: dict[str, Any]) -> Response:
        check_open(job)
        check_changes(given)
        if "poolInfo" in given and given["poolInfo"] != job.given["poolInfo"] and job.state is not JobState.DISABLED:
            raise RefusalError(
                "OperationInvalidForCurrentState",
                "The specified operation is not valid for the current state of the resource.",
                status=409,
                details={"Reason": "The pool of a job can be changed only while the job is disabled."},
            )
        _check_ending(job.given, given)
        job.given |= given
        job.touch()
        if "constraints" in given:
            self._scheduler.limit_job(job)
        self._scheduler.look_at(job)
        self._scheduler.changed.notify_all()
        return self._told(job, 200)

    def _delete(self, call: Call) -> Response:
        job = self._job(call)
        if job.state is JobState.DELETING:
            check_open(job)
        self._scheduler.delete_job(job)
        return answer(202)

    def _terminate(self, call: Call) -> Response:
        job = self._job(call)
        given = call.parse_optional("BatchJobTerminateOptions")
        check_open(job)
        self._scheduler.terminate_job(job, given.get("terminateReason", "UserTerminate"))
        return self._told(job, 202)

    def _disable(self, call: Call) -> Response:
        job = self._job(call)
        given = call.parse("BatchJobDisableOptions")
        check_open(job)
        if job.state in (JobState.DISABLING, JobState.DISABLED):
            raise RefusalError("JobDisabled", "The specified job is disabled.", status=409)
        self._scheduler.disable_job(job, _ENDINGS[given["disableTasks"]])
        return self._told(job, 202)

    def _enable(self, call: Call) -> Response:
        job = self._job(call)
        check_open(job)
        if job.state is not JobState.ACTIVE:
            self._scheduler.enable_job(job)
        return self._told(job, 202)

    def _count(self, call: Call) -> Response:
        job = self._job(call)
        names = ("active", "running", "completed", "succeeded", "failed")
        return answer(
            200,
            {
                "taskCounts": {name: job.counts[name] for name in names},
                "taskSlotCounts": {name: job.slot_counts[name] for name in names},
            },
        )

    def _no_preparation(self, call: Call) -> Response:
        self._job(call)
        raise RefusalError(
            "JobPreparationTaskNotSpecified", "The specified job does not have job preparation task.", status=409
        )

    def _job(self, call: Call) -> Job:
        job = job_of(self._scheduler, call)
        call.check_conditions(_version(job))
        return job

    def _told(self, job: Job, status: int, headers: dict[str, str] | None = None) -> Response:
        return answer(status, version=_version(job), headers={"dataserviceid": job.url, **(headers or {})})


def _version(job: Job) -> Version:
    return Version(job.etag, job.modified)


def _auto_pool(given: dict[str, Any]) -> PoolSettings:
    """
    :raises RefusalError: if the emulator cannot make such a pool
    """
    pool = given["pool"]
    for name in ("startTask", "mountConfiguration", "applicationPackageReferences", "userAccounts"):
        if pool.get(name):
            raise unsupported(f"poolInfo.autoPoolSpecification.pool.{name}", "its nodes are this machine.")
    if pool.get("enableAutoScale"):
        raise unsupported("poolInfo.autoPoolSpecification.pool.enableAutoScale", "it evaluates no formulas.")
    machine = pool.get("virtualMachineConfiguration", {})
    name = f"{given.get('autoPoolIdPrefix', '')}{'_' if given.get('autoPoolIdPrefix') else ''}{secrets.token_hex(16)}"
    return PoolSettings(
        id=name,
        nodes=pool.get("targetDedicatedNodes", 0),
        spot_nodes=pool.get("targetLowPriorityNodes", 0),
        slots_per_node=pool.get("taskSlotsPerNode", 1),
        has_containers="containerConfiguration" in machine,
        vm_size=pool["vmSize"],
    )


def _check_ending(before: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """A job that is to end with its tasks remains so. Source: docstring of ``BatchJobUpdateOptions.all_tasks_complete_mode``."""
    mode = "onAllTasksComplete"
    if before.get(mode) == "terminatejob" and given.get(mode, "terminatejob") != "terminatejob":
        raise RefusalError(
            "InvalidPropertyValue",
            "The value provided for one of the properties in the request body is invalid.",
            status=400,
            details={"PropertyName": mode, "Reason": "It cannot be changed once it is terminatejob."},
        )
