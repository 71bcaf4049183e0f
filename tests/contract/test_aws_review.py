"""The batch engine and the dispatcher against jobs that write what no runner writes, and a service that learns late."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from covalent.dispatcher.elsewhere import Elsewhere
from covalent.dispatcher.threads import StoreThreads
from covalent.errors import IntegrityError
from covalent.executor.batch.outcomes import OUTCOME_BYTES
from covalent.executor.batch.service import JobView
from covalent.model import Blob
from covalent.objects import ObjectStore
from covalent.runner import wire
from covalent.runner.cloud.names import outcomes_prefix
from covalent.states import Status
from covalent.store import open_store
from tests.service.test_values_elsewhere_fetching import Known, Reader
from tests.support.batch_service import Cloud, Container, Dispatcher, FakeBatchExecutor, FakeBatchService, Tasks, works


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(bytes(OUTCOME_BYTES + 1), id="long"),
        pytest.param(wire.encode(wire.OUTCOME, 1, {})[:-2] + b"[" * 100_000, id="no message"),
        pytest.param(
            wire.PREFIX.pack(wire.OUTCOME, 1, 200_006) + b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep"
        ),
    ],
)
async def test_a_forged_outcome_costs_its_own_task_and_no_other(cloud: Cloud, tmp_path: Path, content: bytes) -> None:
    async def behaviour(container: Container) -> None:
        if container.index == 0:
            await cloud.bucket.put(f"{outcomes_prefix(container.group)}0.1.error", content)
        elif container.index == 1:
            await container.fail("as it should")
        else:
            # What was forged is told at once, not when the rest of the group has ended.
            while 10 not in dispatcher.stored:
                await asyncio.sleep(0.01)
            await works(container)

    cloud.behaviour = behaviour
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 3), tmp_path)
    stored = await dispatcher.run()
    assert [stored[node].status for node in (10, 11, 12)] == [Status.FAILED, Status.FAILED, Status.COMPLETED]
    assert "its outcome cannot be read" in stored[10].message
    assert stored[11].message == "as it should"
    await dispatcher.close()


class Forgetful(FakeBatchService):
    """Knows a job only some time after it was submitted."""

    left = 12

    async def describe(self, refs: Sequence[str]) -> Mapping[str, JobView]:
        self.left -= 1
        return {} if self.left > 0 else await super().describe(refs)


async def test_a_job_that_is_described_late_is_not_given_up(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Forgetful(cloud)

    async def connect(self: FakeBatchExecutor) -> FakeBatchService:
        return service

    async def slowly(container: Container) -> None:
        while service.left > 0:
            await asyncio.sleep(0.01)
        await works(container)

    monkeypatch.setattr(FakeBatchExecutor, "connect", connect)
    cloud.behaviour = slowly
    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 2), tmp_path)
    stored = await dispatcher.run()
    assert {outcome.status for outcome in stored.values()} == {Status.COMPLETED}
    await dispatcher.close()


async def test_a_value_that_is_longer_than_it_was_said_to_be_is_not_read_to_its_end(tmp_path: Path) -> None:
    taken = 0

    async def endless(uri: str) -> AsyncIterator[bytes]:
        nonlocal taken
        taken = 0
        for _ in range(10_000):
            taken += 1
            yield bytes(1000)

    threads = StoreThreads(open_store(f"sqlite:///{tmp_path / 'covalent.db'}"))
    elsewhere = Elsewhere(threads, ObjectStore(tmp_path / "objects"), Known(Reader(endless)))
    wanted = Blob(digest=hashlib.sha256(b"x").hexdigest(), size=5000, uri="far://a/b")
    for read in (elsewhere.read, elsewhere.fetch):
        with pytest.raises(IntegrityError):
            await read(wanted, "d")
        assert taken < 10
    threads.close()
