"""The batch engine against a service in memory: what comes out of a group, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from covalent.errors import ExecutorError
from covalent.executor.batch.service import JobView, Limits
from covalent.model import Outcome
from covalent.runner.cloud.names import EXIT_UNREADABLE, FIRST_VARIABLE, outcomes_prefix
from covalent.states import Cause, Status
from tests.support.batch_service import Behaviour, Cloud, Container, Dispatcher, Ended, FakeBatchService, Tasks, works


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """A call of ours that blocks the event loop is an error."""
    with blockbuster_ctx("covalent"):
        yield


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def group(cloud: Cloud, tmp_path: Path) -> AsyncIterator[Callable[..., Dispatcher]]:
    """Makes groups of tasks with a dispatcher of their own."""
    made: list[Dispatcher] = []

    def make(count: int = 3, group_id: str = "ct-group-0-1", **options: object) -> Dispatcher:
        made.append(Dispatcher(cloud, Tasks(tmp_path, count, group_id=group_id), tmp_path, **options))
        return made[-1]

    yield make
    for dispatcher in made:
        await dispatcher.close()


def completed(dispatcher: Dispatcher) -> set[int]:
    """The nodes that have completed."""
    return {node for node, outcome in dispatcher.stored.items() if outcome.status is Status.COMPLETED}


def ends(exit_code: int | None = None, status_reason: str = "", reason: str = "", *, started: bool = True) -> Behaviour:
    """A container that ends without an outcome."""

    async def behave(container: Container) -> None:
        if started:
            container.start()
            container.print("last words\n")
        raise Ended(exit_code, status_reason=status_reason, reason=reason)

    return behave


def only(index: int, behaviour: Behaviour, others: Behaviour = works) -> Behaviour:
    """One behaviour for one task of a job and another one for its neighbours."""

    async def behave(container: Container) -> None:
        await (behaviour if container.task.index == index else others)(container)

    return behave


def held(gate: asyncio.Event) -> Behaviour:
    """A container that runs until the gate opens."""

    async def behave(container: Container) -> None:
        container.start()
        await gate.wait()
        await works(container)

    return behave


async def test_a_group_becomes_one_job_and_each_task_has_its_outcome(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    dispatcher = group(30)
    outcomes = await dispatcher.run()
    assert len(cloud.jobs) == 1
    assert completed(dispatcher) == set(range(10, 40))
    output = outcomes[12].output
    assert output is not None and output.uri is not None
    assert dispatcher.executor.can_read(output.uri)
    assert b"".join([piece async for piece in dispatcher.executor.download(output.uri)]) == b"12"


async def test_a_thousand_like_tasks_cost_a_handful_of_calls(
    tmp_path: Path, group: Callable[..., Dispatcher], cloud: Cloud
) -> None:
    cloud.limits = Limits(max_size=10_000, max_refs=100, max_environment_chars=8192)
    dispatcher = group(1000, poll=5.0)
    await dispatcher.run()
    assert len(completed(dispatcher)) == 1000
    once = {name: count for name, count in cloud.calls.items() if name not in ("describe", "tasks")}
    assert once == {"check": 1, "submit": 1}
    assert cloud.calls["tasks"] <= 5


async def test_a_group_that_is_too_large_for_one_job_becomes_several(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    dispatcher = group(250)
    await dispatcher.run()
    assert completed(dispatcher) == set(range(10, 260))
    told = [(s.job.name, s.job.size, s.job.environment[FIRST_VARIABLE]) for s in cloud.jobs.values()]
    assert sorted(told) == [("ct-group-0-1-0", 100, "0"), ("ct-group-0-1-1", 100, "100"), ("ct-group-0-1-2", 50, "200")]


async def test_a_service_that_tells_of_one_job_at_a_time_is_asked_for_several_at_once(
    cloud: Cloud, group: Callable[..., Dispatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: list[int] = [0]
    describe = FakeBatchService.describe

    async def slow(self: FakeBatchService, refs: Sequence[str]) -> Mapping[str, JobView]:
        under_way.append(under_way[-1] + 1)
        await asyncio.sleep(0.05)
        under_way.append(under_way[-1] - 1)
        return await describe(self, refs)

    monkeypatch.setattr(FakeBatchService, "describe", slow)
    cloud.limits = Limits(max_size=2, max_refs=1, max_environment_chars=2000)
    dispatcher = group(40)
    await dispatcher.run()
    assert len(completed(dispatcher)) == 40
    assert max(under_way) == 8


async def test_results_flow_while_the_rest_runs(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    gate = asyncio.Event()
    cloud.behaviour = only(1, held(gate))
    dispatcher = group(3)
    dispatcher.begin()
    await dispatcher.send()
    while len(dispatcher.stored) < 2 or not dispatcher.updates_of(11):
        await dispatcher.step()
    assert completed(dispatcher) == {10, 12}
    assert [update.status for update in dispatcher.updates_of(11)] == [Status.RUNNING]
    gate.set()
    assert len(await dispatcher.finish()) == 3


async def test_a_single_task_is_reported_as_it_goes(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    gate = asyncio.Event()
    cloud.behaviour = held(gate)
    dispatcher = group(1)
    dispatcher.begin()
    await dispatcher.send()
    await dispatcher.step()
    (update,) = dispatcher.updates
    assert update.status is Status.RUNNING
    assert update.at is not None
    gate.set()
    assert (await dispatcher.finish())[10].status is Status.COMPLETED


@pytest.mark.parametrize("count", [1, 3], ids=["single", "array"])
@pytest.mark.parametrize(
    ("behaviour", "cause", "says"),
    [
        (ends(1, reason="Essential container in task exited"), Cause.USER, "by itself"),
        (ends(137, reason="OutOfMemoryError: killed"), Cause.OUT_OF_MEMORY, "given 512 MiB"),
        (ends(137), Cause.OUT_OF_MEMORY, "given 512 MiB"),
        (ends(137, "Job attempt duration exceeded timeout"), Cause.TIMEOUT, "too long"),
        (ends(None, "Host EC2 (instance i-1) terminated."), Cause.PREEMPTED, "taken back"),
        (ends(None, "", "CannotPullContainerError: no such image", started=False), Cause.IMAGE, "CannotPull"),
        (ends(EXIT_UNREADABLE), Cause.CONFIG, "role"),
        (ends(3), Cause.UNKNOWN, "exit code 3"),
    ],
)
async def test_a_task_that_leaves_no_outcome_is_explained(
    cloud: Cloud, group: Callable[..., Dispatcher], behaviour: Behaviour, cause: Cause, says: str, count: int
) -> None:
    cloud.behaviour = only(0, behaviour)
    dispatcher = group(count)
    outcome = (await dispatcher.run())[10]
    assert (outcome.status, outcome.cause) == (Status.FAILED, cause)
    assert says in outcome.message
    assert outcome.started is (cause is not Cause.IMAGE)
    assert (outcome.stderr.data if outcome.stderr else b"") == (b"last words\n" if outcome.started else b"")
    assert len(completed(dispatcher)) == count - 1


async def test_of_a_long_log_the_end_is_told(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    async def behave(container: Container) -> None:
        container.start()
        for number in range(500):
            container.print(f"line {number}\n")
        raise Ended(137)

    cloud.behaviour = behave
    outcome = (await group(1).run())[10]
    assert outcome.stderr is not None
    assert outcome.stderr.data is not None
    assert outcome.stderr.data.endswith(b"line 499\n")


async def test_a_task_that_fails_alone_is_known_before_the_others_end(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    gate = asyncio.Event()
    cloud.behaviour, cloud.late_counts = only(1, ends(137), held(gate)), 3
    dispatcher = group(3)
    dispatcher.begin()
    await dispatcher.send()
    async with asyncio.timeout(5):
        while not dispatcher.stored:
            await dispatcher.step()
    assert dispatcher.stored[11].cause is Cause.OUT_OF_MEMORY
    gate.set()
    await dispatcher.finish()
    assert completed(dispatcher) == {10, 12}


async def test_a_container_that_ends_well_without_an_outcome_is_not_taken_for_a_success(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    async def silent(container: Container) -> None:
        container.start()
        container.print("usage: entrypoint COMMAND\n")

    cloud.behaviour = silent
    outcome = (await group(2).run())[10]
    assert (outcome.cause, outcome.started) == (Cause.UNKNOWN, True)
    assert "ENTRYPOINT" in outcome.message
    assert outcome.stderr is not None
    assert outcome.stderr.data == b"usage: entrypoint COMMAND\n"


async def test_a_failure_is_opened_at_once_and_a_success_when_somebody_looks(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    async def fails(container: Container) -> None:
        container.start()
        await container.fail("division by zero")

    cloud.behaviour = only(0, fails)
    dispatcher = group(2)
    outcomes = await dispatcher.run()
    assert (outcomes[10].cause, outcomes[10].message, outcomes[10].details) == (Cause.USER, "division by zero", None)
    known = outcomes[11]
    assert (known.started_at, known.stdout) == (None, None)
    assert (known.inputs_preview, known.output_preview) == ("", "")
    full = await dispatcher.executor.complete(known)
    assert (full.inputs_preview, full.output_preview) == ("n=1", "b'11'")
    assert full.stdout is not None
    assert (full.stdout.data, full.place, full.output, full.details) == (b"hi\n", "a container", known.output, None)
    assert full.started_at is not None


async def test_what_lies_in_the_bucket_can_be_read_without_an_engine(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    dispatcher = group(1)
    outcome = (await dispatcher.run())[10]
    await dispatcher.close()
    calls = dict(cloud.calls)
    executor = dispatcher.begin()
    assert (await executor.complete(outcome)).stdout is not None
    assert outcome.output is not None and outcome.output.uri is not None
    await executor.purge([dispatcher.tasks.metadata.group_id])
    with pytest.raises(ExecutorError, match="Nothing lies at"):
        _ = [piece async for piece in executor.download(outcome.output.uri)]
    with pytest.raises(ExecutorError, match="does not lie in"):
        _ = [piece async for piece in executor.download("s3://other/key")]
    assert not executor.can_read("s3://other/key")
    assert cloud.calls == calls


@pytest.mark.parametrize("count", [1, 3], ids=["single", "array"])
@pytest.mark.parametrize("flags", [True, False], ids=["flagged", "unflagged"])
async def test_a_whole_group_is_cancelled_by_one_call(
    cloud: Cloud, group: Callable[..., Dispatcher], count: int, flags: bool
) -> None:
    cloud.behaviour, cloud.flags_cancelled = held(asyncio.Event()), flags
    dispatcher = group(count)
    executor = dispatcher.begin()
    await dispatcher.send()
    assert await executor.cancel(dispatcher.metadata, dispatcher.tasks.refs, dispatcher.handle)
    outcomes = await dispatcher.finish()
    assert {(o.status, o.cause) for o in outcomes.values()} == {(Status.CANCELLED, Cause.CANCELLED)}
    assert cloud.calls["cancel"] == 1


async def test_one_task_of_many_is_cancelled_and_the_others_go_on(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    gate = asyncio.Event()
    cloud.behaviour = held(gate)
    dispatcher = group(3)
    executor = dispatcher.begin()
    await dispatcher.send()
    assert await executor.cancel(dispatcher.metadata, dispatcher.tasks.refs[1:2], dispatcher.handle)
    while not dispatcher.stored:
        await dispatcher.step()
    assert dispatcher.stored[11].status is Status.CANCELLED
    gate.set()
    await dispatcher.finish()
    assert completed(dispatcher) == {10, 12}
    assert not await executor.cancel(dispatcher.metadata, dispatcher.tasks.refs, dispatcher.handle)


async def test_a_job_that_the_service_has_forgotten_is_lost_but_what_it_left_is_not(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    cloud.behaviour = only(1, held(asyncio.Event()))
    dispatcher = group(2)
    dispatcher.begin()
    await dispatcher.send()
    await asyncio.sleep(0.05)
    cloud.jobs.clear()
    outcomes = await dispatcher.finish()
    assert (outcomes[10].status, outcomes[11].cause) == (Status.COMPLETED, Cause.LOST)


async def test_outcomes_that_make_no_sense_do_no_harm(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    prefix = outcomes_prefix("ct-group-0-1")
    for name in (
        "0.1.error",
        "7.1.ok.3." + "a" * 64,
        "0.1.ok.3." + "x" * 64,
        "1.1.ok.-3." + "a" * 64,
        "x",
        "-1.1.error",
    ):
        await cloud.bucket.put(prefix + name, b"nonsense")
    outcomes = await group(2).run()
    assert outcomes[10].cause is Cause.UNKNOWN
    assert "cannot be read" in outcomes[10].message
    assert outcomes[11].status is Status.COMPLETED


async def test_of_several_outcomes_a_good_one_counts(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    async def again(container: Container) -> None:
        container.start()
        await container.fail("the host is going away", "HOST")
        container.task.attempt = 2
        await works(container)

    cloud.behaviour = again
    dispatcher = group(1)
    dispatcher.begin()
    await dispatcher.send()
    while not cloud.jobs["job-0"].state.is_final:
        await asyncio.sleep(0.01)
    assert (await dispatcher.finish())[10].status is Status.COMPLETED


async def test_streams_are_told_apart_while_a_task_runs(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    gate = asyncio.Event()

    async def talks(container: Container) -> None:
        for text in ("one\n", "\x1eoops\n", "two\n", "\x1eagain\n", "three\n"):
            container.print(text)
        await held(gate)(container)

    cloud.behaviour = talks
    dispatcher = group(2)
    executor = dispatcher.begin()
    await dispatcher.send()
    await dispatcher.step()
    ref = dispatcher.tasks.refs[1]

    async def log(stream: str, offset: int = 0, limit: int = 100) -> bytes:
        return await executor.read_log(dispatcher.metadata, ref, stream, offset, limit)

    assert await log("stdout") == b"one\ntwo\n"
    assert await log("stdout", 4) == b"two\nthree\n"
    assert await log("stdout", 4, 3) == b"two"
    assert await log("stderr") == b"oops\nagain\n"
    gate.set()
    await dispatcher.finish()
    assert await log("stdout") == b""


async def test_why_says_what_the_service_says_and_what_to_do(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    async def waits(container: Container) -> None:
        container.task.status_reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
        await asyncio.Event().wait()

    cloud.behaviour = waits
    dispatcher = group(3)
    executor = dispatcher.begin()
    await dispatcher.send()
    handle, ref = dispatcher.handle, dispatcher.tasks.refs[0]
    following = asyncio.create_task(dispatcher.step())
    while "Ask for less" not in (said := await executor.why(dispatcher.metadata, ref, handle)):
        await asyncio.sleep(0.01)
    assert "job-0 waits for a place to run: it asks for more than there is." in said
    assert "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT" in said
    assert "3 wait, 0 run and 0 have ended" in said
    cloud.fail_next("describe", *["throttled"] * 1000)
    while "Too Many Requests" not in await executor.why(dispatcher.metadata, ref, handle):
        await asyncio.sleep(0.01)
    following.cancel()


async def test_why_tells_what_holds_up_a_submission(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    cloud.fail_next("submit", *["unreachable"] * 1000)
    dispatcher = group(3)
    executor = dispatcher.begin()
    sending = asyncio.create_task(dispatcher.send())
    while "Could not connect" not in await executor.why(dispatcher.metadata, dispatcher.tasks.refs[0], None):
        await asyncio.sleep(0.01)
    sending.cancel()


async def test_several_groups_share_their_calls(cloud: Cloud, group: Callable[..., Dispatcher]) -> None:
    gate = asyncio.Event()
    cloud.behaviour = held(gate)
    first = group(2, "ct-a-0-1", poll=0.2)
    executor = first.begin()
    others = [group(2, f"ct-b-{n}-1") for n in range(8)]
    for dispatcher in others:
        dispatcher.executor, dispatcher.runtime = executor, first.runtime
    everyone = [first, *others]
    await asyncio.gather(*(dispatcher.send() for dispatcher in everyone))
    finishing = asyncio.gather(*(dispatcher.finish() for dispatcher in everyone))
    await asyncio.sleep(0.5)
    # Nine groups of their own would need nine times as many.
    assert cloud.calls["describe"] < 40
    assert cloud.calls["check"] == 1
    gate.set()
    await finishing
    for dispatcher in others:
        dispatcher.runtime = None


@pytest.mark.parametrize("max_refs", [1, 100])
async def test_a_group_that_cannot_be_described_does_not_keep_news_from_the_others(
    cloud: Cloud, group: Callable[..., Dispatcher], monkeypatch: pytest.MonkeyPatch, max_refs: int
) -> None:
    describe = FakeBatchService.describe
    is_refused = True

    async def refusing(self: FakeBatchService, refs: Sequence[str]) -> Mapping[str, JobView]:
        if is_refused and any(cloud.jobs[ref].job.name.startswith("ct-bad") for ref in refs):
            raise ExecutorError("This one is not for you.")
        return await describe(self, refs)

    monkeypatch.setattr(FakeBatchService, "describe", refusing)
    cloud.limits = Limits(max_size=100, max_refs=max_refs, max_environment_chars=2000)
    bad = group(2, "ct-bad-0-1")
    executor = bad.begin()
    good = [group(2, f"ct-good-{n}-1") for n in range(3)]
    for dispatcher in good:
        dispatcher.executor, dispatcher.runtime = executor, bad.runtime
    await asyncio.gather(*(dispatcher.send() for dispatcher in (bad, *good)))
    finishing = asyncio.create_task(bad.finish())
    await asyncio.gather(*(dispatcher.finish() for dispatcher in good))
    assert [len(completed(dispatcher)) for dispatcher in good] == [2, 2, 2]
    assert "This one is not for you." in await executor.why(bad.metadata, bad.tasks.refs[0], bad.handle)
    is_refused = False
    await finishing
    assert len(completed(bad)) == 2
    for dispatcher in good:
        dispatcher.runtime = None


async def test_closing_ends_who_waits_and_leaves_nothing_running(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    cloud.behaviour = held(asyncio.Event())
    dispatcher = group(3)
    before = asyncio.all_tasks()
    dispatcher.begin()
    await dispatcher.send()
    await dispatcher.step()
    waiting = asyncio.create_task(dispatcher.step())
    await asyncio.sleep(0.05)
    await dispatcher.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    containers = {task.process for job in cloud.jobs.values() for task in job.tasks}
    assert asyncio.all_tasks() - before <= containers


async def test_settings_that_the_service_refuses_fail_the_group_before_anything_is_written(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    dispatcher = group(3, options="impossible")
    dispatcher.begin()
    with pytest.raises(ExecutorError, match="no such queue"):
        await dispatcher.send()
    assert [page async for page in cloud.bucket.list("groups/")] == []
    assert not cloud.jobs


async def test_a_job_that_must_be_told_too_much_is_refused_with_a_remedy(
    cloud: Cloud, group: Callable[..., Dispatcher]
) -> None:
    cloud.limits = replace(cloud.limits, max_environment_chars=100)
    dispatcher = group(3)
    dispatcher.begin()
    with pytest.raises(ExecutorError, match="shorter prefix"):
        await dispatcher.send()


async def test_outcomes_that_nobody_may_read_end_their_tasks_in_the_end(
    cloud: Cloud, group: Callable[..., Dispatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = group(2)
    executor = dispatcher.begin()
    await dispatcher.send()
    store = await executor.objects()

    def refuse(prefix: str) -> object:
        raise ExecutorError("Access was denied. Allow it.")

    monkeypatch.setattr(store, "list", refuse)
    outcomes: dict[int, Outcome] = await dispatcher.finish()
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.CONFIG}
    assert "Allow it" in outcomes[10].message
