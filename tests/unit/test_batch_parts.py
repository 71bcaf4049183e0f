"""Parts of the batch engine that need no service."""

from __future__ import annotations

import asyncio
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covalent.errors import ExecutorError, ServiceUnreachableError, StoreUnavailableError, ThrottledError
from covalent.executor.batch.causes import CANCEL_REASON, ORDER, explain, lost
from covalent.executor.batch.concurrently import Once, each
from covalent.executor.batch.handle import Handle, SubmittedJob, manifest_order
from covalent.executor.batch.logs import split
from covalent.executor.batch.pace import Brake, interval_s
from covalent.executor.batch.patience import Patience
from covalent.executor.batch.service import JobState, ReasonPattern, TaskView
from covalent.executor.registry import executor_class
from covalent.model import GroupMetadata, TaskRef
from covalent.runner.cloud.names import EXIT_REASONS
from covalent.states import Cause, Status


def view(**changes: object) -> TaskView:
    return TaskView(**{"index": 0, "state": JobState.FAILED, **changes})  # type: ignore[arg-type]


def test_of_several_causes_that_fit_the_more_certain_one_is_given() -> None:
    rows = [ReasonPattern(cause=cause, message=f"{cause}.", exit_codes=(137,)) for cause in reversed(ORDER)]
    for cause in ORDER:
        assert explain(view(exit_code=137), rows).cause is cause
        rows.pop()


@pytest.mark.parametrize(
    ("changes", "asked"),
    [({"is_cancelled": True}, False), ({"status_reason": f"{CANCEL_REASON}."}, False), ({}, True)],
)
def test_what_was_cancelled_is_cancelled_whatever_its_exit_code(changes: dict[str, object], asked: bool) -> None:
    rows = [ReasonPattern(cause=Cause.TIMEOUT, message="", exit_codes=(137,))]
    outcome = explain(view(exit_code=137, **changes), rows, asked=asked)
    assert (outcome.status, outcome.cause) == (Status.CANCELLED, Cause.CANCELLED)


def test_all_that_a_row_names_must_match() -> None:
    rows = [
        ReasonPattern(cause=Cause.HOST, message="both", text=re.compile("gone"), exit_codes=(1,)),
        ReasonPattern(cause=Cause.USER, message="neither"),
        ReasonPattern(cause=Cause.USER, message="text", text=re.compile("gone")),
    ]
    assert explain(view(exit_code=2, reason="gone"), rows).message == "text (The service says: gone)"
    assert explain(view(exit_code=1, status_reason="gone"), rows).message.startswith("both")
    assert explain(view(exit_code=2), rows).cause is Cause.UNKNOWN


@pytest.mark.parametrize("code", sorted(EXIT_REASONS))
def test_every_end_of_the_runner_is_explained(code: int) -> None:
    outcome = explain(view(exit_code=code), ())
    assert (outcome.cause, outcome.message) == EXIT_REASONS[code]


@pytest.mark.parametrize(
    ("changes", "cause", "started"),
    [
        ({}, Cause.HOST, False),
        ({"started_at": 1.0}, Cause.HOST, True),
        ({"exit_code": 1}, Cause.HOST, True),
        ({"attempt": 2}, Cause.HOST, True),
        ({}, Cause.USER, True),
    ],
)
def test_only_what_certainly_never_ran_costs_no_retry(changes: dict[str, object], cause: Cause, started: bool) -> None:
    rows = [ReasonPattern(cause=cause, message="", text=re.compile("word"))]
    assert explain(view(status_reason="word", **changes), rows).started is started


def test_a_lost_job_is_named() -> None:
    assert "job-7" in lost("job-7").message


refs = st.lists(
    st.builds(TaskRef, node_id=st.integers(0, 50), attempt=st.integers(1, 3)), unique_by=lambda r: r.node_id, min_size=1
)


@given(refs)
def test_a_handle_is_read_as_it_was_written(chosen: list[TaskRef]) -> None:
    ordered = manifest_order(chosen)
    handle = Handle(jobs=(SubmittedJob(ref="a", first=0, size=len(chosen)),), refs=ordered)
    assert Handle.from_json(handle.to_json()) == handle
    assert manifest_order(list(reversed(chosen))) == ordered


def test_the_handle_of_a_large_group_is_small() -> None:
    many = tuple(TaskRef(node_id=n, attempt=1) for n in range(100_000))
    assert Handle(jobs=(), refs=many).to_json()["refs"] == [[0, 100_000, 1]]


@pytest.mark.parametrize("value", [None, "x", {}, {"jobs": [], "refs": [[1]]}, {"jobs": [{"ref": 1}], "refs": []}])
def test_what_is_no_handle_is_refused(value: object) -> None:
    with pytest.raises(ExecutorError, match="cannot be read"):
        Handle.from_json(value)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=5).filter(lambda b: b"\n" not in b and b"\x1e" not in b))))
def test_streams_come_apart_as_they_were(lines: list[tuple[bool, bytes]]) -> None:
    printed = b"".join((b"\x1e" if is_error else b"") + line + b"\n" for is_error, line in lines)
    out, err = split(printed)
    assert out == b"".join(line + b"\n" for is_error, line in lines if not is_error)
    assert err == b"".join(line + b"\n" for is_error, line in lines if is_error)


def test_looks_are_frequent_at_first_after_news_and_never_rarer_than_asked() -> None:
    assert interval_s(0, 0, 10, 0.5) == 0.5
    assert interval_s(1000, 20, 60, 0.5) == 30
    assert interval_s(20, 20, 10, 0.5) == 5
    assert interval_s(3600, 3600, 10, 0.5) == 10
    assert interval_s(0, 0, 0.1, 0.5) == 0.1


def test_throttling_slows_down_within_bounds_and_is_forgotten() -> None:
    brake = Brake()
    for _ in range(100):
        brake.press()
    assert 10 < brake.factor < 100
    for _ in range(100):
        brake.release()
    assert brake.factor == 1.0


@pytest.mark.parametrize(
    "error", [ThrottledError("slow"), ServiceUnreachableError("where"), StoreUnavailableError("db", "busy")]
)
async def test_patience_outlasts_what_passes_and_says_meanwhile_what_it_is(error: Exception) -> None:
    patience = Patience((0.001, 0.002))
    troubles = []

    async def call() -> str:
        troubles.append(patience.trouble)
        if len(troubles) < 20:
            raise error
        return "done"

    assert await patience.insist(call) == "done"
    assert (troubles[0], troubles[-1], patience.trouble) == ("", str(error), "")


async def test_patience_ends_with_a_refusal() -> None:
    async def call() -> None:
        raise ExecutorError("no")

    with pytest.raises(ExecutorError, match="no"):
        await Patience().insist(call)


async def test_what_many_need_is_made_once_even_if_the_first_is_cancelled() -> None:
    once: Once[int] = Once()
    made = 0

    async def make() -> int:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return made

    first, *others = [asyncio.create_task(once.get("key", make)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [1, 1]
    assert await once.get("key", make) == 1
    assert await once.get("other", make) == 2
    await once.close()


async def test_what_could_not_be_made_or_is_too_old_is_made_again() -> None:
    once: Once[str] = Once(valid_s=0.0)

    async def fails() -> str:
        raise ExecutorError("no")

    async def works() -> str:
        return "yes"

    with pytest.raises(ExecutorError):
        await once.get("key", fails)
    assert await once.get("key", works) == "yes"
    with pytest.raises(ExecutorError):
        await once.get("key", fails)


async def test_work_in_parallel_keeps_its_bounds_and_its_order_and_ends_with_an_error() -> None:
    running = most = 0
    ended = []

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.001)
            if number == 50:
                raise ExecutorError("fifty")
            ended.append(number)
            return number
        finally:
            running -= 1

    assert await each(range(20), work, 4) == list(range(20))
    assert most == 4
    with pytest.raises(ExecutorError, match="fifty"):
        await each(range(1000), work, 4)
    assert running == 0
    assert max(ended) < 100


@pytest.mark.parametrize("name", ["awsbatch", "azurebatch", "gcpbatch"])
def test_without_the_extra_a_task_is_refused_with_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "covalent.executor.batch.staging", None)
    executor = executor_class(name)()
    metadata = GroupMetadata(dispatch_id="d", group_id="g", node_ids=(0,))
    with pytest.raises(ExecutorError, match=r"Install covalent-batch with the extra .* where the server runs"):
        asyncio.run(executor.send([TaskRef(node_id=0, attempt=1)], {}, metadata))  # type: ignore[arg-type]  # It is not asked.
