"""AWS Batch as a user sees it when tasks run in containers: images that are wrong, memory that is short, output that comes live."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

import covalent as ct
from covalent.testing import emulated_aws
from covalent.testing.harness import Harness
from tests.support.user import User, covalent

pytest_plugins = ("tests.support.podman_fixtures",)

pytestmark = [pytest.mark.podman, pytest.mark.slow]

MIB = 1024 * 1024


@pytest.fixture(scope="module", autouse=True)
def _no_other_cloud() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def user(podman: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    plugins = {"lowered": "tests.support.lowered_limit:LoweredLimitExecutor"}
    with emulated_aws(containers="podman", slots=2) as cloud:
        harness = Harness(tmp_path_factory.mktemp("server"), environment=cloud.environment, plugins=plugins)
        with harness.running():
            yield User(harness, cloud)


def fill(size_mib: int) -> int:
    memory = bytearray(size_mib * 1024 * 1024)
    for start in range(0, len(memory), 4096):
        memory[start] = 1
    return len(memory)


def test_an_image_without_python_is_told_with_what_to_do(user: User, bare_image: str) -> None:
    error = user.fails(print, container_image_uri=bare_image)
    assert "[IMAGE]: The image has no python3, which every task needs. Use an image with Python in it, or put" in error
    assert "put ours under yours (see images/ in the repository)." in error


def test_an_image_whose_name_is_none_is_told_with_what_podman_says(user: User) -> None:
    error = user.fails(print, container_image_uri="UPPER//:x")
    assert "[IMAGE]: There is no such image. Check container_image_uri" in error
    assert "(The service says: Task failed to start: CannotPullContainerError: Error response from daemon: " in error


def test_a_task_over_its_memory_limit_is_told_with_what_it_asked_for_and_what_it_used(user: User, image: str) -> None:
    error = user.fails(fill, 300, container_image_uri=image, memory=0.125)
    assert "[OUT_OF_MEMORY]" in error
    assert "The container may use 128 MiB; it had used 12" in error


def test_a_task_that_ran_out_of_memory_succeeds_on_the_next_size(user: User, image: str) -> None:
    dispatch_id = user.dispatch(fill, 300, container_image_uri=image, memory=0.25, retry_attempts=1)
    assert user.result(dispatch_id).result == 300 * MIB
    shown = covalent("show", dispatch_id, "0")
    assert "OUT_OF_MEMORY: " in shown
    assert "or use less; tried again" in shown


def test_output_is_followed_while_the_task_runs_and_the_two_streams_stay_apart(user: User, image: str) -> None:
    def talk(seconds: int) -> None:
        for second in range(seconds):
            print("out", second, flush=True)
            print("err", second, file=sys.stderr, flush=True)
            time.sleep(1)

    dispatch_id = user.dispatch(talk, 6, container_image_uri=image, poll_freq=1)
    following = [sys.executable, "-m", "covalent", "logs", "-f", dispatch_id, "0"]
    with subprocess.Popen(following, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        assert not ct.get_result(dispatch_id).status.is_final, "it came afterwards"
        # Not communicate(): what came with the first line is in the buffer of the stream.
        out, err = process.stdout.read(), process.stderr.read()
    assert (first + out).splitlines() == [f"out {second}" for second in range(6)]
    assert err.splitlines() == [f"err {second}" for second in range(6)]
    assert covalent("logs", dispatch_id, "0") == first + out + err, "what lies in the bucket afterwards is the same"


def test_a_result_too_large_for_one_upload_needs_obstore_in_the_image(user: User, image: str) -> None:
    def make(size: int) -> bytes:
        return bytes(size)

    def run(size: int) -> ct.Result:
        task = ct.electron(make, executor="lowered")
        return user.result(ct.dispatch(ct.lattice(lambda n: task(n)))(size))

    covalent("config", "set", "executors.lowered.container_image_uri", image)
    assert run(900_000).result == bytes(900_000)
    error = str(run(1_100_000).error)
    assert "1,000,000 bytes at most" in error
    assert "obstore" in error
