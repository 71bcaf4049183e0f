"""What the batch engine brings into the bucket, as a container reads it there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from covalent.errors import ExecutorError
from covalent.executor.batch.executor import open_bucket
from covalent.executor.batch.staging import COPIES_BYTES
from covalent.model import INLINE_LIMIT, Blob, Environment
from covalent.objects import RemoteStore
from covalent.runner import wire
from covalent.runner.cloud.manifest import read_record
from covalent.runner.values import Payload
from tests.support.batch_service import Cloud, Container, Dispatcher, FakeBatchExecutor, Tasks


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    made = Cloud(tmp_path)

    async def idle(container: Container) -> None:
        await asyncio.Event().wait()

    made.behaviour = idle
    yield made
    await made.close()


async def staged(cloud: Cloud, tasks: Tasks, tmp_path: Path, **options: Any) -> list[tuple[dict[str, Any], memoryview]]:
    """The records of a group that was sent."""
    dispatcher = Dispatcher(cloud, tasks, tmp_path, **options)
    dispatcher.begin()
    await dispatcher.send()
    await dispatcher.close()
    content = await cloud.bucket.get(f"groups/{tasks.metadata.group_id}/manifest", limit=10**9)
    records = []
    for index in range(len(tasks.refs)):
        message = wire.decode(read_record(lambda start, end: content[start:end], index))
        assert (message.kind, message.number) == (wire.TASK, index)
        records.append((msgspec.json.decode(message.header), message.data))
    return records


async def keys(store: RemoteStore, prefix: str) -> set[str]:
    return {prefix + name async for page in store.list(prefix) for name in page}


async def test_a_record_is_what_the_runner_takes(cloud: Cloud, tmp_path: Path) -> None:
    environment = Environment(pip=("numpy",), bash=("true",))
    tasks = Tasks(tmp_path, 2, environment=environment)
    (first, data), (second, _) = await staged(cloud, tasks, tmp_path, time_limit=30.0)
    shared = first["shared"]
    function = Payload.read(shared["function"], data)
    assert bytes(function.data) == b"function"
    assert bytes(Payload.read(first["args"], data).data) == b"args 10"
    assert (second["node"], second["attempt"]) == (11, 1)
    told = {name: shared[name] for name in ("pip", "bash", "time_limit_s", "python", "group", "hooks", "kind")}
    assert told == {
        "pip": ["numpy"],
        "bash": ["true"],
        "time_limit_s": 30.0,
        "python": "3.11.7",
        "group": tasks.metadata.group_id,
        "hooks": None,
        "kind": "task",
    }


@pytest.mark.parametrize("count", [1, 3])
async def test_a_function_is_an_object_where_its_copies_would_take_more_room(
    cloud: Cloud, tmp_path: Path, count: int
) -> None:
    tasks = Tasks(tmp_path, count)
    tasks.function = tasks.blob(b"f" * (COPIES_BYTES // 2))
    records = await staged(cloud, tasks, tmp_path)
    functions = [Payload.read(task["shared"]["function"], data) for task, data in records]
    if count == 1:
        assert bytes(functions[0].data) == b"f" * (COPIES_BYTES // 2)
        return
    key = f"functions/{tasks.function.digest}"
    assert {(function.data, function.path) for function in functions} == {(None, cloud.bucket.uri(key))}
    assert len(await cloud.bucket.get(key, limit=COPIES_BYTES)) == COPIES_BYTES // 2


async def test_values_go_where_they_cost_least(cloud: Cloud, tmp_path: Path) -> None:
    tasks = Tasks(tmp_path, 3)
    shared, large = tasks.blob(b"s" * 20_000), tasks.blob(b"l" * (INLINE_LIMIT + 1), in_file=True)
    there = Blob(digest="a" * 64, size=10**10, uri=cloud.bucket.uri("groups/ct-other/0/1/" + "a" * 64))
    elsewhere = Blob(digest=large.digest, size=INLINE_LIMIT + 1, uri="s3://another/key")
    for node_id in (10, 11, 12):
        unique = tasks.blob(bytes([node_id]) * 20_000)
        tasks.changes[node_id] = {"args": unique, "inputs": (shared, large, there, elsewhere)}
    records = await staged(cloud, tasks, tmp_path)
    for task, data in records:
        assert Payload.read(task["args"], data).data is not None
        paths = [Payload.read(one, data).path for one in task["inputs"]]
        assert [Payload.read(one, data).size for one in task["inputs"]] == [
            20_000,
            INLINE_LIMIT + 1,
            10**10,
            INLINE_LIMIT + 1,
        ]
        assert paths[1:] == [
            cloud.bucket.uri(f"values/{large.digest}"),
            there.uri,
            cloud.bucket.uri(f"values/{large.digest}"),
        ]
    # The first that uses it cannot know that it is shared.
    assert [Payload.read(task["inputs"][0], data).path for task, data in records[1:]] == 2 * [
        cloud.bucket.uri(f"values/{shared.digest}")
    ]
    assert await keys(cloud.bucket, "values/") == {f"values/{shared.digest}", f"values/{large.digest}"}


async def test_a_large_function_and_large_hooks_go_the_same_way(cloud: Cloud, tmp_path: Path) -> None:
    tasks = Tasks(tmp_path, 2)
    function, hooks = (tasks.blob(bytes([n]) * (INLINE_LIMIT + n), in_file=True) for n in (1, 2))
    tasks.changes[10] = tasks.changes[11] = {"function": function, "hooks": hooks}
    for task, data in await staged(cloud, tasks, tmp_path):
        shared = [Payload.read(task["shared"][name], data) for name in ("function", "hooks")]
        assert [one.size for one in shared] == [INLINE_LIMIT + 1, INLINE_LIMIT + 2]
        assert [one.path for one in shared] == [
            cloud.bucket.uri(f"functions/{one.digest}") for one in (function, hooks)
        ]


async def test_a_value_whose_file_is_gone_is_named(cloud: Cloud, tmp_path: Path) -> None:
    tasks = Tasks(tmp_path, 1, args=Blob(digest="a" * 64, size=0))
    with pytest.raises(ExecutorError, match="a" * 64):
        await staged(cloud, tasks, tmp_path)


async def test_a_value_that_lies_elsewhere_is_fetched_once(cloud: Cloud, tmp_path: Path) -> None:
    tasks = Tasks(tmp_path, 3)
    here = tasks.blob(b"far away", in_file=True)
    tasks.changes[11] = tasks.changes[12] = {"inputs": (Blob(digest=here.digest, size=8, uri="s3://other/key"),)}
    await staged(cloud, tasks, tmp_path)
    assert tasks.fetched == ["s3://other/key"]
    assert await cloud.bucket.get(f"values/{here.digest}", limit=100) == b"far away"


async def test_what_a_value_refers_to_is_staged_with_it(cloud: Cloud, tmp_path: Path) -> None:
    tasks = Tasks(tmp_path, 1)
    inner = tasks.blob(b"i" * 100_000, in_file=True)
    outer = tasks.blob(b"outer")
    tasks.changes[10] = {"inputs": (Blob(digest=outer.digest, size=5, data=b"outer", inputs=(inner,)),)}
    ((task, data),) = await staged(cloud, tasks, tmp_path)
    payload = Payload.read(task["inputs"][0], data)
    assert bytes(payload.data) == b"outer"
    assert payload.inputs[0].path == cloud.bucket.uri(f"values/{inner.digest}")


async def test_a_manifest_does_not_grow_without_bounds(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covalent.executor.batch.staging.MANIFEST_BYTES", 50_000)
    tasks = Tasks(tmp_path, 5)
    for node_id in range(10, 15):
        tasks.changes[node_id] = {"args": tasks.blob(bytes([node_id]) * 20_000)}
    await staged(cloud, tasks, tmp_path)
    assert len(await keys(cloud.bucket, "values/")) == 3


class Counting(RemoteStore):
    """Counts what is written."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.puts: Counter[str] = Counter()

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        self.puts[key] += 1
        return await super().put(key, data, create_only=create_only)


async def test_a_function_and_the_runner_are_uploaded_once(cloud: Cloud, tmp_path: Path) -> None:
    store = Counting(cloud.bucket.root)

    class Executor(FakeBatchExecutor):
        async def _open_bucket(self) -> RemoteStore:
            return store

    dispatcher = Dispatcher(cloud, Tasks(tmp_path, 3), tmp_path)
    runtime = dispatcher.begin().bound()
    executors = [Executor(cloud) for _ in range(3)]
    for number, executor in enumerate(executors):
        executor.bind(runtime)
        tasks = Tasks(tmp_path, 3, group_id=f"ct-{number}")
        tasks.function = tasks.blob(b"f" * (COPIES_BYTES // 2))
        await executor.send(tasks.refs, tasks, tasks.metadata)
    assert set(store.puts.values()) == {1}
    assert {key.split("/")[0] for key in store.puts} == {"functions", "runner", "groups"}
    assert sum(key.startswith(("functions/", "runner/")) for key in store.puts) == 2
    await dispatcher.close()


def test_a_bucket_is_opened_with_its_options(tmp_path: Path) -> None:
    store = open_bucket(FakeBatchExecutor(Cloud(tmp_path)).bucket())
    assert store.root == (tmp_path / "bucket").as_uri()
