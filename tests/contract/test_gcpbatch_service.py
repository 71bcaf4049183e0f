"""The Google Batch executor's calls, against Google Cloud on this machine, which refuses what Google refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.cloud.batch_v1 import BatchServiceClient, Job, Runnable, TaskGroup, TaskSpec
from google.cloud.batch_v1.services.batch_service.transports import BatchServiceGrpcTransport

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.batch.causes import explain
from covalent.executor.batch.service import Job as OurJob
from covalent.executor.batch.service import JobState, JobView
from covalent.executor.gcpbatch import GCPBatchExecutor
from covalent.executor.gcpbatch.service import GCPBatchService
from covalent.states import Cause
from covalent.testing import EmulatedGoogle
from tests.support.google_cloud import BUCKET, PROJECT

pytestmark = pytest.mark.slow

pytest_plugins = ("tests.support.google_fixtures",)

#: What jobs of these tests run, in place of the runner.
PROGRAM = "import os, sys, time; print('task', os.environ['BATCH_TASK_INDEX']); "

PATIENCE_S = 20


@pytest.fixture
async def service(google: EmulatedGoogle) -> AsyncIterator[GCPBatchService]:
    service = await GCPBatchExecutor(bucket_name=BUCKET).connect()
    yield service
    await service.close()


def job(name: str, program: str = "", *, size: int = 1, **settings: Any) -> OurJob:
    return OurJob(
        name=name,
        size=size,
        command=("python3", "-c", PROGRAM + program),
        environment={"COVALENT_PYTHON": "3.11"},
        options=GCPBatchExecutor(**{"bucket_name": BUCKET, "vcpus": 1, **settings}).job_options(),
        tags={"covalent-dispatch": "d1"},
    )


async def ended(service: GCPBatchService, ref: str) -> JobView:
    return await reached(service, ref, JobState.SUCCEEDED, JobState.FAILED)


async def reached(service: GCPBatchService, ref: str, *states: JobState) -> JobView:
    async with asyncio.timeout(PATIENCE_S):
        while (view := (await service.describe([ref]))[ref]).state not in states:
            await asyncio.sleep(0.1)
    return view


async def complaint(**settings: Any) -> str:
    """What is found wrong before a job is submitted."""
    executor = GCPBatchExecutor(**{"bucket_name": BUCKET, **settings})
    service = await executor.connect()
    with pytest.raises(ExecutorError) as caught:
        await service.check(executor.job_options())
    await service.close()
    assert not caught.value.retryable
    return str(caught.value)


async def test_what_is_there_is_found_with_few_calls_and_only_once(google, service):
    for memory in (256, 512):
        await service.check(GCPBatchExecutor(bucket_name=BUCKET, memory=memory).job_options())
    assert sum(count for names in google.calls().client.values() for count in names.values()) == 2


@pytest.mark.parametrize(
    ("setting", "value"),
    [("bucket_name", "no-such-bucket"), ("project_id", "no-such-project"), ("region", "nowhere-east9")],
)
async def test_what_is_missing_is_named_with_its_setting(google, setting, value):
    text = await complaint(**{setting: value})
    assert value in text
    assert setting in text


async def test_a_task_runs_and_is_seen_to(service):
    ref = await service.submit(job("one", "time.sleep(2)"))
    await reached(service, ref, JobState.RUNNING)
    view = await ended(service, ref)
    assert (view.state, view.memory_mib) == (JobState.SUCCEEDED, 256)
    (task,) = await service.tasks(ref, JobState)
    assert (task.index, task.attempt, task.exit_code, task.state) == (0, 1, 0, JobState.SUCCEEDED)
    assert task.started_at < task.ended_at
    assert ref in task.place
    assert await service.status(ref) == ("SUCCEEDED", 0)


async def test_a_group_has_a_task_for_each_index(service):
    ref = await service.submit(job("many", "sys.exit(3 * (os.environ['BATCH_TASK_INDEX'] == '2'))", size=5))
    view = await ended(service, ref)
    assert view.state is JobState.FAILED
    assert {s: n for s, n in view.counts.items() if n} == {JobState.SUCCEEDED: 4, JobState.FAILED: 1}
    (failed,) = await service.tasks(ref, [JobState.FAILED])
    assert (failed.index, failed.exit_code, failed.attempt, failed.is_cancelled) == (2, 3, 1, False)
    assert await service.status(ref) == ("FAILED", 3)


async def test_the_same_job_is_submitted_once_however_often_it_is_tried(google, service):
    ref = await service.submit(job("again"))
    assert await service.submit(job("again")) == ref == await service.find(job("again"))
    assert await service.find(job("not-yet")) is None


async def test_an_id_that_is_somebody_elses_is_refused(google, service):
    with grpc.insecure_channel(google.environment["COVALENT_GCP_BATCH_ENDPOINT"]) as channel:
        client = BatchServiceClient(transport=BatchServiceGrpcTransport(channel=channel))
        container = Runnable.Container(image_uri="x", commands=["python3", "-c", "pass"])
        spec = TaskSpec(runnables=[Runnable(container=container)])
        theirs = Job(task_groups=[TaskGroup(task_spec=spec)])
        client.create_job(parent=f"projects/{PROJECT}/locations/us-east1", job_id="taken", job=theirs)
    for call in (service.submit, service.find):
        with pytest.raises(ExecutorError, match=r"There is a job taken in .* that Covalent has not made\. Delete it"):
            await call(job("taken"))


async def test_jobs_that_are_not_there_are_absent(service):
    assert await service.describe(["not-there"]) == {}
    assert await service.tasks("not-there", JobState) == []
    with pytest.raises(ExecutorError, match="Google Batch does not know the job not-there"):
        await service.status("not-there")


async def test_a_whole_job_is_cancelled_and_ending_it_again_is_no_error(service):
    ref = await service.submit(job("cancel-all", "time.sleep(60)", size=6))
    await reached(service, ref, JobState.RUNNING)
    await service.cancel(ref, None, "enough")
    await ended(service, ref)
    tasks = await service.tasks(ref, JobState)
    assert {explain(task, service.reasons).cause for task in tasks} == {Cause.CANCELLED}
    await service.cancel(ref, None, "again")
    await service.cancel("not-there", None, "at all")


async def test_what_a_task_prints_is_read_while_it_runs(service):
    ref = await service.submit(job("talks", "sys.stdout.flush(); time.sleep(3); print('the end')", size=2))
    data, cursor = b"", ""
    async with asyncio.timeout(PATIENCE_S):
        while b"task 1" not in data:
            page = await service.logs(ref, 1, cursor)
            data, cursor = data + page.data, page.cursor
            await asyncio.sleep(0.2)
    assert data == b"task 1\n"
    await ended(service, ref)
    assert (await service.logs(ref, 1, cursor)).data == b"the end\n"


async def test_the_end_of_a_long_log_is_its_end_and_takes_one_call(google, service):
    program = "[print('line', n) for n in range(400)]; print('killed', end=''); sys.stdout.flush(); os._exit(9)"
    ref = await service.submit(job("long-log", program, size=2))
    await ended(service, ref)
    google.reset_calls()
    assert (await service.log_end(ref, 1)).endswith(b"line 398\nline 399\nkilled\n")
    assert sum(google.calls().client["logging"].values()) == 1
    assert await service.log_end("not-there", 0) == b""


async def test_a_wish_for_fewer_calls_and_silence_are_told_apart(google, service):
    google.faults.throttle("CreateJob", 1)
    with pytest.raises(ThrottledError):
        await service.submit(job("throttled"))
    assert await service.find(job("throttled")) is None
    google.faults.lose_answer("CreateJob")
    with pytest.raises(ServiceUnreachableError):
        await service.submit(job("lost-answer"))
    assert await service.find(job("lost-answer")) is not None


async def cause_of(service: GCPBatchService, ref: str) -> tuple[Cause | None, str]:
    await ended(service, ref)
    (task,) = await service.tasks(ref, JobState)
    outcome = explain(task, service.reasons)
    return outcome.cause, outcome.message


async def test_causes_are_told_apart(google, service):
    google.faults.preempt(1)
    assert (await cause_of(service, await service.submit(job("spot", "time.sleep(5)", retries=0))))[0] in (
        Cause.PREEMPTED,
        Cause.HOST,
    )
    google.faults.out_of_memory()
    assert (await cause_of(service, await service.submit(job("memory", "time.sleep(5)"))))[0] is Cause.OUT_OF_MEMORY
    google.faults.time_out()
    assert (await cause_of(service, await service.submit(job("time", "time.sleep(60)"))))[0] is Cause.TIMEOUT
    google.faults.bad_image()
    cause, message = await cause_of(service, await service.submit(job("image")))
    assert cause is Cause.IMAGE
    assert "container_image_uri" in message


async def test_a_lost_machine_is_made_good_by_the_service(google, service):
    google.faults.lose_host(1)
    ref = await service.submit(job("host-again", "time.sleep(1)"))
    assert (await ended(service, ref)).state is JobState.SUCCEEDED
    (task,) = await service.tasks(ref, JobState)
    assert (task.attempt, task.exit_code) == (2, 0)
