"""Jobs of the emulated Google Batch, run in containers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from covalent.testing import EmulatedGoogle, emulated_google
from tests.support.emulated_google import EmulatedGoogleBatch, State, shell
from tests.support.image import make_bare_image, make_python_image, podman_environment

pytestmark = [pytest.mark.podman, pytest.mark.slow]

FETCH_TOKEN = """
import json, os, sys, urllib.request
url = f"http://{os.environ['GCE_METADATA_HOST']}/computeMetadata/v1/instance/service-accounts/default/token"
request = urllib.request.Request(url, headers={"Metadata-Flavor": "Google"})
print(json.load(urllib.request.urlopen(request))["token_type"], os.environ["BATCH_TASK_INDEX"])
print("error", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    environment = podman_environment(tmp_path_factory.mktemp("podman"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture(scope="module")
def image(podman: dict[str, str]) -> str:
    return make_python_image("covalent-test-python", podman)


@pytest.fixture(scope="module")
def bare_image(podman: dict[str, str]) -> str:
    return make_bare_image("covalent-test-bare", podman)


@pytest.fixture(scope="module")
def google(podman: dict[str, str]) -> Iterator[EmulatedGoogle]:
    with emulated_google(containers="podman", slots=2) as google:
        yield google


@pytest.fixture
def cloud(google: EmulatedGoogle) -> Iterator[EmulatedGoogleBatch]:
    cloud = EmulatedGoogleBatch(google)
    yield cloud
    cloud.close()
    google.faults.clear()


def test_tasks_run_in_containers_with_their_identity_and_two_outputs(cloud, image):
    job = cloud.run("python3", "-c", FETCH_TOKEN, image=image, group={"task_count": 2})
    assert [cloud.printed(job, index, "severity=INFO") for index in range(2)] == [["Bearer 0"], ["Bearer 1"]]
    assert cloud.printed(job, 1, "severity=ERROR") == ["error"]


def test_options_reach_the_container(cloud, image):
    code = "import os; s = os.statvfs('/dev/shm'); print(s.f_blocks * s.f_frsize >> 20)"
    assert cloud.printed(cloud.run("python3", "-c", code, image=image, options="--shm-size=77m")) == ["77"]


def test_a_container_over_its_memory_is_killed(cloud, image):
    code = "data = bytearray(300 * 2**20)"
    job = cloud.run("python3", "-c", code, image=image, options="--memory=100m")
    assert cloud.exit_codes(job) == [137]


def test_an_image_that_does_not_exist_ends_with_125(cloud):
    job = cloud.run("true", image="localhost/there-is-no-such-image:1")
    assert cloud.exit_codes(job) == [125]
    assert cloud.printed(job)[0].startswith("docker: Error response from daemon:")


def test_an_image_without_python_ends_with_127(cloud, bare_image):
    assert cloud.exit_codes(cloud.run("python3", "-c", "", image=bare_image)) == [127]


def test_an_entrypoint_takes_the_place_of_the_images(cloud, image):
    assert cloud.printed(cloud.run("-c", "echo hello", image=image, entrypoint="/bin/sh")) == ["hello"]


def test_scripts_run_beside_the_containers(cloud, image):
    container = {"container": {"image_uri": image, "commands": shell("echo inside")}}
    job = cloud.run("true", task={"runnables": [{"script": {"text": "echo outside"}}, container]})
    assert cloud.printed(job) == ["outside", "inside"]


def test_a_cancelled_container_is_gone(cloud, image, podman):
    job = cloud.create(cloud.spec("sleep", "600", image=image, options="--init"))
    cloud.reach(job.name, State.RUNNING)
    time.sleep(1)
    cloud.batch.cancel_job(name=job.name).result(timeout=30)
    listed = ["podman", "ps", "--all", "--quiet", "--filter", "label=COVALENT_EMULATOR"]
    deadline = time.monotonic() + 20
    while subprocess.run(listed, capture_output=True, text=True, check=True).stdout:
        assert time.monotonic() < deadline, "it is there yet"
        time.sleep(0.2)
