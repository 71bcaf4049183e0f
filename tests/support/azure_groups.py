"""Groups for Azure on this machine, submitted without an engine, and what becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from azure.batch import BatchClient, models

from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.azurebatch.names import GroupRef
from covalent.executor.azurebatch.service import AzureBatchService
from covalent.executor.batch.service import Job, JobState, JobView
from covalent.testing import EmulatedAzure

from .azure_cloud import OPTIONS

#: What jobs of these tests run, in place of the runner.
PROGRAM: Final = "import os, sys, time; print('task', os.environ['COVALENT_TASK_INDEX'], flush=True); "

PATIENCE_S: Final = 20


def job(name: str, program: str = "", *, size: int = 1, dispatch: str = "d1", **settings: Any) -> Job:
    return Job(
        name=name,
        size=size,
        command=("python3", "-c", PROGRAM + program),
        environment={"COVALENT_PYTHON": "3.11"},
        options=AzureBatchExecutor(**{**OPTIONS, **settings}).job_options(),
        tags={"covalent-dispatch": dispatch, "covalent-group": name},
    )


async def ended(service: AzureBatchService, ref: str) -> JobView:
    return await reached(service, ref, JobState.SUCCEEDED, JobState.FAILED)


async def reached(service: AzureBatchService, ref: str, *states: JobState) -> JobView:
    async with asyncio.timeout(PATIENCE_S):
        while (view := (await service.describe([ref]))[ref]).state not in states:
            await asyncio.sleep(0.1)
    return view


async def job_ended(client: BatchClient, ref: str) -> models.BatchJob:
    async with asyncio.timeout(PATIENCE_S):
        while (found := client.get_job(GroupRef.parse(ref).job)).state != models.BatchJobState.COMPLETED:
            await asyncio.sleep(0.1)
    return found


def batch_calls(azure: EmulatedAzure) -> dict[str, int]:
    return dict(azure.calls().client["batch"])
