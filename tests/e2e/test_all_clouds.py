"""One workflow whose tasks run on this machine, on AWS, on Google Cloud and on Azure at once, and pass values between them."""

from __future__ import annotations

from pathlib import Path

import pytest

import covalent as ct
from covalent.testing import emulated_aws, emulated_azure, emulated_google
from covalent.testing.harness import Harness
from tests.support.azure_cloud import OPTIONS

pytestmark = [pytest.mark.slow, pytest.mark.npm]

BUCKET = "covalent-tasks"
LIMIT_S = 120.0

#: A value of this many bytes is in no message: it lies where it was made, until another cloud needs it.
BYTES = 300_000

EXECUTORS = {
    "local": ct.executor.LocalExecutor(),
    "aws": ct.executor.AWSBatchExecutor(poll_freq=1),
    "google": ct.executor.GCPBatchExecutor(bucket_name=BUCKET, memory=512, poll_freq=1),
    "azure": ct.executor.AzureBatchExecutor(**OPTIONS, poll_freq=1),
}


def test_a_workflow_runs_everywhere_at_once_and_passes_values_from_each_place_to_each_other(tmp_path: Path) -> None:
    makers = {
        place: ct.electron(lambda place: place.encode() * BYTES, executor=one) for place, one in EXECUTORS.items()
    }
    takers = {
        place: ct.electron(lambda values: {name: len(value) // BYTES for name, value in values.items()}, executor=one)
        for place, one in EXECUTORS.items()
    }

    @ct.lattice
    def workflow() -> dict[str, dict[str, int]]:
        made = {place: make(place) for place, make in makers.items()}
        return {place: take(made) for place, take in takers.items()}

    lengths = {place: len(place) for place in EXECUTORS}
    with emulated_aws() as aws, emulated_google(buckets=[BUCKET]) as google, emulated_azure() as azure:
        clouds = (aws, google, azure)
        environment = {name: value for cloud in clouds for name, value in cloud.environment.items()}
        with Harness(tmp_path, environment=environment).running() as harness:
            result = harness.wait(ct.dispatch(workflow)(), LIMIT_S)
            assert result.error is None
            assert result.result == dict.fromkeys(EXECUTORS, lengths)
        submitted = [cloud.calls().client["batch"] for cloud in clouds]
    assert [
        calls[name] for calls, name in zip(submitted, ("SubmitJob", "CreateJob", "CreateTaskCollection"), strict=True)
    ] == [2, 2, 2]
