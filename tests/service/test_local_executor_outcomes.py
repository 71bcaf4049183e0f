"""What becomes of a task on the local executor: its value, its failure, its output, what it used."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pickle as std_pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covalent.executor.local import LocalExecutor
from covalent.model import Environment, NodeKind, Outcome
from covalent.runner.context import get_context
from covalent.states import Cause, Status
from tests.support.local_executor import Book, GroupRun, Ref, bound, runtime


@pytest.fixture(scope="module", autouse=True)
def _two_workers() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVALENT_LOCAL_WORKERS", "2")
        yield


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


@pytest.fixture
async def executor(tmp_path: Path) -> AsyncIterator[LocalExecutor]:
    async with runtime(tmp_path) as made:
        yield bound(made)


async def run(executor: LocalExecutor, book: Book) -> dict[int, Outcome]:
    return await (await GroupRun(executor, book).send()).finish()


async def run_one(executor: LocalExecutor, book: Book, function: Any, *args: Any, **kwargs: Any) -> Outcome:
    ref = book.add(function, *args, **kwargs)
    return (await run(executor, book))[ref.node_id]


# Values


async def test_a_task_returns_its_value(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda a, b=1: {"sum": a + b}, 2, b=3)
    assert book.result(outcome) == {"sum": 5}
    assert outcome.started_at is not None
    assert outcome.ended_at is not None
    assert time.time() - 60 < outcome.started_at <= outcome.ended_at <= time.time()


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


@pytest.mark.parametrize(("code", "shown"), [(3, "sys.exit(3)"), ("bye", "sys.exit('bye')"), (None, "sys.exit('')")])
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


# Output


async def test_output_is_the_tasks_own_whoever_writes_it(executor: LocalExecutor, book: Book) -> None:
    def task(i: int) -> None:
        print("python", i)
        print("error", i, file=sys.stderr)
        os.write(1, b"descriptor\n")
        subprocess.run(["sh", "-c", "echo child; echo child error >&2"], check=True)
        libc = ctypes.CDLL(None)
        libc.printf(b"from c\n")

    for i in range(10):
        book.add(task, i)
    outcomes = await run(executor, book)
    for i in range(10):
        assert book.read(outcomes[i].stdout).decode() == f"python {i}\ndescriptor\nchild\nfrom c\n"
        assert book.read(outcomes[i].stderr).decode() == f"error {i}\nchild error\n"


async def test_a_quiet_task_has_no_output(executor: LocalExecutor, book: Book) -> None:
    outcome = await run_one(executor, book, lambda: None)
    assert (outcome.stdout, outcome.stderr) == (None, None)


async def test_what_a_task_does_to_its_streams_does_not_touch_the_next(
    executor: LocalExecutor, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(how: str) -> None:
        if how == "close":
            sys.stdout.close()
        elif how == "replace":
            sys.stdout = open(os.devnull, "w")
        elif how == "descriptor":
            os.close(1)
        elif how == "none":
            sys.stdout = None  # type: ignore[assignment]

    for how in ("close", "replace", "descriptor", "none"):
        for _ in range(4):
            book.add(spoil, how)
            book.add(lambda: print("hello"))
    outcomes = await run(executor, book)
    assert {book.read(outcomes[i].stdout) for i in outcomes if i % 2} == {b"hello\n"}


async def test_what_a_task_writes_can_be_read_while_it_runs(executor: LocalExecutor, book: Book) -> None:
    gate = book.data_dir / "gate"

    def task() -> None:
        print("first line")
        while not gate.exists():
            time.sleep(0.005)
        print("second line")

    ref = book.add(task)
    group = await GroupRun(executor, book).send()
    await group.until(0, Status.RUNNING)
    assert await group.log(ref) == b"first line\n"
    assert await group.log(ref, offset=6, limit=4) == b"line"
    assert await group.log(ref, "stderr") == b""
    gate.touch()
    outcomes = await group.finish()
    assert book.read(outcomes[0].stdout) == b"first line\nsecond line\n"
    assert await group.log(ref) == b""


async def test_a_hundred_megabytes_of_output_are_kept_at_constant_memory(executor: LocalExecutor, book: Book) -> None:
    def task() -> None:
        line = "x" * 999
        for _ in range(100_000):
            print(line)

    outcome = await run_one(executor, book, task)
    assert outcome.status is Status.COMPLETED
    assert outcome.stdout is not None
    assert outcome.stdout.size == 100_000_000
    assert outcome.stdout.data is None
    assert book.path(outcome.stdout).stat().st_size == 100_000_000
    assert outcome.peak_memory_mib is not None
    assert outcome.peak_memory_mib < 100


# Measurements


async def test_memory_and_time_are_those_of_the_task_alone(executor: LocalExecutor, book: Book) -> None:
    def hungry() -> int:
        block = bytearray(200 << 20)
        block[::4096] = b"x" * len(block[::4096])
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
        return os.getpid()

    for _ in range(2):
        book.add(hungry)
    for _ in range(4):
        book.add(lambda: os.getpid())
    outcomes = await run(executor, book)
    for i in range(2):
        assert outcomes[i].peak_memory_mib is not None
        assert 200 < outcomes[i].peak_memory_mib < 300
        assert 0.19 < outcomes[i].cpu_s < 2
    for i in range(2, 6):
        assert outcomes[i].peak_memory_mib < 100
        assert outcomes[i].cpu_s < 0.1


async def test_what_child_processes_use_counts(executor: LocalExecutor, book: Book) -> None:
    program = "b = bytearray(150 << 20); b[::4096] = b'x' * len(b[::4096])"
    outcome = await run_one(
        executor, book, lambda: subprocess.run([sys.executable, "-c", program], check=True).returncode
    )
    assert outcome.peak_memory_mib > 150
    assert outcome.cpu_s > 0.02


# Surroundings


async def test_a_task_runs_in_the_directory_of_its_client(executor: LocalExecutor, book: Book) -> None:
    book.cwd = str(book.data_dir)
    assert book.result(await run_one(executor, book, os.getcwd)) == str(book.data_dir)


async def test_a_directory_that_does_not_exist_is_named(executor: LocalExecutor, book: Book) -> None:
    book.cwd = "/no/such/directory"
    outcome = await run_one(executor, book, os.getcwd)
    assert outcome.cause is Cause.ENVIRONMENT
    assert "/no/such/directory" in outcome.message


async def test_nothing_that_a_task_changes_around_it_reaches_the_next(executor: LocalExecutor, book: Book) -> None:
    def spoil() -> None:
        os.environ["LEFTOVER"] = "1"
        os.environ.pop("PATH", None)
        os.environ["HOME"] = "/elsewhere"
        os.chdir("/")
        sys.path.insert(0, "/nonsense")

    def look() -> tuple[Any, ...]:
        child = subprocess.run(
            [sys.executable, "-c", "import os; print('LEFTOVER' in os.environ)"], capture_output=True
        )
        return (
            os.environ.get("LEFTOVER"),
            os.environ["HOME"],
            "PATH" in os.environ,
            os.getcwd(),
            sys.path[0],
            child.stdout,
        )

    for _ in range(6):
        book.add(spoil)
        book.add(look)
    outcomes = await run(executor, book)
    for i in range(1, 12, 2):
        leftover, home, has_path, cwd, first, child = book.result(outcomes[i])
        assert (leftover, home, has_path, child) == (None, os.environ["HOME"], True, b"False\n")
        assert cwd == str(Path.home())
        assert first != "/nonsense"


async def test_modules_beside_the_script_are_found_and_never_stale(executor: LocalExecutor, book: Book) -> None:
    directory = book.data_dir / "project"
    directory.mkdir()

    def task() -> Any:
        import helper_of_the_user  # type: ignore[import-not-found]

        return helper_of_the_user.VALUE

    for version in (1, 2):
        (directory / "helper_of_the_user.py").write_text(f"VALUE = {version} * {'1' * version}")
        one = Book(book.data_dir, group_id=f"version-{version}", cwd=str(directory))
        function = one.value(task)
        for _ in range(8):
            one.add(function)
        outcomes = await run(executor, one)
        assert {one.result(outcome) for outcome in outcomes.values()} == {1 if version == 1 else 22}


# Hooks and commands


async def test_hooks_run_around_the_function_and_hand_it_values(executor: LocalExecutor, book: Book) -> None:
    trace = book.data_dir / "trace"

    def note(word: str, value: Any = None) -> Any:
        with trace.open("a") as stream:
            stream.write(word + "\n")
        return value

    def task(x: int, **given: Any) -> Any:
        note("task")
        return x, given

    hooks = {
        "before": [
            (note, ("before",), {}, ""),
            (note, ("load",), {"value": 5}, "loaded"),
            (note, ("a", 1), {}, "both"),
            (note, ("b", 2), {}, "both"),
        ],
        "after": [(note, ("after",), {}, "")],
    }
    outcome = await run_one(executor, book, task, 1, hooks=hooks)
    assert book.result(outcome) == (1, {"loaded": 5, "both": [1, 2]})
    assert trace.read_text().split() == ["before", "load", "a", "b", "task", "after"]


async def test_commands_run_before_the_function_in_its_directory(executor: LocalExecutor, book: Book) -> None:
    book.cwd = str(book.data_dir)
    environment = Environment(bash=("echo preparing", "echo ready > made-by-command"))
    outcome = await run_one(executor, book, lambda: Path("made-by-command").read_text(), environment=environment)
    assert book.result(outcome) == "ready\n"
    assert book.read(outcome.stdout) == b"preparing\n"


async def test_a_command_that_fails_ends_the_task_with_its_words(executor: LocalExecutor, book: Book) -> None:
    marker = book.data_dir / "ran"
    environment = Environment(bash=("echo all well", "echo no such tool >&2; exit 4", "touch never"))
    outcome = await run_one(executor, book, lambda: marker.touch(), environment=environment)
    assert outcome.cause is Cause.ENVIRONMENT
    assert "'echo no such tool >&2; exit 4' failed with exit code 4" in outcome.message
    assert "no such tool" in outcome.message
    assert book.read(outcome.stdout) == b"all well\n"
    assert not marker.exists()
