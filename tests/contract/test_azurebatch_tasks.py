"""Single tasks on Azure Batch without a dispatcher, and what is left behind there."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from covalent.cli import cli
from covalent.config import set_config
from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.batch import stale
from covalent.executor.batch.executor import open_bucket
from covalent.executor.batch.service import Job
from covalent.testing import EmulatedAzure
from tests.support.azure_cloud import OPTIONS
from tests.support.single_tasks import SingleTaskCases

pytestmark = [pytest.mark.slow, pytest.mark.npm]

pytest_plugins = ("tests.support.azure_fixtures", "tests.support.known_dispatches")

WHO = {"tenant_id", "client_id", "client_secret"}

KNOWN, GONE = f"{1:032x}", f"{2:032x}"


@pytest.fixture
def configured(azurebatch: EmulatedAzure) -> None:
    """Who asks is in the configuration."""
    for name in WHO:
        set_config(f"executors.azurebatch.{name}", OPTIONS[name])


@pytest.fixture
def executor(configured: None) -> AzureBatchExecutor:
    return AzureBatchExecutor(**{name: OPTIONS[name] for name in OPTIONS.keys() - WHO}, poll_freq=1)


class TestSingleTasks(SingleTaskCases):
    identity = {"tenant_id": "tenant-id"}
    foreign = {"tenant_id": "somebody-elses"}
    foreign_is_refused_with = "uses the directory tenant-id, not somebody-elses"
    succeeded = cancelled = "completed"


# What is left behind


def stage(group: str) -> None:
    async def put() -> None:
        store = open_bucket(AzureBatchExecutor(**OPTIONS).bucket())
        for name in ("manifest", "outcomes/0.1.error"):
            await store.put(f"groups/{group}/{name}", b"12345")

    asyncio.run(put())


def groups() -> set[str]:
    async def listed() -> set[str]:
        store = open_bucket(AzureBatchExecutor(**OPTIONS).bucket())
        return {name.partition("/")[0] async for page in store.list("groups/") for name in page}

    return asyncio.run(listed())


def submit(dispatch: str, program: str) -> str:
    """A job of that dispatch; its id."""

    async def run() -> str:
        executor = AzureBatchExecutor(**OPTIONS)
        service = await executor.connect()
        job = Job(
            name=f"ct-{dispatch}-0-1",
            size=1,
            command=("python3", "-c", program),
            environment={},
            options=executor.job_options(),
            tags={"covalent-dispatch": dispatch},
        )
        ref = await service.submit(job)
        while "print" in program and (await service.status(ref))[0] != "completed":
            await asyncio.sleep(0.1)
        await service.close()
        return ref.partition("/")[0]

    return asyncio.run(run())


def gc(*arguments: str) -> str:
    where = [f"--url={OPTIONS['batch_account_url']}", f"--storage-account={OPTIONS['storage_account_name']}"]
    done = CliRunner().invoke(cli, ["gc", "azurebatch", *where, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_no_dispatch_needs_is_deleted(configured, known):
    for group in (f"ct-{KNOWN}-0-1", f"ct-{GONE}-0-1", f"ct-{GONE}-14-2", "somebody-elses"):
        stage(group)
    known.add("00000000-0000-0000-0000-000000000001")
    ended, needed, forsaken = (
        submit(KNOWN, "print('done')"),
        submit(KNOWN, "import time; time.sleep(30)"),
        submit(GONE, "import time; time.sleep(30)"),
    )
    assert "There is nothing to delete" in gc()

    shown = gc("--older-than", "0", "--dry-run")
    assert f"ct-{GONE}-0-1 (2 objects, 10 bytes)" in shown
    assert f"job {forsaken} (active)" in shown
    assert f"job {needed}" not in shown
    assert f"job {ended}" in shown

    assert "Deleted" in gc("--older-than", "0", "-y")
    assert groups() == {f"ct-{KNOWN}-0-1", "somebody-elses"}
    assert "There is nothing to delete" in gc("--older-than", "0")


def test_deleting_goes_on_where_azure_wants_fewer_calls(azurebatch, configured, known, monkeypatch):
    monkeypatch.setattr(stale, "REPEAT_S", 0.01)
    job = submit(GONE, "print('done')")
    for operation in ("ListJobs", "DeleteJob"):
        azurebatch.faults.throttle(operation, 2)
    assert f"job {job}" in gc("--older-than", "0", "-y")
    assert "There is nothing to delete" in gc("--older-than", "0")


async def test_jobs_of_a_purged_dispatch_are_deleted(azurebatch, executor):
    job = await asyncio.to_thread(submit, GONE, "print('done')")
    group = f"ct-{GONE}-0-1"
    service = (await executor.engine()).service
    ref = f"{job}/{group}:1"
    assert ref in await service.describe([ref])
    await executor.purge([group])
    assert await service.describe([ref]) == {}
