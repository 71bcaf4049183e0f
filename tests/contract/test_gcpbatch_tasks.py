"""Single tasks on Google Batch without a dispatcher, and what is left behind there."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from covalent.cli import cli
from covalent.executor.batch.executor import open_bucket
from covalent.executor.gcpbatch import GCPBatchExecutor
from covalent.testing import EmulatedGoogle
from tests.support.google_cloud import BUCKET, PROJECT
from tests.support.single_tasks import SingleTaskCases

pytestmark = pytest.mark.slow

pytest_plugins = ("tests.support.google_fixtures", "tests.support.known_dispatches")


@pytest.fixture
def executor(google: EmulatedGoogle) -> GCPBatchExecutor:
    return GCPBatchExecutor(bucket_name=BUCKET, vcpus=1, poll_freq=1)


class TestSingleTasks(SingleTaskCases):
    identity = {"project_id": PROJECT}
    foreign = {"project_id": "somebody-elses"}
    foreign_is_refused_with = f"uses the project {PROJECT}, not somebody-elses"
    cancelled = "CANCELLED"


# What is left behind


def stage(group: str) -> None:
    async def put() -> None:
        store = open_bucket(GCPBatchExecutor(bucket_name=BUCKET).bucket())
        for name in ("manifest", "outcomes/0.1.error"):
            await store.put(f"groups/{group}/{name}", b"12345")

    asyncio.run(put())


def groups() -> set[str]:
    async def listed() -> set[str]:
        store = open_bucket(GCPBatchExecutor(bucket_name=BUCKET).bucket())
        return {name.partition("/")[0] async for page in store.list("groups/") for name in page}

    return asyncio.run(listed())


def gc(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["gc", "gcpbatch", "--bucket", BUCKET, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_no_dispatch_needs_is_deleted(google, known):
    one, two = f"{1:032x}", f"{2:032x}"
    for group in (f"ct-{one}-0-1", f"ct-{two}-0-1", f"ct-{two}-14-2", "somebody-elses"):
        stage(group)
    known.add("00000000-0000-0000-0000-000000000001")
    assert "There is nothing to delete" in gc()

    shown = gc("--older-than", "0", "--dry-run")
    assert f"ct-{two}-0-1 (2 objects, 10 bytes)" in shown
    assert one not in shown

    assert "Deleted" in gc("--older-than", "0", "-y")
    assert groups() == {f"ct-{one}-0-1", "somebody-elses"}
