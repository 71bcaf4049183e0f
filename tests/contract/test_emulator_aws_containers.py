"""Jobs of the emulated AWS Batch, run in containers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from covalent.testing import EmulatedAWS, emulated_aws
from tests.support.emulated_batch import ROLE, EmulatedBatch, shell

pytest_plugins = ("tests.support.podman_fixtures",)

pytestmark = [pytest.mark.podman, pytest.mark.slow]

INIT = {"linuxParameters": {"initProcessEnabled": True}}

FETCH_CREDENTIALS = """
import json, os, urllib.request
token = open(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read()
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token})
print(sorted(json.load(urllib.request.urlopen(request))))
"""


@pytest.fixture(scope="module")
def aws(podman: dict[str, str]) -> Iterator[EmulatedAWS]:
    with emulated_aws(containers="podman", slots=2) as aws:
        yield aws


@pytest.fixture
def cloud(aws: EmulatedAWS) -> Iterator[EmulatedBatch]:
    yield EmulatedBatch(aws)
    aws.faults.clear()


def containers(podman: dict[str, str]) -> list[str]:
    listed = subprocess.run(
        ["podman", "ps", "--all", "--quiet", "--filter", "label=COVALENT_EMULATOR"],
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.split()


def test_children_of_an_array_run_in_containers(cloud, image):
    view = cloud.run(
        "python3",
        "-c",
        "import os; print('index', os.environ['AWS_BATCH_JOB_ARRAY_INDEX'])",
        properties={"image": image},
        arrayProperties={"size": 2},
    )
    assert view["status"] == "SUCCEEDED"
    children = [cloud.describe(f"{view['jobId']}:{index}") for index in range(2)]
    assert [cloud.printed(child) for child in children] == [["index 0"], ["index 1"]]


def test_a_container_fetches_the_credentials_of_its_role(cloud, image):
    view = cloud.run("python3", "-c", FETCH_CREDENTIALS, properties={"image": image, "jobRoleArn": ROLE, **INIT})
    assert cloud.printed(view) == ["['AccessKeyId', 'Expiration', 'SecretAccessKey', 'Token']"]


def test_a_container_over_its_memory_is_killed_by_the_kernel(cloud, image):
    definition = cloud.define(
        "python3", "-c", "x = bytearray(200 * 2**20); print(len(x))", memory="64", properties={"image": image}
    )
    view = cloud.end(cloud.submit(definition))
    assert (view["status"], view["container"]["exitCode"]) == ("FAILED", 137)
    assert view["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_shared_memory_is_as_large_as_the_definition_says(cloud, image):
    properties = {"image": image, "linuxParameters": {"sharedMemorySize": 77}}
    view = cloud.run(
        "python3",
        "-c",
        "import os; s = os.statvfs('/dev/shm'); print(s.f_blocks * s.f_frsize >> 20)",
        properties=properties,
    )
    assert cloud.printed(view) == ["77"]


def test_an_image_that_does_not_exist_cannot_be_pulled(cloud):
    view = cloud.run("true", properties={"image": "localhost/there-is-no-such-image:1"})
    assert view["statusReason"] == "Task failed to start"
    assert view["container"]["reason"].startswith("CannotPullContainerError:")


def test_an_image_without_python_cannot_start_it(cloud, bare_image):
    view = cloud.run("python3", "-c", "", properties={"image": bare_image})
    assert view["statusReason"] == "Task failed to start"
    assert view["container"]["reason"].startswith("CannotStartContainerError:")
    assert "executable file" in view["container"]["reason"]
    assert "exitCode" not in view["container"]


def test_with_an_init_process_a_missing_command_ends_with_127(cloud, bare_image):
    view = cloud.run("python3", "-c", "", properties={"image": bare_image, **INIT})
    assert view["container"]["exitCode"] == 127


def test_a_command_of_its_own_may_end_with_127(cloud, bare_image):
    view = cloud.run(*shell("echo not found; exit 127"), properties={"image": bare_image})
    assert view["container"]["exitCode"] == 127
    assert cloud.printed(view) == ["not found"]


def test_a_terminated_container_is_gone(cloud, aws, image, podman):
    job = cloud.submit(cloud.define("sleep", "600", properties={"image": image, **INIT}))
    cloud.running(job)
    deadline = time.monotonic() + 10
    while not containers(podman) and time.monotonic() < deadline:
        time.sleep(0.1)
    cloud.batch.terminate_job(jobId=job, reason="enough")
    assert cloud.end(job)["container"]["exitCode"] == 143
    assert containers(podman) == []


def test_a_lost_host_takes_its_container_along(cloud, aws, image, podman):
    aws.faults.lose_host(after_s=1)
    view = cloud.run("sleep", "600", properties={"image": image})
    assert view["statusReason"].startswith("Host EC2 (instance i-")
    assert containers(podman) == []


def test_nothing_is_left_of_an_emulator_that_is_killed(podman, image):
    with emulated_aws(containers="podman", slots=1) as aws:
        cloud = EmulatedBatch(aws)
        cloud.running(cloud.submit(cloud.define("sleep", "600", properties={"image": image})))
        deadline = time.monotonic() + 20
        while not containers(podman) and time.monotonic() < deadline:
            time.sleep(0.1)
        subprocess.run(["kill", "-KILL", str(aws.pid)], check=True)
        while containers(podman) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert containers(podman) == []
