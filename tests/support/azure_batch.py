"""Azure Batch on this machine as its own library sees it, with a few words for tests of tasks. It runs in a process of its own."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from azure.batch import BatchClient
from azure.batch import models as m
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse

from covalent.testing.emulated import Control, FaultControl

_NUMBERS = itertools.count()

KEY = base64.b64encode(b"k" * 64).decode()


def shell(script: str) -> str:
    return f"/bin/sh -c '{script}'"


def refusal(error: pytest.ExceptionInfo[HttpResponseError]) -> tuple[int | None, str]:
    """Status and code."""
    body = json.loads(error.value.response.body()) if error.value.response is not None else {}
    return error.value.status_code, body["code"]


def details(error: pytest.ExceptionInfo[HttpResponseError]) -> dict[str, str]:
    assert error.value.response is not None
    return {each["key"]: each["value"] for each in json.loads(error.value.response.body())["values"]}


class AzureBatch:
    def __init__(self, containers: str = "none") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.azure_batch_server", containers],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        self.control = Control(self.endpoint)
        self.faults = FaultControl(self.control)
        self.batch = self.client()

    def client(self, account: str = "covalent") -> BatchClient:
        return BatchClient(self.endpoint, AzureNamedKeyCredential(account, KEY), retry_total=0)

    def close(self) -> None:
        self.batch.close()
        self._process.communicate(timeout=30)

    def clean(self) -> None:
        """End all faults and all jobs."""
        self.faults.clear()
        for job in self.batch.list_jobs(select=["id"]):
            self.ask("DELETE", f"/jobs/{job.id}")
        until(lambda: not list(self.batch.list_jobs(select=["id"])))
        self.control.ask("DELETE", "calls")

    def calls(self) -> dict[str, int]:
        report = json.loads(self.control.ask("GET", "calls"))
        found: dict[str, int] = report["client"]["operations"].get("batch", {})
        return found

    def job(self, pool: str = "pool", **more: Any) -> str:
        """A new one; its id."""
        job_id = more.pop("id", f"job-{next(_NUMBERS)}")
        self.batch.create_job(m.BatchJobCreateOptions(id=job_id, pool_info=m.BatchPoolInfo(pool_id=pool), **more))
        return job_id

    def task(self, command: str, job: str | None = None, **more: Any) -> tuple[str, str]:
        """A new one, in a new job unless one is named; the ids of both."""
        job = job or self.job(more.pop("pool", "pool"))
        task_id = more.pop("id", f"task-{next(_NUMBERS)}")
        self.batch.create_task(job, m.BatchTaskCreateOptions(id=task_id, command_line=command, **more))
        return job, task_id

    def end(self, job: str, task: str, patience_s: float = 20) -> m.BatchTask:
        return self.reach(job, task, m.BatchTaskState.COMPLETED, patience_s)

    def reach(self, job: str, task: str, state: str, patience_s: float = 20) -> m.BatchTask:
        deadline = time.monotonic() + patience_s
        while (found := self.batch.get_task(job, task)).state != state:
            assert time.monotonic() < deadline, found.as_dict()
            time.sleep(0.02)
        return found

    def run(self, command: str, **more: Any) -> m.BatchTask:
        """A task in a new job, run to its end."""
        return self.end(*self.task(command, **more))

    def printed(self, command: str, **more: Any) -> str:
        """What such a task prints."""
        job, task = self.task(command, **more)
        ended = self.end(job, task)
        assert ended.execution_info.result == "success", ended.as_dict()
        return self.read(job, task)

    def read(self, job: str, task: str, file: str = "stdout.txt") -> str:
        return b"".join(self.batch.download_task_file(job, task, file)).decode()

    def ask(self, method: str, path: str, version: str = "2025-06-01", **more: Any) -> HttpResponse:
        """Past the library's own operations."""
        params = {"api-version": version} if version else {}
        return self.batch.send_request(HttpRequest(method, f"{self.endpoint}{path}", params=params, **more))

    def terminate(self, job: str, reason: str = "tested") -> None:
        """Without waiting for it, as ``begin_terminate_job`` does in a thread."""
        self.ask("POST", f"/jobs/{job}/terminate", json={"terminateReason": reason}).raise_for_status()

    def job_ends(self, job: str) -> m.BatchJob:
        until(lambda: self.batch.get_job(job).state == m.BatchJobState.COMPLETED)
        return self.batch.get_job(job)


def until(condition: Any, patience_s: float = 20) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
