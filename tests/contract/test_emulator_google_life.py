"""Starting and ending ``covalent emulate google``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covalent.config import executor_defaults, reload_config
from covalent.errors import EmulatorError
from covalent.testing import emulated_google
from covalent.testing.emulated import Emulated
from tests.support.emulated_google import EmulatedGoogleBatch, shell
from tests.support.emulator_life import sleeping, wait_until

pytestmark = pytest.mark.slow

ENDPOINT = "STORAGE_EMULATOR_HOST"

WITHOUT_GOOGLE = """
import sys
sys.modules["google.cloud.batch_v1"] = None
sys.argv = ["covalent", "emulate", "google"]
from covalent.cli import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_an_emulator_and_its_jobs(number, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with emulated_google() as google:
        cloud = EmulatedGoogleBatch(google)
        cloud.create(cloud.spec(*shell("sleep 63 & sleep 63"), task={}))
        wait_until(lambda: len(list(sleeping("63"))) == 2)
        began = time.monotonic()
        os.kill(google.pid, number)
        wait_until(lambda: not list(sleeping("63")))
        wait_until(lambda: not list(tmp_path.glob("covalent-emulator-*")))
        assert time.monotonic() - began < 10
        assert google.errors == ""
        cloud.close()


def test_what_is_printed_can_be_evaluated_by_a_shell(tmp_path):
    printed = tmp_path / "environment"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "covalent", "emulate", "google", "--project", "my project"], stdout=out
        )
    wait_until(lambda: printed.read_text().endswith("ready\n"))
    names = "$STORAGE_EMULATOR_HOST $COVALENT_GCP_BATCH_ENDPOINT $GOOGLE_CLOUD_PROJECT"
    script = f'eval "$(grep export {printed})"; echo {names}'
    evaluated = subprocess.run(shell(script), capture_output=True, text=True, check=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    storage, batch, *project = evaluated.stdout.split()
    assert storage.startswith("http://127.0.0.1:")
    assert batch.startswith("127.0.0.1:")
    assert project == ["my", "project"]


def test_the_configuration_names_what_is_there(covalent_home: Path):
    arguments = [
        "--project=my-project",
        "--region=us-west1",
        "--bucket=store",
        "--service-account=mine@my-project.iam.gserviceaccount.com",
        "--write-config",
    ]
    emulated = Emulated(["google", *arguments], ENDPOINT)
    wrote = emulated.errors
    emulated.stop()
    reload_config()
    assert executor_defaults("gcpbatch") == {
        "project_id": "my-project",
        "region": "us-west1",
        "bucket_name": "store",
        "service_account_email": "mine@my-project.iam.gserviceaccount.com",
    }
    assert 'bucket_name = "store"' in wrote


def test_faults_can_be_there_from_the_beginning():
    emulated = Emulated(["google", "--fault=exit_with,exit_code=50003,count=2"], ENDPOINT)
    (fault,) = emulated.faults.active()
    emulated.stop()
    assert (type(fault).__name__, fault.exit_code, fault.count) == ("ExitWith", 50003, 2)


@pytest.mark.parametrize("option", ["port", "grpc_port"])
def test_a_port_that_is_taken_is_an_error(option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1, port {port}"),
            emulated_google(**{option: port}),
        ):
            pass


def test_a_bucket_that_google_would_not_take_is_an_error():
    with (
        pytest.raises(EmulatorError, match="cannot be set up: Invalid bucket name: 'X'"),
        emulated_google(buckets=["X"]),
    ):
        pass


def test_without_googles_libraries_it_says_what_to_install():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_GOOGLE], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "pip install 'covalent-batch[gcp,emulator]'" in ran.stderr
