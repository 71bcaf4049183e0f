"""How values come to this machine: once, verified, a bounded number at a time, through whoever can read them."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from covalent.dispatcher.elsewhere import ASKED, AT_ONCE, Elsewhere
from covalent.dispatcher.keepers import Keepers
from covalent.dispatcher.threads import StoreThreads
from covalent.errors import ExecutorError, IntegrityError, ServiceUnreachableError
from covalent.executor.base import AsyncBaseExecutor, Resources
from covalent.executor.local import LocalExecutor, fetching
from covalent.model import Blob, GroupMetadata, TaskRef, TaskUpdate
from covalent.objects import ObjectStore
from covalent.states import Cause, Status
from covalent.store import open_store
from tests.support.local_executor import Book, GroupRun, Ref, Runtime, eventually, run, run_one

Answer = Callable[[str], AsyncIterator[bytes]]


class Reader(AsyncBaseExecutor):
    """Answers downloads as it is told; runs nothing."""

    short_name: ClassVar[str] = "reader"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def can_read(self, uri: str) -> bool:
        return uri.startswith("far://")

    def download(self, uri: str) -> AsyncIterator[bytes]:
        self.asked.append(uri)
        return self._answer(uri)

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> Any:
        raise ExecutorError("it runs nothing")

    async def poll(self, metadata: GroupMetadata, handle: Any) -> Any:
        raise ExecutorError("it runs nothing")

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        raise ExecutorError("it runs nothing")

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        return False


class Known(Keepers):
    """Knows these executors and no others."""

    def __init__(self, *readers: Reader) -> None:
        self._known = readers
        self.remembered: list[Reader] = []

    async def readers(self, uri: str, dispatch_id: str) -> AsyncIterator[AsyncBaseExecutor]:
        for reader in self._known:
            if reader.can_read(uri):
                yield reader

    def remember(self, uri: str, executor: AsyncBaseExecutor) -> None:
        assert isinstance(executor, Reader)
        self.remembered.append(executor)


async def pieces(uri: str) -> AsyncIterator[bytes]:
    yield uri.encode()
    await asyncio.sleep(0.01)
    yield b"!" * 1000


def refusing(error: Exception) -> Reader:
    async def refuse(uri: str) -> AsyncIterator[bytes]:
        raise error
        yield b""

    return Reader(refuse)


def blob(uri: str = "far://a/b", data: bytes | None = None) -> Blob:
    data = uri.encode() + b"!" * 1000 if data is None else data
    return Blob(digest=hashlib.sha256(data).hexdigest(), size=len(data), uri=uri)


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def threads(tmp_path: Path) -> Iterator[StoreThreads]:
    threads = StoreThreads(open_store(f"sqlite:///{tmp_path / 'covalent.db'}"))
    yield threads
    threads.close()


async def test_many_who_want_one_value_share_its_download(objects: ObjectStore, threads: StoreThreads) -> None:
    reader = Reader(pieces)
    elsewhere = Elsewhere(threads, objects, Known(reader))
    wanted = blob()
    paths = await asyncio.gather(*(elsewhere.fetch(wanted, "d") for _ in range(20)))
    assert set(paths) == {objects.path(wanted.digest)}
    assert reader.asked == [wanted.uri]
    await elsewhere.fetch(wanted, "d")
    assert reader.asked == [wanted.uri]


async def test_one_who_gives_up_takes_the_download_from_nobody(objects: ObjectStore, threads: StoreThreads) -> None:
    elsewhere = Elsewhere(threads, objects, Known(Reader(pieces)))
    first = asyncio.create_task(elsewhere.fetch(blob(), "d"))
    second = asyncio.create_task(elsewhere.fetch(blob(), "d"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).is_file()


async def test_a_value_that_is_not_what_its_digest_says_is_not_kept(
    objects: ObjectStore, threads: StoreThreads
) -> None:
    elsewhere = Elsewhere(threads, objects, Known(Reader(pieces)))
    wanted = blob(data=b"something else")
    with pytest.raises(IntegrityError):
        await elsewhere.fetch(wanted, "d")
    with pytest.raises(IntegrityError):
        await elsewhere.read(wanted, "d")
    assert not [file for file in objects.root.rglob("*") if file.is_file()]


async def test_a_copy_that_was_damaged_is_fetched_again(objects: ObjectStore, threads: StoreThreads) -> None:
    wanted = blob()
    objects.path(wanted.digest).parent.mkdir(parents=True)
    objects.path(wanted.digest).write_bytes(b"half of")
    await Elsewhere(threads, objects, Known(Reader(pieces))).fetch(wanted, "d")
    assert objects.holds(wanted.digest)


async def test_the_next_executor_is_asked_if_one_refuses(objects: ObjectStore, threads: StoreThreads) -> None:
    good = Reader(pieces)
    known = Known(refusing(ExecutorError("access denied")), refusing(ValueError("a bug")), good)
    await Elsewhere(threads, objects, known).fetch(blob(), "d")
    assert known.remembered == [good]


async def test_what_the_first_says_is_told_if_all_refuse_and_not_all_are_asked(
    objects: ObjectStore, threads: StoreThreads
) -> None:
    others = [Reader(pieces) for _ in range(3)]
    refuse = [refusing(ExecutorError(f"access denied to {number}")) for number in range(ASKED)]
    with pytest.raises(ExecutorError, match="access denied to 0"):
        await Elsewhere(threads, objects, Known(*refuse, *others)).fetch(blob(), "d")
    with pytest.raises(ExecutorError, match=r"far://a/b could not be read: ValueError: a bug"):
        await Elsewhere(threads, objects, Known(refusing(ValueError("a bug")))).fetch(blob(), "d")


async def test_no_answer_is_waited_for_and_nobody_else_is_asked(objects: ObjectStore, threads: StoreThreads) -> None:
    other = Reader(pieces)
    known = Known(refusing(ServiceUnreachableError("no answer")), other)
    with pytest.raises(ServiceUnreachableError):
        await Elsewhere(threads, objects, known).fetch(blob(), "d")
    assert not other.asked


async def test_a_download_that_breaks_off_leaves_nothing(objects: ObjectStore, threads: StoreThreads) -> None:
    async def broken(uri: str) -> AsyncIterator[bytes]:
        yield b"some"
        raise OSError("reset by peer")

    elsewhere = Elsewhere(threads, objects, Known(Reader(broken)))
    with pytest.raises(ExecutorError, match="reset by peer"):
        await elsewhere.fetch(blob(), "d")
    assert not [file for file in objects.root.rglob("*") if file.is_file()]


async def test_an_empty_value_is_one(objects: ObjectStore, threads: StoreThreads) -> None:
    async def nothing(uri: str) -> AsyncIterator[bytes]:
        for _ in ():
            yield b""

    path = await Elsewhere(threads, objects, Known(Reader(nothing))).fetch(blob(data=b""), "d")
    assert path.read_bytes() == b""


async def test_only_some_are_on_their_way_at_once_and_in_pieces(objects: ObjectStore, threads: StoreThreads) -> None:
    size, piece, open_now, most = 64 << 20, bytes(1 << 20), 0, 0

    async def large(uri: str) -> AsyncIterator[bytes]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            await asyncio.sleep(0.01)
            if uri.endswith("/large"):
                for _ in range(size // len(piece)):
                    yield piece
            else:
                yield uri.encode()
        finally:
            open_now -= 1

    elsewhere = Elsewhere(threads, objects, Known(Reader(large)))
    wanted = [blob(f"far://a/{n}", f"far://a/{n}".encode()) for n in range(3 * AT_ONCE)]
    wanted.append(blob("far://a/large", bytes(size)))
    tracemalloc.start()
    await asyncio.gather(*(elsewhere.fetch(one, "d") for one in wanted))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most == AT_ONCE
    assert open_now == 0
    assert peak < size / 2


# Given to local tasks


class FarBook(Book):
    """Fetches what lies at ``far://…`` from memory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.far: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.at_once = self.most = 0
        self.failing: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def put(self, value: Any, inputs: tuple[Blob, ...] = ()) -> Blob:
        """A value that is not on this machine."""
        here = self.value(value, inputs)
        uri = f"far://bucket/{len(self.far)}"
        self.far[uri] = self.read(here)
        if here.data is None:
            self.path(here).unlink()
        return replace(here, data=None, uri=uri)

    async def fetch(self, blob: Blob) -> Path:
        if self.failing:
            raise self.failing.pop()
        if blob.uri not in self.far:
            return await super().fetch(blob)
        self.fetched.append(blob.uri)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.gate.wait()
        await asyncio.sleep(0.001)
        self.at_once -= 1
        ObjectStore(self.data_dir / "objects").put(blob.digest, self.far[blob.uri])
        return self.path(blob)


@pytest.fixture
def far(tmp_path: Path, two_workers: None) -> FarBook:
    return FarBook(tmp_path)


async def test_a_task_gets_values_from_elsewhere_at_any_depth(
    made: Runtime, executor: LocalExecutor, far: FarBook
) -> None:
    deep = far.put("grandchild")
    nested = far.put(["child", Ref(0)], inputs=(deep,))
    inline = far.value(("inline", Ref(0)), inputs=(far.put(bytes(200_000)),))
    outcome = await run_one(executor, far, lambda a, b: (a, b[0], len(b[1])), Ref(0), Ref(1), inputs=(nested, inline))
    assert far.result(outcome) == (["child", "grandchild"], "inline", 200_000)


async def test_a_fan_in_is_fetched_a_few_at_a_time(executor: LocalExecutor, far: FarBook) -> None:
    inputs = tuple(far.put(n) for n in range(100))
    outcome = await run_one(executor, far, lambda *n: sum(n), *map(Ref, range(100)), inputs=inputs)
    assert far.result(outcome) == sum(range(100))
    assert far.most == fetching.AT_ONCE
    assert len(far.fetched) == 100


async def test_tasks_that_need_nothing_from_elsewhere_do_not_wait_for_those_that_do(
    executor: LocalExecutor, far: FarBook
) -> None:
    far.gate.clear()
    for n in range(40):
        far.add(lambda x: x, Ref(0), inputs=(far.put(n) if n % 2 else far.value(n),))
    sent = await GroupRun(executor, far).send()
    async with asyncio.timeout(10):
        while len(sent.outcomes) < 20:
            await sent.step()
    assert all(node_id % 2 == 0 for node_id in sent.outcomes)
    far.gate.set()
    outcomes = await sent.finish()
    assert [far.result(outcomes[n]) for n in range(40)] == list(range(40))


async def test_a_task_can_be_cancelled_while_its_values_are_fetched(executor: LocalExecutor, far: FarBook) -> None:
    far.gate.clear()
    far.add(lambda x: x, Ref(0), inputs=(far.put(1),))
    async with asyncio.timeout(10):
        sent = await GroupRun(executor, far).send()
        await eventually(lambda: bool(far.fetched))
        assert await sent.cancel()
        outcome = (await sent.finish())[0]
    assert outcome.status is Status.CANCELLED
    far.gate.set()


async def test_a_task_waits_for_values_that_cannot_be_had_yet(executor: LocalExecutor, far: FarBook) -> None:
    far.failing = [ServiceUnreachableError("no answer")]
    outcome = await run_one(executor, far, lambda x: x, Ref(0), inputs=(far.put("here at last"),))
    assert far.result(outcome) == "here at last"


async def test_only_the_tasks_fail_whose_values_cannot_be_had(executor: LocalExecutor, far: FarBook) -> None:
    gone = replace(far.put("gone"), uri="far://bucket/gone")
    damaged = far.put("damaged")
    far.far[damaged.uri or ""] = b"other bytes"
    for value in (far.put("fine"), gone, damaged):
        far.add(lambda x: x, Ref(0), inputs=(value,))
    outcomes = await run(executor, far)
    assert far.result(outcomes[0]) == "fine"
    assert (outcomes[1].cause, outcomes[1].started) == (Cause.CONFIG, False)
    assert "Nobody here can read far://bucket/gone" in outcomes[1].message
    assert outcomes[2].cause is Cause.UNKNOWN
    assert "is damaged" in outcomes[2].message
