"""Operations on tasks.

Source: https://learn.microsoft.com/rest/api/batchservice/task
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...http import Response
from ..refusal import RefusalError
from .checks import check_task
from .job_api import check_open, job_of
from .jobs import Job
from .lists import EntitySet
from .scheduler import Scheduler
from .schema import parse, property_names
from .tasks import Task, TaskState
from .wire import Call, Route, Version, answer, error_view

#: Tasks that one call adds at most. Source: https://learn.microsoft.com/rest/api/batchservice/task/add-collection
_MAX_TASKS: Final = 100


def task_of(scheduler: Scheduler, call: Call) -> Task:
    """
    :raises RefusalError: if there is no such task
    """
    found = job_of(scheduler, call).tasks.get(call.names["task"].lower())
    if found is None:
        raise RefusalError("TaskNotFound", "The specified task does not exist.", status=404)
    return found


class TaskApi:
    def __init__(self, scheduler: Scheduler, account_url: str) -> None:
        self._scheduler = scheduler
        self._account_url = account_url
        self._entities = EntitySet(account_url=account_url, name="tasks", properties=property_names("BatchTask"))

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/jobs/{job}/tasks", "CreateTask", self._create),
            Route("POST", "/jobs/{job}/addtaskcollection", "CreateTaskCollection", self._create_collection),
            Route("GET", "/jobs/{job}/tasks", "ListTasks", self._list),
            Route("GET", "/jobs/{job}/tasks/{task}", "GetTask", self._get),
            Route("PUT", "/jobs/{job}/tasks/{task}", "ReplaceTask", self._replace),
            Route("DELETE", "/jobs/{job}/tasks/{task}", "DeleteTask", self._delete),
            Route("POST", "/jobs/{job}/tasks/{task}/terminate", "TerminateTask", self._terminate),
            Route("POST", "/jobs/{job}/tasks/{task}/reactivate", "ReactivateTask", self._reactivate),
            Route("GET", "/jobs/{job}/tasks/{task}/subtasksinfo", "ListSubTasks", self._no_subtasks),
        )

    def _create(self, call: Call) -> Response:
        job = job_of(self._scheduler, call)
        check_open(job)
        task = self._add(job, call.parse("BatchTaskCreateOptions"))
        headers = {"location": task.url, "dataserviceid": task.url}
        return answer(201, version=_version(task), headers=headers)

    def _create_collection(self, call: Call) -> Response:
        job = job_of(self._scheduler, call)
        check_open(job)
        given = call.parse_each("value")
        if len(given) > _MAX_TASKS:
            raise RefusalError(
                "TooManyTasks",
                f"A collection can have {_MAX_TASKS} tasks at most.",
                details={"MaxLimit": str(_MAX_TASKS), "Count": str(len(given))},
            )
        results = [self._add_one(job, each) for each in given]
        metadata = f"{self._account_url}/$metadata#taskaddresult"
        return answer(200, {"odata.metadata": metadata, "value": results})

    def _add_one(self, job: Job, given: Any) -> dict[str, Any]:
        """A ``BatchTaskCreateResult``."""
        task_id = str(given.get("id", "")) if isinstance(given, dict) else ""
        try:
            task = self._add(job, parse("BatchTaskCreateOptions", given))
        except RefusalError as refusal:
            return {"taskId": task_id, "status": "clienterror", "error": error_view(refusal)}
        return {
            "taskId": task.id,
            "status": "success",
            "eTag": task.etag,
            "lastModified": task.modified,
            "location": task.url,
        }

    def _add(self, job: Job, given: dict[str, Any]) -> Task:
        check_task(given)
        if given["id"].lower() in job.tasks:
            raise RefusalError("TaskExists", "The specified task already exists.", status=409)
        # Nobody gets it back. The emulator pulls images as this machine's user.
        given.get("containerSettings", {}).get("registry", {}).pop("password", None)
        task = Task(job=job, given=given)
        self._scheduler.add_task(task)
        return task

    def _list(self, call: Call) -> Response:
        job = job_of(self._scheduler, call)
        return self._entities.page(call, (task.view() for task in job.tasks.values()), f"{job.url}/tasks")

    def _get(self, call: Call) -> Response:
        task = self._task(call)
        return self._entities.element(call, task.view(), _version(task))

    def _replace(self, call: Call) -> Response:
        task = self._task(call)
        given = call.parse("BatchTask")
        _check_not_completed(task)
        task.given["constraints"] = given.get("constraints", {})
        task.touch()
        return answer(200, version=_version(task), headers={"dataserviceid": task.url})

    def _delete(self, call: Call) -> Response:
        self._scheduler.delete_task(self._task(call))
        return answer(200)

    def _terminate(self, call: Call) -> Response:
        task = self._task(call)
        _check_not_completed(task)
        self._scheduler.terminate_task(task)
        return answer(204, version=_version(task), headers={"dataserviceid": task.url})

    def _reactivate(self, call: Call) -> Response:
        task = self._task(call)
        check_open(task.job)
        if task.state is not TaskState.COMPLETED:
            raise RefusalError(
                "TaskNotCompleted",
                "The specified task is not in a completed state, and the requested operation can be performed only on "
                "completed tasks.",
                status=409,
            )
        if task.has_succeeded:
            raise RefusalError(
                "TaskSucceeded",
                "The specified task has already completed successfully, and the requested operation cannot be performed "
                "on successful tasks.",
                status=409,
            )
        self._scheduler.reactivate_task(task)
        return answer(204, version=_version(task), headers={"dataserviceid": task.url})

    def _no_subtasks(self, call: Call) -> Response:
        self._task(call)
        return answer(200, {"value": []})

    def _task(self, call: Call) -> Task:
        task = task_of(self._scheduler, call)
        call.check_conditions(_version(task))
        return task


def _check_not_completed(task: Task) -> None:
    if task.state is TaskState.COMPLETED:
        raise RefusalError("TaskCompleted", "The specified task is already in a completed state.", status=409)


def _version(task: Task) -> Version:
    return Version(task.etag, task.modified)
