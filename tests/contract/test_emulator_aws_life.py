"""Starting and ending ``covalent emulate aws``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from covalent.config import config_path, executor_defaults, reload_config
from covalent.errors import EmulatorError
from covalent.testing import emulated_aws
from covalent.testing.emulated import Emulated
from tests.support.emulated_batch import EmulatedBatch, shell
from tests.support.emulator_life import sleeping, wait_until

pytestmark = pytest.mark.slow

WITHOUT_MOTO = """
import sys
sys.modules["moto"] = None
sys.argv = ["covalent", "emulate", "aws"]
from covalent.cli import main
main()
"""

DAEMON = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "61"])
    os._exit(0)
os.wait()
os.execvp("sleep", ["sleep", "62"])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_an_emulator_and_its_jobs(number, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with emulated_aws() as aws:
        cloud = EmulatedBatch(aws)
        cloud.submit(cloud.define("python3", "-c", DAEMON))
        wait_until(lambda: len(list(sleeping("61", "62"))) == 2)
        os.kill(aws.pid, number)
        wait_until(lambda: not list(sleeping("61", "62")))
        wait_until(lambda: not list(tmp_path.glob("covalent-emulator-*")))


def test_what_is_printed_can_be_evaluated_by_a_shell(tmp_path):
    printed = tmp_path / "environment"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "covalent", "emulate", "aws", "--region", "eu-west-1"], stdout=out
        )
    wait_until(lambda: printed.read_text().endswith("ready\n"))
    script = f'eval "$(grep export {printed})"; echo $AWS_DEFAULT_REGION $AWS_ENDPOINT_URL'
    evaluated = subprocess.run(shell(script), capture_output=True, text=True, check=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    region, endpoint = evaluated.stdout.split()
    assert region == "eu-west-1"
    assert endpoint.startswith("http://127.0.0.1:")


def test_the_configuration_names_what_is_there(covalent_home: Path):
    arguments = [
        "--queue=mine=SPOT",
        "--bucket=store",
        "--role=job",
        "--role=execution",
        "--log-group=lines",
        "--write-config",
    ]
    real = '[executors.awsbatch]\nbatch_queue = "real"\n'
    config_path().write_text(real)
    emulated = Emulated(["aws", *arguments], "AWS_ENDPOINT_URL")
    wrote = emulated.errors
    emulated.stop()
    reload_config()
    (kept,) = config_path().parent.glob("covalent.conf.*")
    assert kept.read_text() == real
    assert str(kept) in wrote
    assert executor_defaults("awsbatch") == {
        "region": "us-east-1",
        "s3_bucket_name": "store",
        "batch_queue": "mine",
        "batch_job_role_name": "job",
        "batch_execution_role_name": "execution",
        "batch_job_log_group_name": "lines",
    }
    assert 'batch_queue = "mine"' in wrote


def test_faults_can_be_there_from_the_beginning():
    arguments = ["aws", "--fault=hold,reason=none, for now", "--fault=throttle,operation=s3:*,count=3"]
    emulated = Emulated(arguments, "AWS_ENDPOINT_URL")
    active = emulated.faults.active()
    emulated.stop()
    assert [type(fault).__name__ for fault in active] == ["Hold", "Throttle"]
    assert active[0].reason == "none, for now"
    assert (active[1].operation, active[1].count) == ("s3:*", 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queues": ["q=LAMBDA"]}, "A queue cannot have machines of the kind 'LAMBDA'"),
        ({"buckets": ["x"]}, "The emulated AWS cannot be set up: .*bucket is not valid"),
    ],
)
def test_a_resource_that_aws_would_not_take_is_an_error(arguments, message):
    with pytest.raises(EmulatorError, match=message), emulated_aws(**arguments):
        pass


def test_a_port_that_is_taken_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1, port {port}"), emulated_aws(port=port):
            pass


def test_without_moto_it_says_what_to_install():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_MOTO], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "pip install 'covalent-batch[emulator]'" in ran.stderr
