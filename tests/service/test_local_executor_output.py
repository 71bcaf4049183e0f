"""What a task on the local executor writes, uses and finds around it."""

from __future__ import annotations

import builtins
import ctypes
import decimal
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from covalent.executor.local import LocalExecutor
from covalent.model import Environment
from covalent.states import Cause, Status
from tests.support.local_executor import Book, GroupRun, run, run_one

pytestmark = pytest.mark.usefixtures("two_workers")


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


async def test_nothing_that_a_task_changes_in_the_interpreter_reaches_the_next(
    executor: LocalExecutor, book: Book
) -> None:
    def spoil() -> None:
        os.environ["TZ"] = "Pacific/Kiritimati"
        time.tzset()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
        decimal.getcontext().prec = 3
        socket.setdefaulttimeout(0.001)
        warnings.simplefilter("error")
        logging.disable(logging.CRITICAL)
        builtins.print = builtins.len  # type: ignore[assignment]
        sys.setrecursionlimit(123)
        sys.setswitchinterval(1.5)
        gc.disable()
        sys.settrace(lambda *_: None)
        sys.setprofile(lambda *_: None)
        sys.argv.append("--spoiled")
        sys.excepthook = lambda *_: None

    def look() -> dict[str, Any]:
        warnings.warn("only said", stacklevel=1)
        return {
            "zone": time.tzname,
            "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
            "precision": decimal.getcontext().prec,
            "patience": socket.getdefaulttimeout(),
            "logging": logging.root.manager.disable,
            "print": builtins.print.__name__,
            "recursion": sys.getrecursionlimit(),
            "switching": sys.getswitchinterval(),
            "collects": gc.isenabled(),
            "trace": sys.gettrace(),
            "profile": sys.getprofile(),
            "arguments": len(sys.argv),
            "hook": sys.excepthook is sys.__excepthook__,
        }

    for _ in range(4):
        book.add(look)
        book.add(spoil)
    outcomes = await run(executor, book)
    seen = [book.result(outcomes[i]) for i in range(0, 8, 2)]
    assert seen[0]["precision"] == 28
    assert [one for one in seen if one != seen[0]] == []


async def test_what_a_task_changes_in_its_globals_stays_in_its_workflow(executor: LocalExecutor, book: Book) -> None:
    state = {"calls": 0}

    def count() -> int:
        state["calls"] += 1
        return state["calls"]

    counted = []
    for dispatch_id in ("first", "second"):
        one = Book(book.data_dir, group_id=f"of-{dispatch_id}", dispatch_id=dispatch_id)
        for _ in range(12):
            one.add(count)
        counted += [sorted(one.result(outcome) for outcome in (await run(executor, one)).values())]
    assert counted[0][0] == 1
    assert counted[0][-1] > 1
    assert counted[1][0] == 1


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
