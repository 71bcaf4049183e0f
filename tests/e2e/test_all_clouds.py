"""One workflow whose tasks run on this machine, on AWS, on Google Cloud and on Azure at once, and pass values between them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import covalent as ct
from covalent.testing import emulated_aws, emulated_azure, emulated_google
from covalent.testing.harness import Harness
from tests.support.azure_cloud import OPTIONS

pytestmark = [pytest.mark.slow, pytest.mark.npm]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

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


#: For tasks that only name their executor.
CONFIGURATION = f"""
[executors.awsbatch]
poll_freq = 1

[executors.gcpbatch]
bucket_name = "{BUCKET}"
memory = 512
poll_freq = 1

[executors.azurebatch]
poll_freq = 1
"""
CONFIGURATION += "".join(f"{name} = {json.dumps(value)}\n" for name, value in OPTIONS.items())


@pytest.fixture(scope="module")
def clouds() -> Iterator[Sequence[Any]]:
    with emulated_aws() as aws, emulated_google(buckets=[BUCKET]) as google, emulated_azure() as azure:
        yield aws, google, azure


@pytest.fixture(scope="module")
def harness(clouds: Sequence[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    environment = {name: value for cloud in clouds for name, value in cloud.environment.items()}
    home = tmp_path_factory.mktemp("everywhere")
    harness = Harness(home, environment=environment)
    (home / "config" / "covalent.conf").write_text(CONFIGURATION)
    with harness.running():
        yield harness


def test_a_workflow_runs_everywhere_at_once_and_passes_values_from_each_place_to_each_other(
    clouds: Sequence[Any], harness: Harness
) -> None:
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
    for cloud in clouds:
        cloud.reset_calls()
    result = harness.wait(ct.dispatch(workflow)(), LIMIT_S)
    assert result.error is None
    assert result.result == dict.fromkeys(EXECUTORS, lengths)
    submitted = [cloud.calls().client["batch"] for cloud in clouds]
    assert [
        calls[name] for calls, name in zip(submitted, ("SubmitJob", "CreateJob", "CreateTaskCollection"), strict=True)
    ] == [2, 2, 2]


def test_the_example_of_mixed_clouds_estimates_pi_in_each_of_them(harness: Harness, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "mixed_clouds.py")]
    environment = os.environ | harness.environment
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    off = dict(re.findall(r"^(\w+): off by ([+-]\d\.\d{3})$", done.stdout, re.MULTILINE))
    assert set(off) == {"local", "awsbatch", "azurebatch", "gcpbatch"}
    assert all(abs(float(value)) < 0.06 for value in off.values())
