"""The operations of Google Batch."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from google.cloud.batch_v1 import types

from ..filters import compile_filter
from ..identity import Identities
from ..pagination import paginate
from ..refusal import RefusalError
from .events import ACTIVE
from .jobs import GROUP, Job, create
from .operations import Operations
from .regions import REGIONS
from .scheduler import Scheduler
from .validation import check_job, check_request, complete_job, invalid

_PAGE, _MAX_PAGE = 100, 1000
_PARENT: Final = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)")
_TASK_NAME: Final = re.compile(r"(?P<job>.+/jobs/[^/]+)/taskGroups/(?P<group>[^/]+)(?:/tasks/(?P<index>\d+))?")
_ORDERS: Final[dict[str, tuple[Callable[[Job], Any], bool]]] = {
    "": (lambda job: job.message.create_time.ToNanoseconds(), True),
    "name": (lambda job: job.name, False),
    "name desc": (lambda job: job.name, True),
    "create_time": (lambda job: job.message.create_time.ToNanoseconds(), False),
    "create_time desc": (lambda job: job.message.create_time.ToNanoseconds(), True),
}


class BatchApi:
    """Answers requests of the library's own types."""

    operations: Final = {
        name: getattr(types, f"{name}Request").pb()
        for name in ("CreateJob", "GetJob", "ListJobs", "DeleteJob", "CancelJob", "GetTask", "ListTasks")
    }

    def __init__(self, project: str, scheduler: Scheduler, operations: Operations, identities: Identities) -> None:
        self._project = project
        self._scheduler = scheduler
        self._operations = operations
        self._identities = identities
        self._handlers: dict[str, Callable[[Any], Any]] = {
            "CreateJob": self._create,
            "GetJob": lambda request: self._job(request.name).view(),
            "ListJobs": self._list,
            "DeleteJob": lambda request: self._end(request.name, "delete"),
            "CancelJob": lambda request: self._end(request.name, "cancel"),
            "GetTask": lambda request: self._task(request.name),
            "ListTasks": self._list_tasks,
        }

    def __call__(self, operation: str, request: Any) -> Any:
        """:raises RefusalError: if the service refuses"""
        with self._scheduler.changed:
            answer = self._handlers[operation](request)
            # What is shown must not change while it is on its way.
            copied = type(answer)()
            copied.CopyFrom(answer)
            return copied

    def _create(self, request: Any) -> Any:
        location = self._location(request.parent)
        check_request(request)
        check_job(request.job, location)
        account = self._identities.account(request.job.allocation_policy.service_account.email)
        job_id = request.job_id or f"j-{secrets.token_hex(16)[:35]}"
        name = f"{request.parent}/jobs/{job_id}"
        if existing := self._scheduler.jobs.get(name):
            if request.request_id and existing.request_id == request.request_id:
                return existing.view()
            raise RefusalError("ALREADY_EXISTS", f"Resource '{name}' already exists.")
        message = types.Job.pb()()
        message.CopyFrom(request.job)
        message.name = name
        message.uid = f"{job_id[:25]}-{secrets.token_hex(18)[:36]}"
        message.ClearField("status")
        message.create_time.FromNanoseconds(time.time_ns())
        message.update_time.CopyFrom(message.create_time)
        complete_job(message, location, self._identities.default)
        job = create(message, request.request_id, account.silent_s)
        self._scheduler.submit(job)
        return job.view()

    def _list(self, request: Any) -> Any:
        location = _PARENT.fullmatch(request.parent)
        if location is None or location["location"] != "-":
            self._location(request.parent)
        else:
            self._check_project(location["project"])
        if request.order_by not in _ORDERS:
            raise invalid(f"Unsupported order_by: {request.order_by!r}.")
        prefix = request.parent.removesuffix("-") if request.parent.endswith("/-") else f"{request.parent}/"
        key, is_reversed = _ORDERS[request.order_by]
        fits = compile_filter(request.filter)
        jobs = sorted(
            (j for n, j in self._scheduler.jobs.items() if n.startswith(prefix)), key=key, reverse=is_reversed
        )
        shown, token = paginate([job for job in jobs if fits(job.message)], request, default=_PAGE, most=_MAX_PAGE)
        return types.ListJobsResponse.pb()(jobs=[job.view() for job in shown], next_page_token=token)

    def _list_tasks(self, request: Any) -> Any:
        found = _TASK_NAME.fullmatch(request.parent)
        if found is None or found["index"] is not None:
            raise invalid(f"Invalid parent: {request.parent!r}.")
        job = self._job(found["job"])
        if found["group"] not in (GROUP, "-"):
            raise _not_found(request.parent)
        fits = compile_filter(request.filter, {"state": "status.state"})
        tasks = [task.message for task in job.tasks if fits(task.message)]
        shown, token = paginate(tasks, request, default=_PAGE, most=_MAX_PAGE)
        return types.ListTasksResponse.pb()(tasks=shown, next_page_token=token)

    def _task(self, name: str) -> Any:
        found = _TASK_NAME.fullmatch(name)
        if found is None or found["index"] is None:
            raise invalid(f"Invalid name: {name!r}.")
        tasks, index = self._job(found["job"]).tasks, int(found["index"])
        if found["group"] != GROUP or index >= len(tasks):
            raise _not_found(name)
        return tasks[index].message

    def _end(self, name: str, verb: str) -> Any:
        job = self._job(name)
        if verb == "cancel" and job.state not in ACTIVE:
            state = type(job.message.status).State.Name(job.state)
            raise RefusalError("FAILED_PRECONDITION", f"Job {name} is {state} and cannot be cancelled.")
        operation = self._operations.begin(name, verb)
        end = self._scheduler.cancel if verb == "cancel" else self._scheduler.delete
        end(job, lambda: self._operations.finish(operation, verb))
        return operation

    def _job(self, name: str) -> Job:
        parent, _, job_id = name.rpartition("/jobs/")
        self._location(parent)
        job = self._scheduler.jobs.get(name)
        if job is None or not job_id:
            raise _not_found(name)
        return job

    def _location(self, parent: str) -> str:
        found = _PARENT.fullmatch(parent)
        if found is None:
            raise invalid(f"Invalid parent: {parent!r}. It must be projects/PROJECT/locations/LOCATION.")
        self._check_project(found["project"])
        if found["location"] not in REGIONS:
            raise RefusalError(
                "PERMISSION_DENIED", f"Location {found['location']} is not found or access is unauthorized."
            )
        return found["location"]

    def _check_project(self, project: str) -> None:
        if project != self._project:
            raise RefusalError(
                "PERMISSION_DENIED",
                f"Permission denied on resource project {project}. CONSUMER_INVALID: project {project} is not found.",
            )


def _not_found(name: str) -> RefusalError:
    return RefusalError("NOT_FOUND", f'Resource "{name}" was not found')
