"""The emulated AWS as boto3 sees it, with a few words for tests of jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config

from covalent.testing import EmulatedAWS

QUEUE = "covalent-batch-queue"
BUCKET = "covalent-batch-job-resources"
LOG_GROUP = "covalent-batch-job-logs"
ROLE = "arn:aws:iam::123456789012:role/CovalentBatchJobRole"

FINAL = ("SUCCEEDED", "FAILED")

#: One try, and the error of that try.
ONCE = Config(retries={"total_max_attempts": 1})


class EmulatedBatch:
    def __init__(self, aws: EmulatedAWS) -> None:
        self.aws = aws
        self.batch, self.s3, self.logs = (self.client(name) for name in ("batch", "s3", "logs"))

    def client(self, name: str, **options: Any) -> Any:
        environment = self.aws.environment
        return boto3.client(
            name,
            **{
                "endpoint_url": self.aws.endpoint,
                "region_name": environment["AWS_REGION"],
                "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
                "config": ONCE,
                **options,
            },
        )

    def define(
        self,
        *command: str,
        name: str = "definition",
        vcpus: str = "1",
        memory: str = "512",
        properties: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Register a definition; return its ARN."""
        container = {
            "image": "python:3",
            "command": list(command),
            "resourceRequirements": [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": memory}],
            **(properties or {}),
        }
        answer = self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container, **more
        )
        return str(answer["jobDefinitionArn"])

    def submit(self, definition: str, *, name: str = "job", queue: str = QUEUE, **more: Any) -> str:
        answer = self.batch.submit_job(jobName=name, jobQueue=queue, jobDefinition=definition, **more)
        return str(answer["jobId"])

    def run(self, *command: str, properties: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Run a command as a job; return what is known of it in the end."""
        return self.end(self.submit(self.define(*command, properties=properties), **more))

    def describe(self, job: str) -> dict[str, Any]:
        found = self.batch.describe_jobs(jobs=[job])["jobs"]
        assert len(found) == 1
        return dict(found[0])

    def end(self, job: str) -> dict[str, Any]:
        return self.wait(job, lambda view: view["status"] in FINAL)

    def wait(self, job: str, until: Callable[[dict[str, Any]], bool], patience_s: float = 30) -> dict[str, Any]:
        deadline = time.monotonic() + patience_s
        while not until(view := self.describe(job)):
            assert time.monotonic() < deadline, view
            time.sleep(0.02)
        return view

    def running(self, job: str) -> dict[str, Any]:
        return self.wait(job, lambda view: view["status"] == "RUNNING")

    def children(self, job: str, status: str) -> list[str]:
        pages = self.batch.get_paginator("list_jobs").paginate(arrayJobId=job, jobStatus=status)
        return [each["jobId"] for page in pages for each in page["jobSummaryList"]]

    def printed(self, view: Mapping[str, Any], group: str = "/aws/batch/job") -> list[str]:
        """The lines of a job's log."""
        stream = view["container"]["logStreamName"]
        page = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in page["events"]]


def shell(script: str) -> Sequence[str]:
    return ("/bin/sh", "-c", script)
