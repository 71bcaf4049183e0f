"""Tasks in containers: what a container is started with, what it leaves in the bucket, and how it ends."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from covalent.states import Cause, Status
from tests.support.container import Group, terminate, wait_for
from tests.support.wheels import make_wheel

pytest_plugins = ("tests.support.container_fixtures",)


def test_a_task_leaves_its_result_and_an_outcome_that_names_it(group: Group) -> None:
    outcome = group.run_one(lambda a, b: a * b, 6, 7)
    assert group.value(outcome) == 42
    assert (outcome.inputs_preview, outcome.output_preview) == ("a=6, b=7", "42")
    assert outcome.status is Status.COMPLETED
    assert outcome.output is not None
    assert outcome.output.uri is not None
    assert outcome.started_at <= outcome.ended_at <= time.time()  # type: ignore[operator]
    assert outcome.peak_memory_mib > 1  # type: ignore[operator]
    assert (outcome.stdout, outcome.stderr) == (None, None)


def test_a_task_sees_what_every_task_sees(group: Group) -> None:
    def task() -> Any:
        return (
            os.getcwd(),
            os.environ["COVALENT_DISPATCH_ID"],
            os.environ["COVALENT_TASK_ID"],
            sys.argv,
            sys.stdin.read(),
        )

    cwd, *rest = group.value(group.run_one(task))
    assert cwd.startswith(str(group.scratch))
    assert rest == ["d1", "7", ["covalent-task"], ""]


def test_the_clients_directory_is_used_where_it_exists(group: Group, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("VALUE = 3")
    outcome = group.run_one(lambda: (os.getcwd(), __import__("beside").VALUE), cwd=str(tmp_path))
    assert group.value(outcome) == (str(tmp_path), 3)


def test_an_exception_travels_with_its_traceback_and_itself(group: Group) -> None:
    def task() -> None:
        {}["absent"]

    outcome = group.run_one(task, code=1)
    assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.USER)
    assert "KeyError: 'absent'" in outcome.message
    assert outcome.failure is not None
    assert outcome.failure.type == "builtins.KeyError"
    assert "in task" in outcome.failure.traceback
    assert "covalent_runner" not in outcome.failure.traceback
    assert isinstance(pickle.loads(group.content(outcome.failure.pickled)), KeyError)


def test_a_large_exception_lies_beside_the_outcome(group: Group) -> None:
    def task() -> None:
        raise ValueError("x" * 50_000)

    outcome = group.run_one(task, code=1)
    assert outcome.failure is not None
    assert outcome.failure.pickled is not None
    assert outcome.failure.pickled.uri is not None
    assert len(str(pickle.loads(group.content(outcome.failure.pickled)))) == 50_000


def test_a_result_that_cannot_be_pickled_is_the_users_error(group: Group) -> None:
    outcome = group.run_one(lambda: (_ for _ in ()) and threading.Lock(), code=1)
    assert outcome.cause is Cause.USER
    assert "cannot be pickled" in outcome.message


def test_a_sublattice_returns_its_bytes_as_they_are(group: Group) -> None:
    outcome = group.run_one(lambda: b"graph", kind="sublattice")
    assert group.content(outcome.output) == b"graph"


def test_long_output_lies_beside_the_outcome_and_short_output_in_it(group: Group) -> None:
    def task() -> None:
        for number in range(20_000):
            print("line", number)
        print("short", file=sys.stderr)

    outcome = group.run_one(task)
    lines = group.content(outcome.stdout).decode().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("line 0", "line 19999", 20_000)
    assert outcome.stdout is not None
    assert outcome.stderr is not None
    assert outcome.stdout.uri is not None
    assert outcome.stdout.uri.endswith("/0/1/stdout")
    assert outcome.stderr.data == b"short\n"


def test_output_is_shown_while_the_task_runs_with_a_mark_before_lines_of_stderr(group: Group, tmp_path: Path) -> None:
    go = tmp_path / "go"

    def task() -> None:
        print("one")
        print("two\nthree", file=sys.stderr)
        print("half", end="", flush=True)
        while not go.exists():
            time.sleep(0.01)
        print(" of it", file=sys.stderr)

    group.add(task)
    group.stage()
    with group.start() as process:
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(3)]
        assert sorted(seen) == ["\x1ethree\n", "\x1etwo\n", "one\n"]
        assert process.stdout.read(4) == "half"
        go.touch()
        assert process.stdout.read() == "\n\x1e of it\n"
    assert group.content(group.outcome().stdout) == b"one\nhalf"


def test_large_values_come_from_the_bucket(group: Group) -> None:
    big = os.urandom(1_000_000)
    outcome = group.run_one(lambda data, extra: data[::-1] + extra, big, b"!", elsewhere=("function", "args"))
    assert group.value(outcome) == big[::-1] + b"!"


def test_hooks_and_commands_run_around_the_function(group: Group, tmp_path: Path) -> None:
    def before(path: str) -> str:
        with open(path) as file:
            return file.read()

    hooks = {"before": [(before, (str(tmp_path / "made"),), {}, "text")], "after": []}
    bash = (f"echo from bash > {tmp_path / 'made'}",)
    outcome = group.run_one(lambda text: text.upper(), hooks=hooks, bash=bash, elsewhere=("hooks",))
    assert group.value(outcome) == "FROM BASH\n"


def test_a_command_that_fails_shows_its_last_lines(group: Group) -> None:
    outcome = group.run_one(lambda: None, bash=("echo too bad >&2; exit 3",), code=1)
    assert outcome.cause is Cause.ENVIRONMENT
    assert "exit code 3" in outcome.message
    assert "too bad" in outcome.message


def test_each_container_of_an_array_runs_its_own_task(group: Group) -> None:
    for number in range(4):
        group.add(lambda n: n * 10, number)
    group.stage()
    for index in ("0", "1"):
        ended = group.run(COVALENT_FIRST="2", AWS_BATCH_JOB_ARRAY_INDEX=index, AWS_BATCH_JOB_ATTEMPT="3")
        assert ended.code == 0, ended
    assert [(name.task, name.attempt) for name in group.outcome_names()] == [(2, 3), (3, 3)]
    assert [group.value(group.outcome(task)) for task in (2, 3)] == [20, 30]


# Ends that no outcome of the task's own tells of


@pytest.mark.parametrize(
    ("function", "cause", "shown", "exit_code"),
    [
        (lambda: os._exit(3), Cause.USER, "exit code 3", 3),
        (lambda: os._exit(0), Cause.USER, "exit code 0", 0),
        (lambda: sys.exit(4), Cause.USER, "sys.exit(4)", None),
        (lambda: __import__("ctypes").string_at(0), Cause.USER, "segmentation fault", 139),
        (lambda: os.kill(os.getpid(), 9), Cause.LOST, "SIGKILL", 137),
        (lambda: bytearray(1 << 60), Cause.OUT_OF_MEMORY, "ran out of memory", None),
    ],
    ids=["_exit", "_exit with success", "sys.exit", "segfault", "killed", "MemoryError"],
)
def test_the_end_of_the_tasks_process_is_explained(
    group: Group, function: Any, cause: Cause, shown: str, exit_code: int | None
) -> None:
    def task() -> None:
        print("last words", flush=True)
        function()

    outcome = group.run_one(task, code=1)
    assert (outcome.status, outcome.cause, outcome.exit_code) == (Status.FAILED, cause, exit_code)
    assert shown in outcome.message
    assert group.content(outcome.stdout) == b"last words\n"


def test_a_time_limit_ends_the_task_and_all_that_it_has_started(group: Group, tmp_path: Path) -> None:
    marks = tmp_path / "marks"

    def task() -> None:
        import subprocess

        loop = f"while true; do date > {marks}; sleep 0.05; done"
        subprocess.Popen(["setsid", "sh", "-c", f"({loop}) & {loop}"])
        print("started", flush=True)
        time.sleep(60)

    outcome = group.run_one(task, time_limit_s=1.0, code=1)
    assert outcome.cause is Cause.TIMEOUT
    assert "1 s" in outcome.message
    assert group.content(outcome.stdout) == b"started\n"
    marks.unlink()
    time.sleep(0.2)
    assert not marks.exists()


def test_what_a_task_leaves_running_ends_with_it(group: Group, tmp_path: Path) -> None:
    marks = tmp_path / "marks"

    def task() -> None:
        import subprocess

        subprocess.Popen(["sh", "-c", f"while true; do date > {marks}; sleep 0.05; done"], start_new_session=True)
        while not marks.exists():
            time.sleep(0.01)

    group.value(group.run_one(task))
    marks.unlink()
    time.sleep(0.2)
    assert not marks.exists()


def test_when_the_service_ends_the_container_the_task_is_told_and_leaves_no_outcome(
    group: Group, tmp_path: Path
) -> None:
    def task() -> None:
        import signal

        def on_term(*_: object) -> None:
            (tmp_path / "told").touch()
            sys.exit(1)

        signal.signal(signal.SIGTERM, on_term)
        (tmp_path / "started").touch()
        time.sleep(60)

    group.add(task)
    group.stage()
    with group.start() as process:
        wait_for(tmp_path / "started")
        ended = terminate(process)
    assert ended.code == 143
    assert (tmp_path / "told").exists()
    assert group.outcome_names() == []
    assert not list(group.scratch.iterdir())


# Running twice


def test_a_task_that_has_an_outcome_does_not_run_again(group: Group, tmp_path: Path) -> None:
    def task() -> str:
        with open(tmp_path / "runs", "a") as file:
            file.write("x")
        raise ValueError

    group.add(task)
    group.stage()
    assert group.run().code == 1
    before = group.get(f"groups/g1/outcomes/{group.outcome_names()[0]}")
    assert group.run(AWS_BATCH_JOB_ATTEMPT="2").code == 0
    assert group.get(f"groups/g1/outcomes/{group.outcome_names()[0]}") == before
    assert (tmp_path / "runs").read_text() == "x"


def test_of_two_that_run_at_the_same_time_the_first_to_end_counts(group: Group, tmp_path: Path) -> None:
    def task() -> Any:
        (tmp_path / f"started-{os.getppid()}").touch()
        while len(list(tmp_path.glob("started-*"))) < 2:
            time.sleep(0.01)
        return "the same"

    group.add(task)
    group.stage()
    with group.start() as first, group.start() as second:
        assert [process.wait(30) for process in (first, second)] == [0, 0]
    assert group.value(group.outcome()) == "the same"


def test_output_of_an_earlier_run_of_the_same_attempt_is_not_taken_for_this_ones(group: Group) -> None:
    group.put("groups/g1/0/1/stdout", b"another run's")
    outcome = group.run_one(lambda: print("line\n" * 10_000 + "last"))
    assert outcome.stdout is not None
    assert outcome.stdout.uri is None
    text = group.content(outcome.stdout).decode()
    assert "are left out" in text.splitlines()[0]
    assert text.endswith("line\nlast\n")


def test_a_task_that_costs_nothing_costs_six_requests(group: Group, caplog: pytest.LogCaptureFixture) -> None:
    group.add(lambda: 1, elsewhere=("function",))
    group.stage()
    caplog.set_level("INFO", logger="werkzeug")
    caplog.clear()
    assert group.run().code == 0
    asked = [record.getMessage() for record in caplog.records if record.name == "werkzeug"]
    assert ["PUT" in request for request in asked] == [False] * 4 + [True] * 2


# What is asked for


def test_packages_that_are_there_are_not_installed(group: Group) -> None:
    outcome = group.run_one(lambda: sys.prefix, pip=("cloudpickle", "pytest"))
    assert group.value(outcome) == sys.prefix


def test_packages_are_installed_over_those_of_the_image(group: Group, tmp_path: Path) -> None:
    def task() -> Any:
        import moto
        import pear

        return pear.VALUE, moto.__name__, sys.prefix

    value, _, prefix = group.value(group.run_one(task, pip=(make_wheel(tmp_path, "pear", "1.0", "green"),)))
    assert value == "green"
    assert prefix.startswith(str(group.scratch))


def test_packages_that_cannot_be_installed_fail_the_task_with_the_installers_words(group: Group) -> None:
    outcome = group.run_one(lambda: None, pip=("./no-such-wheel-1.0-py3-none-any.whl",), code=1)
    assert outcome.cause is Cause.ENVIRONMENT
    assert "no-such-wheel" in outcome.message
    assert "The installer said" in outcome.message


def test_a_missing_module_is_named(group: Group) -> None:
    outcome = group.run_one(lambda: __import__("no_such_module"), code=1)
    assert "no_such_module" in outcome.message
