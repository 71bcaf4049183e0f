"""The operations of AWS Batch that concern jobs and their definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from ...faults import Faults
from ...http import Request, Response
from ..moto_border import Moto, Queue
from ..refusal import RefusalError
from . import listing, submission, views
from .definitions import Definitions, check_tags
from .jobs import Job, create
from .scheduler import Scheduler
from .wording import refused, rejected

#: Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html
MAX_DESCRIBED: Final = 100
_MAX_DEFINITIONS: Final = 100

_Fields = Mapping[str, Any]


class BatchApi:
    """Answers those operations that it has, in one region; the others are moto's."""

    def __init__(self, region: str, moto: Moto, scheduler: Scheduler, faults: Faults) -> None:
        from botocore.session import Session
        from botocore.validate import ParamValidator

        self._region = region
        self._moto = moto
        self._scheduler = scheduler
        self._faults = faults
        self._definitions = Definitions(region)
        self._model = Session().get_service_model("batch")
        self._validator = ParamValidator()
        self._operations: dict[str, Callable[[_Fields, int], _Fields]] = {
            "RegisterJobDefinition": self._register,
            "DescribeJobDefinitions": self._describe_definitions,
            "DeregisterJobDefinition": self._deregister,
            "SubmitJob": self._submit,
            "DescribeJobs": self._describe,
            "ListJobs": self._list,
            "CancelJob": self._cancel,
            "TerminateJob": self._terminate,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._tags,
        }

    def has(self, operation: str) -> bool:
        return operation in self._operations

    def __call__(self, operation: str, request: Request) -> Response:
        """:raises RefusalError: if the service refuses"""
        fields = self._fields(operation, request)
        answer = self._operations[operation](fields, len(request.body))
        return Response(headers={"content-type": "application/json"}, body=json.dumps(answer).encode())

    def _fields(self, operation: str, request: Request) -> dict[str, Any]:
        """What is asked, checked against the service's own model."""
        try:
            fields: dict[str, Any] = json.loads(request.body or b"{}")
        except ValueError as error:
            raise RefusalError("SerializationException", f"The request is not JSON: {error}") from error
        if operation.endswith("Resource"):
            fields["resourceArn"] = unquote(request.path.removeprefix("/v1/tags/"))
        if operation == "UntagResource":
            fields["tagKeys"] = parse_qs(request.query).get("tagKeys", [])
        problems = self._validator.validate(fields, self._model.operation_model(operation).input_shape)
        if problems.has_errors():
            raise rejected(problems.generate_report())
        return fields

    def _register(self, fields: _Fields, size_bytes: int) -> _Fields:
        definition = self._definitions.register(fields, size_bytes)
        self._set_tags(definition.arn, fields.get("tags", {}))
        return {
            "jobDefinitionName": definition.name,
            "jobDefinitionArn": definition.arn,
            "revision": definition.revision,
        }

    def _describe_definitions(self, fields: _Fields, _: int) -> _Fields:
        if len(fields.get("jobDefinitions", ())) > _MAX_DEFINITIONS:
            raise rejected(f"Maximum number of job definitions supported is {_MAX_DEFINITIONS}.")
        size = listing.page_size(fields, _MAX_DEFINITIONS)
        found, token = listing.page(self._definitions.select(fields), size, fields.get("nextToken"))
        shown = [definition.view(self._tags_of(definition.arn)) for definition in found]
        return {"jobDefinitions": shown, **({"nextToken": token} if token else {})}

    def _deregister(self, fields: _Fields, _: int) -> _Fields:
        self._definitions.deregister(fields["jobDefinition"])
        return {}

    def _submit(self, fields: _Fields, size_bytes: int) -> _Fields:
        queue = self._queue(fields["jobQueue"])
        definition = self._definitions.active(fields["jobDefinition"])
        missing = [
            each["jobId"] for each in fields.get("dependsOn", ()) if "jobId" in each and not self._job(each["jobId"])
        ]
        if missing:
            raise rejected(f"Job {missing[0]}, on which the job depends, does not exist.")
        job = create(submission.order(fields, size_bytes, queue, definition))
        self._set_tags(job.arn, fields.get("tags", {}))
        self._scheduler.submit(job)
        return {"jobArn": job.arn, "jobId": job.id, "jobName": job.order.name}

    def _describe(self, fields: _Fields, _: int) -> _Fields:
        if len(fields["jobs"]) > MAX_DESCRIBED:
            raise rejected(f"Maximum number of jobs supported is  {MAX_DESCRIBED} .")
        hold = self._faults.hold()
        with self._scheduler.changed:
            found = [self._job(each) for each in dict.fromkeys(fields["jobs"])]
            return {"jobs": [views.detail(job, self._tags_of(job.arn), hold) for job in found if job]}

    def _list(self, fields: _Fields, _: int) -> _Fields:
        given = [name for name in ("jobQueue", "arrayJobId", "multiNodeJobId") if fields.get(name)]
        if len(given) != 1:
            raise rejected("Exactly one of jobQueue, arrayJobId, multiNodeJobId must be specified.")
        queue = self._queue(fields["jobQueue"]) if given == ["jobQueue"] else None
        hold = self._faults.hold()
        with self._scheduler.changed:
            parent = self._job(fields[given[0]])
            jobs = listing.select(fields, self._scheduler.jobs(), queue, parent)
            found, token = listing.page(jobs, listing.job_page_size(fields), fields.get("nextToken"))
            shown = [views.summary(job, hold) for job in found]
        return {"jobSummaryList": shown, **({"nextToken": token} if token else {})}

    def _cancel(self, fields: _Fields, _: int) -> _Fields:
        if job := self._job(fields["jobId"]):
            self._scheduler.cancel(job, fields["reason"])
        return {}

    def _terminate(self, fields: _Fields, _: int) -> _Fields:
        if job := self._job(fields["jobId"]):
            self._scheduler.terminate(job, fields["reason"])
        return {}

    def _tag(self, fields: _Fields, _: int) -> _Fields:
        check_tags({"tags": {**self._tags_of(fields["resourceArn"]), **fields["tags"]}})
        self._set_tags(fields["resourceArn"], fields["tags"])
        return {}

    def _untag(self, fields: _Fields, _: int) -> _Fields:
        self._moto.untag(self._region, fields["resourceArn"], fields["tagKeys"])
        return {}

    def _tags(self, fields: _Fields, _: int) -> _Fields:
        return {"tags": self._tags_of(fields["resourceArn"])}

    def _queue(self, name_or_arn: str) -> Queue:
        queue = self._moto.queue(self._region, name_or_arn)
        if queue is None:
            raise refused(f"JobQueue {name_or_arn} not found.")
        return queue

    def _job(self, id_or_arn: str) -> Job | None:
        return self._scheduler.job(id_or_arn.rpartition("/")[2])

    def _tags_of(self, arn: str) -> dict[str, str]:
        return self._moto.tags(self._region, arn)

    def _set_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        self._moto.tag(self._region, arn, tags)
