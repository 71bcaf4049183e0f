"""Tasks in real containers with real limits."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from covalent.executor.batch.bundle import command
from covalent.model import Outcome
from covalent.states import Cause
from tests.support.container import Group
from tests.support.image import make_python_image, podman_environment

pytest_plugins = ("tests.support.container_fixtures",)

pytestmark = [pytest.mark.podman, pytest.mark.slow]

EAT = "data = bytearray(600_000_000); data[::4096] = b'x' * len(data[::4096])"


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """An image, and what podman needs."""
    variables = podman_environment(tmp_path_factory.mktemp("podman"))
    return make_python_image("covalent-test-python", variables), {**os.environ, **variables}


def run(group: Group, podman: tuple[str, dict[str, str]], task: Any, *options: str) -> Outcome:
    image, environment = podman
    group.add(task)
    group.stage()
    variables = group.variables(COVALENT_SCRATCH="", HOME="/root", PATH="/usr/local/bin:/usr/bin:/bin")
    flags = [word for name, value in variables.items() if value for word in ("--env", f"{name}={value}")]
    limits = ["--memory=300m", "--memory-swap=300m"]
    subprocess.run(
        ["podman", "run", "--rm", "--network=host", *limits, *options, *flags, image, *command("s3")],
        env=environment,
        check=False,
        timeout=60,
    )
    return group.outcome()


@pytest.mark.parametrize("options", [(), ("--init",)], ids=["first process", "with init"])
def test_a_task_over_the_memory_limit_says_what_it_had_and_may_have(group: Group, podman: Any, options: Any) -> None:
    def task() -> None:
        print("last words", flush=True)
        exec(EAT)

    outcome = run(group, podman, task, *options)
    assert outcome.cause is Cause.OUT_OF_MEMORY
    assert "The container may use 300 MiB; it had used 300 MiB" in outcome.message
    assert outcome.exit_code == 137
    assert outcome.peak_memory_mib > 200  # type: ignore[operator]
    assert group.content(outcome.stdout) == b"last words\n"


def test_a_task_whose_own_process_went_over_the_limit_ran_out_of_memory(group: Group, podman: Any) -> None:
    def task() -> None:
        subprocess.run([sys.executable, "-c", EAT], check=True)

    outcome = run(group, podman, task)
    assert outcome.cause is Cause.OUT_OF_MEMORY
    assert "CalledProcessError" in outcome.message


def test_an_image_without_anything_but_python_and_a_read_only_root_will_do(group: Group, podman: Any) -> None:
    def task() -> Any:
        return os.getcwd(), os.getpid()

    cwd, _ = group.value(run(group, podman, task, "--read-only", "--user=1000"))
    assert cwd.startswith("/tmp/covalent-")
