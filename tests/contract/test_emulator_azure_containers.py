"""Tasks of the emulated Azure Batch, run in containers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.batch import models as m

from tests.support.azure_batch import AzureBatch, shell

pytest_plugins = ["tests.support.podman_fixtures"]

pytestmark = [pytest.mark.podman, pytest.mark.slow]


@pytest.fixture(scope="module")
def azure(podman: dict[str, str]) -> Iterator[AzureBatch]:
    azure = AzureBatch("podman")
    yield azure
    azure.close()


def within(image: str, options: str = "", **more: str) -> dict[str, m.BatchTaskContainerSettings]:
    settings = m.BatchTaskContainerSettings(image_name=image, container_run_options=options, **more)
    return {"container_settings": settings}


def test_a_task_runs_in_its_image_in_its_own_directory_with_two_outputs(azure, image):
    script = "pwd; echo of-$AZ_BATCH_TASK_ID > made.txt; python3 -c 1 && echo python; echo wrong >&2"
    job, task = azure.task(shell(script), **within(image, "--memory 256m --shm-size=64m"))
    ended = azure.end(job, task, 120)
    assert ended.execution_info.result == "success", ended.as_dict()
    directory, word = azure.read(job, task).split()
    assert directory.endswith(f"/{ended.node_info.task_root_directory}/wd")
    assert word == "python"
    assert azure.read(job, task, "stderr.txt") == "wrong\n"
    assert azure.read(job, task, "wd/made.txt") == f"of-{task}\n"
    elsewhere = azure.task("/bin/pwd", **within(image, working_directory="containerImageDefault"))
    azure.end(*elsewhere, 120)
    assert azure.read(*elsewhere) != f"{directory}\n"


def test_failures_in_containers_have_the_services_words(azure, image):
    def failure(command: str, **more: m.BatchTaskContainerSettings) -> tuple[str, int | None]:
        info = azure.end(*azure.task(command, **more), 120).execution_info
        return info.failure_info.code, info.exit_code

    hungry = "python3 -c 'x = bytearray(300_000_000); print(len(x))'"
    assert failure(hungry, **within(image, "--memory 64m")) == ("FailureExitCode", 137)
    assert failure("/no/such/program", **within(image)) == ("FailureExitCode", 127)
    assert failure("/bin/true", **within("localhost/no-such-image"))[0] == "ContainerInvalidImage"


def test_a_task_without_an_image_runs_on_the_node(azure, image):
    assert azure.printed("/usr/bin/env python3 -c 'print(1)'") == "1\n"
