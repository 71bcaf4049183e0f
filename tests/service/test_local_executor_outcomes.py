"""What becomes of a task on the local executor: its value or its failure."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import pickle as std_pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from covalent.executor.local import LocalExecutor
from covalent.model import NodeKind
from covalent.runner.context import get_context
from covalent.states import Cause, Status
from tests.support.local_executor import Book, Ref, run, run_one

pytestmark = pytest.mark.usefixtures("two_workers")


# Values


async def test_a_task_returns_its_value(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda a, b=1: {"sum": a + b}, 2, b=3)
    assert book.result(outcome) == {"sum": 5}
    assert outcome.started_at is not None
    assert outcome.ended_at is not None
    assert time.time() - 60 < outcome.started_at <= outcome.ended_at <= time.time()


async def test_a_task_is_shown_with_what_it_was_called_with_before_it_changed_that(
    executor: LocalExecutor, book: Book
) -> None:
    def empty(values: list[int], *more: int, scale: int = 1) -> int:
        values.clear()
        return scale

    outcome = await run_one(executor, book, empty, Ref(0), 5, scale=2, inputs=(book.value([1, 2]),))
    assert (outcome.inputs_preview, outcome.output_preview) == ("values=[1, 2], more[0]=5, scale=2", "2")


async def test_whatever_an_object_says_of_itself_its_task_completes_in_time(
    executor: LocalExecutor, book: Book
) -> None:
    class Rude:
        def __repr__(self) -> str:
            time.sleep(30)
            raise SystemExit

    began = time.monotonic()
    outcome = await run_one(executor, book, lambda rude: [rude], Rude())
    assert outcome.status is Status.COMPLETED
    assert time.monotonic() - began < 20
    assert (outcome.inputs_preview[:6], outcome.output_preview[:2]) == ("rude=<", "[<")


async def test_the_longest_outcome_keeps_to_the_size_of_a_message(executor: LocalExecutor, book: Book) -> None:
    def task(text: str) -> str:
        print("o" * 32_000)
        print("e" * 32_000, file=sys.stderr)
        return text * 4

    outcome = await run_one(executor, book, task, "\U0001f600" * 4000)
    assert outcome.status is Status.COMPLETED
    assert outcome.stdout is not None
    assert outcome.stderr is not None
    assert outcome.output is not None
    assert None not in (outcome.stdout.data, outcome.stderr.data, outcome.output.data)
    assert len(json.dumps([outcome.inputs_preview, outcome.output_preview])) <= 24_000


async def test_references_stand_for_inputs_wherever_they_are(executor: LocalExecutor, book: Book) -> None:
    child = book.value(["child", Ref(0)], inputs=(book.value("grandchild"),))
    outcome = await run_one(
        executor, book, lambda *a, **k: (a, k), {"deep": [Ref(1)]}, Ref(0), key=Ref(0), inputs=(book.value(7), child)
    )
    assert book.result(outcome) == (({"deep": [["child", "grandchild"]]}, 7), {"key": 7})


async def test_an_input_that_is_used_twice_is_one_object(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda a, b: a is b[0], Ref(0), [Ref(0)], inputs=(book.value([1]),))
    assert book.result(outcome) is True


async def test_equal_values_of_two_inputs_stay_two_objects(executor: LocalExecutor, book: Book) -> None:
    same = book.value([1])
    outcome = await run_one(executor, book, lambda a, b: a is b, Ref(0), Ref(1), inputs=(same, same))
    assert book.result(outcome) is False


async def test_values_beyond_the_inline_limit_travel_as_files(executor: LocalExecutor, book: Book) -> None:
    big = os.urandom(3_000_000)
    outcome = await run_one(executor, book, lambda x: x[::-1], Ref(0), inputs=(book.value(big),))
    assert outcome.output is not None
    assert outcome.output.data is None
    assert book.result(outcome) == big[::-1]


async def test_many_small_inputs_that_exceed_a_message_together_arrive(executor: LocalExecutor, book: Book) -> None:
    inputs = tuple(book.value(bytes([i]) * 60_000) for i in range(20))
    outcome = await run_one(executor, book, lambda *a: sum(map(len, a)), *map(Ref, range(20)), inputs=inputs)
    assert book.result(outcome) == 20 * 60_000
    assert not list((book.data_dir / "workers" / "spool").glob("task-*"))


async def test_a_function_of_some_length_is_sent_once_for_all_its_tasks(executor: LocalExecutor, book: Book) -> None:
    table = os.urandom(40_000)
    function = book.value(lambda i: table[i])
    for i in range(30):
        book.add(function, i)
    outcomes = await run(executor, book)
    assert [book.result(outcomes[i]) for i in range(30)] == list(table[:30])


async def test_a_coroutine_function_is_awaited(executor: LocalExecutor, book: Book) -> None:
    async def task(x: int) -> int:
        await asyncio.sleep(0.001)
        return x * 2

    assert book.result(await run_one(executor, book, task, 4)) == 8


async def test_a_coroutine_function_leaves_no_trace_in_the_event_loops_of_later_tasks(
    executor: LocalExecutor, book: Book
) -> None:
    async def asynchronous() -> None:
        await asyncio.sleep(0)

    def old_fashioned() -> int:
        loop = asyncio.get_event_loop()
        return loop.run_until_complete(asyncio.sleep(0, 5))

    for _ in range(4):
        book.add(asynchronous)
        book.add(old_fashioned)
    outcomes = await run(executor, book)
    assert [book.result(outcomes[i]) for i in range(1, 8, 2)] == [5, 5, 5, 5]


async def test_generators_of_both_kinds_are_collected(executor: LocalExecutor, book: Book) -> None:
    def plain(n: int) -> Any:
        yield from range(n)

    async def asynchronous(n: int) -> Any:
        for i in range(n):
            yield i

    book.add(plain, 3)
    book.add(asynchronous, 4)
    outcomes = await run(executor, book)
    assert book.result(outcomes[0]) == [0, 1, 2]
    assert book.result(outcomes[1]) == [0, 1, 2, 3]


async def test_the_bytes_of_a_sublattice_are_the_output_as_they_are(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: b"encoded graph", kind=NodeKind.SUBLATTICE)
    assert book.read(outcome.output) == b"encoded graph"


async def test_a_sublattice_that_returns_something_else_fails(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: 3, kind=NodeKind.SUBLATTICE)
    assert (outcome.cause, outcome.message) == (Cause.USER, "A sublattice must return its graph as bytes, not int.")


async def test_a_task_knows_its_dispatch_and_number_and_so_do_its_children(executor: LocalExecutor, book: Book) -> None:
    def task() -> tuple[Any, str]:
        program = "import os; print(os.environ['COVALENT_TASK_ID'], os.environ['COVALENT_OBJECTS'])"
        child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        return tuple(get_context()), child.strip()

    book.add(lambda: None)
    assert book.result(await run_one(executor, book, task)) == (
        (book.dispatch_id, 1),
        f"1 {book.data_dir / 'objects'}",
    )


# Failures


async def test_an_exception_travels_as_text_and_as_itself(executor: LocalExecutor, book: Book) -> None:
    def task() -> None:
        try:
            {}["missing"]
        except KeyError as error:
            problem = ValueError("no such thing")
            problem.add_note("look in the attic")
            raise problem from error

    outcome = await run_one(executor, book, task)
    assert (outcome.status, outcome.cause, outcome.message) == (
        Status.FAILED,
        Cause.USER,
        "ValueError: no such thing",
    )
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.failure.message) == ("builtins.ValueError", "no such thing")
    text = outcome.failure.traceback
    assert "KeyError: 'missing'" in text
    assert "direct cause" in text
    assert "look in the attic" in text
    assert "covalent/runner" not in text
    assert outcome.failure.pickled is not None
    original = std_pickle.loads(book.read(outcome.failure.pickled))
    assert type(original) is ValueError
    assert original.__notes__ == ["look in the attic"]


async def test_an_exception_that_cannot_be_pickled_is_kept_as_text(executor: LocalExecutor, book: Book) -> None:
    class LockedError(Exception):
        def __init__(self) -> None:
            super().__init__("held")
            self.lock = threading.Lock()

    def task() -> None:
        raise LockedError

    outcome = await run_one(executor, book, task)
    assert outcome.message == "LockedError: held"
    assert outcome.failure is not None
    assert outcome.failure.pickled is None
    assert "LockedError: held" in outcome.failure.traceback


async def test_an_exception_that_cannot_be_opened_again_is_kept_as_text(executor: LocalExecutor, book: Book) -> None:
    class TwoArgumentsError(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} and {b}")

    def task() -> None:
        raise TwoArgumentsError(1, 2)

    outcome = await run_one(executor, book, task)
    assert outcome.failure is not None
    assert (outcome.failure.message, outcome.failure.pickled) == ("1 and 2", None)


async def test_an_exception_whose_text_cannot_be_had_is_still_a_failure(executor: LocalExecutor, book: Book) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not telling")

    def task() -> None:
        raise MuteError

    outcome = await run_one(executor, book, task)
    assert outcome.cause is Cause.USER
    assert "str() raised RuntimeError" in outcome.message


async def test_a_huge_exception_keeps_to_the_size_of_a_message(executor: LocalExecutor, book: Book) -> None:
    def task() -> None:
        raise ValueError("\udc80\x1b" * 500_000)

    outcome = await run_one(executor, book, task)
    assert outcome.failure is not None
    assert "characters are left out" in outcome.failure.message
    assert outcome.failure.pickled is not None
    assert outcome.failure.pickled.data is None
    assert len(std_pickle.loads(book.read(outcome.failure.pickled)).args[0]) == 1_000_000


@pytest.mark.parametrize(("code", "shown"), [(3, "sys.exit(3)"), ("bye", "sys.exit('bye')"), (None, "sys.exit()")])
async def test_sys_exit_is_the_tasks_own_failure(executor: LocalExecutor, book: Book, code: Any, shown: str) -> None:
    outcome = await run_one(executor, book, lambda: sys.exit(code))
    assert outcome.cause is Cause.USER
    assert shown in outcome.message


async def test_keyboard_interrupt_is_the_tasks_own_failure(executor: LocalExecutor, book: Book) -> None:
    def task() -> None:
        raise KeyboardInterrupt

    assert (await run_one(executor, book, task)).cause is Cause.USER


async def test_running_out_of_memory_in_python_has_its_own_cause(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: bytearray(1 << 60))
    assert outcome.cause is Cause.OUT_OF_MEMORY


async def test_a_result_that_cannot_be_pickled_says_what_to_return(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: {"socket": threading.Lock()})
    assert outcome.cause is Cause.USER
    assert "The task's result, a dict, cannot be pickled" in outcome.message
    assert "Return plain data" in outcome.message
    assert outcome.failure is not None
    assert outcome.failure.type == "builtins.TypeError"


async def test_a_module_that_the_worker_lacks_is_a_matter_of_the_environment(
    executor: LocalExecutor, book: Book
) -> None:
    pickled = b"cno_such_module_here\nf\n."
    outcome = await run_one(executor, book, book.blob(pickled))
    assert outcome.cause is Cause.ENVIRONMENT
    assert "no module 'no_such_module_here'" in outcome.message
    assert "DepsPip" in outcome.message


async def test_another_python_is_refused_before_anything_is_opened(executor: LocalExecutor, book: Book) -> None:
    book.python = "3.7.1"
    marker = book.data_dir / "ran"
    outcome = await run_one(executor, book, lambda: marker.touch())
    assert outcome.cause is Cause.ENVIRONMENT
    assert "dispatched from Python 3.7" in outcome.message
    assert f"the worker runs Python {sys.version_info[0]}.{sys.version_info[1]}" in outcome.message
    assert not marker.exists()


@pytest.mark.parametrize("where", ["message", "file"])
async def test_a_damaged_value_is_not_opened(executor: LocalExecutor, book: Book, where: str) -> None:
    marker = book.data_dir / "opened"

    class Trap:
        def __reduce__(self) -> Any:
            return Path.touch, (marker,)

    good = book.value([1] if where == "message" else bytes(100_000))
    bad = book.value([Trap(), b"" if where == "message" else bytes(100_000)])
    damaged = good
    if where == "file":
        book.path(good).write_bytes(book.read(bad))
    else:
        damaged = type(good)(digest=good.digest, size=bad.size, data=bad.data)
    outcome = await run_one(executor, book, lambda x: None, Ref(0), inputs=(damaged,))
    assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.UNKNOWN)
    assert good.digest[:12] in outcome.message
    assert outcome.failure is not None
    assert outcome.failure.type == "covalent.errors.IntegrityError"
    assert not marker.exists()


async def test_a_missing_value_is_named(executor: LocalExecutor, book: Book) -> None:
    value = book.value(bytes(100_000))
    book.path(value).unlink()
    outcome = await run_one(executor, book, len, Ref(0), inputs=(value,))
    assert outcome.cause is Cause.UNKNOWN
    assert f"The value {value.digest[:12]} is damaged" in outcome.message


async def test_a_value_in_a_cloud_is_refused_by_name(executor: LocalExecutor, book: Book) -> None:
    value = book.value(1)
    elsewhere = type(value)(digest=value.digest, size=value.size, uri="s3://bucket/key")
    outcome = await run_one(executor, book, lambda x: x, Ref(0), inputs=(elsewhere,))
    assert outcome.cause is Cause.CONFIG
    assert "s3://bucket/key" in outcome.message


# Processes that end


async def test_os_exit_fails_the_task_with_its_code(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: os._exit(7))
    assert (outcome.cause, outcome.exit_code) == (Cause.USER, 7)
    assert "exit code 7" in outcome.message


async def test_a_segmentation_fault_is_named_and_its_traceback_is_in_the_log(
    executor: LocalExecutor, book: Book
) -> None:
    def task() -> None:
        print("before the fall")
        ctypes.string_at(0)

    outcome = await run_one(executor, book, task)
    assert (outcome.cause, outcome.exit_code) == (Cause.USER, 128 + signal.SIGSEGV)
    assert "SIGSEGV" in outcome.message
    assert book.read(outcome.stdout) == b"before the fall\n"
    assert b"Segmentation fault" in book.read(outcome.stderr)


async def test_a_process_killed_from_outside_is_lost(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert (outcome.status, outcome.cause, outcome.started) == (Status.FAILED, Cause.LOST, True)
    assert "SIGKILL" in outcome.message


async def test_the_death_of_a_worker_costs_no_other_task_anything(executor: LocalExecutor, book: Book) -> None:
    def task(i: int) -> int:
        if i in (100, 250):
            os.kill(os.getpid(), signal.SIGKILL)
        return i

    function = book.value(task)
    for i in range(400):
        book.add(function, i)
    outcomes = await run(executor, book)
    assert {i for i, outcome in outcomes.items() if outcome.status is Status.FAILED} == {100, 250}
    assert all(book.result(outcomes[i]) == i for i in range(400) if i not in (100, 250))


async def test_a_forked_child_that_comes_back_ends_instead_of_working(executor: LocalExecutor, book: Book) -> None:
    def task(way: str) -> tuple[int, int]:
        pid = os.fork()
        if pid == 0:
            if way == "raise":
                raise RuntimeError("in the child")
            if way == "exit":
                sys.exit(5)
            return (0, 0)
        return os.getpid(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    for way in ("return", "raise", "exit"):
        book.add(task, way)
    outcomes = await run(executor, book)
    assert [book.result(outcomes[i])[1] for i in range(3)] == [0, 1, 5]
    assert b"RuntimeError: in the child" in book.read(outcomes[1].stderr)
