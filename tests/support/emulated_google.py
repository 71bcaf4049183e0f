"""The emulated Google Cloud as its own libraries see it, with a few words for tests of jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import grpc
from google.cloud.batch_v1 import BatchServiceClient, Job, JobStatus, Task, TaskStatus
from google.cloud.batch_v1.services.batch_service.transports import BatchServiceGrpcTransport
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import LoggingServiceV2GrpcTransport
from obstore.store import GCSStore

from covalent.testing import EmulatedGoogle

PROJECT, REGION = "covalent-project", "us-east1"
PARENT = f"projects/{PROJECT}/locations/{REGION}"
BUCKET = "covalent-batch-job-resources"

State, TaskState = JobStatus.State, TaskStatus.State
FINAL = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


class EmulatedGoogleBatch:
    def __init__(self, google: EmulatedGoogle) -> None:
        self.google = google
        self._channel = grpc.insecure_channel(google.environment["COVALENT_GCP_BATCH_ENDPOINT"])
        self.batch = BatchServiceClient(transport=BatchServiceGrpcTransport(channel=self._channel))
        self.logging = LoggingServiceV2Client(transport=LoggingServiceV2GrpcTransport(channel=self._channel))

    def close(self) -> None:
        self._channel.close()

    def store(self, bucket: str = BUCKET, token: str = "anonymous") -> GCSStore:
        options = {"client_options": {"allow_http": True}, "retry_config": {"max_retries": 0}}
        return GCSStore(bucket, base_url=self.google.endpoint, bearer_token=token, **options)

    def spec(self, *command: str, **more: Any) -> dict[str, Any]:
        """Of a job of one task, unless ``group`` says more. ``task`` adds to its task spec, ``group`` to its group."""
        container = {"image_uri": more.pop("image", "python:3"), "commands": list(command)}
        container |= {name: more.pop(name) for name in ("options", "entrypoint") if name in more}
        task = {"runnables": [{"container": container}], "compute_resource": {"cpu_milli": 1000, "memory_mib": 512}}
        task |= more.pop("task", {})
        group = {"task_spec": task, **more.pop("group", {})}
        return {"task_groups": [group], "logs_policy": {"destination": "CLOUD_LOGGING"}, **more}

    def create(self, spec: dict[str, Any], job_id: str = "", **more: Any) -> Job:
        return self.batch.create_job({"parent": PARENT, "job": spec, "job_id": job_id, **more})

    def run(self, *command: str, **more: Any) -> Job:
        """Run a job to its end."""
        return self.end(self.create(self.spec(*command, **more)).name)

    def end(self, name: str, patience_s: float = 40) -> Job:
        return self.reach(name, *FINAL, patience_s=patience_s)

    def reach(self, name: str, *states: State, patience_s: float = 40) -> Job:
        deadline = time.monotonic() + patience_s
        while (job := self.batch.get_job(name=name)).status.state not in states:
            assert time.monotonic() < deadline, job.status
            time.sleep(0.02)
        return job

    def tasks(self, job: Job | str) -> list[Task]:
        name = job if isinstance(job, str) else job.name
        return list(self.batch.list_tasks(parent=f"{name}/taskGroups/group0"))

    def exit_codes(self, job: Job, index: int = 0) -> list[int]:
        """Of all attempts of a task."""
        events = self.tasks(job)[index].status.status_events
        return [event.task_execution.exit_code for event in events if "task_execution" in event]

    def printed(self, job: Job, index: int = 0, severity: str = "") -> list[str]:
        wanted = [f'labels.job_uid="{job.uid}"', f'labels.task_id:"task/{job.uid}-group0-{index}/"']
        return [entry.text_payload for entry in self.entries(*wanted, *([severity] if severity else []))]

    def entries(self, *wanted: str, **more: Any) -> Sequence[Any]:
        request = {
            "resource_names": [f"projects/{PROJECT}"],
            "filter": " AND ".join(('log_name:"batch_task_logs"', *wanted)),
            **more,
        }
        return list(self.logging.list_log_entries(request))
