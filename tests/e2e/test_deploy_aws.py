"""``covalent deploy`` from nothing to a result and back to nothing, with a real Terraform against AWS on this machine.

The AWS provider has to be at hand: from the registry, or from a mirror that Terraform's configuration or TF_CLI_ARGS_init names.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

import covalent as ct
from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.harness import Harness
from tests.support.user import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.terraform, pytest.mark.timeout(600)]

LIMIT_S = 280

#: The emulator is spoken to without encryption.
MINE = ("--prefix=mine", "--https-only=false")


class Deployer:
    """Somebody at a terminal, with credentials for the emulated AWS."""

    def __init__(self, cloud: EmulatedAWS, home: Path) -> None:
        self.cloud, self.home = cloud, home
        self.harness = Harness(home, environment=cloud.environment)
        self.environment = os.environ | self.harness.environment | {"HOME": str(home)}
        self.directory = self.harness.data_dir / "deploy" / "awsbatch"

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "covalent", "deploy", *arguments]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(
            command, env=self.environment, stdin=nothing, stdout=pipe, stderr=pipe, text=True, cwd=self.home
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """What it says, on both streams."""
        process = self.begin(*arguments)
        out, err = process.communicate(timeout=LIMIT_S)
        if "could not fetch the providers" in err:
            pytest.skip(
                "the AWS provider of Terraform cannot be had here; TF_CLI_ARGS_init=-plugin-dir=… names a mirror"
            )
        assert process.returncode == code, f"{out}\n{err}"
        return out + err

    def status(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.run("status", "awsbatch", "--json").partition("\n}")[0] + "\n}")
        return found

    def is_free(self) -> bool:
        """Whether no command is at work."""
        process = self.begin("status", "awsbatch")
        process.communicate(timeout=LIMIT_S)
        return process.returncode == 0

    @property
    def configuration(self) -> str:
        path = Path(self.environment["COVALENT_CONFIG_DIR"]) / "covalent.conf"
        return path.read_text() if path.exists() else ""

    def leftovers(self) -> list[str]:
        """Names of what lies in the account, of the kinds that the module makes."""
        session = boto3.Session(
            aws_access_key_id=self.cloud.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.cloud.environment["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        s3, iam, batch, logs, ec2 = (
            session.client(name, endpoint_url=self.cloud.endpoint) for name in ("s3", "iam", "batch", "logs", "ec2")
        )
        found = [
            *(each["Name"] for each in s3.list_buckets()["Buckets"]),
            *(each["RoleName"] for each in iam.list_roles()["Roles"]),
            *(each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]),
            *(each["InstanceProfileName"] for each in iam.list_instance_profiles()["InstanceProfiles"]),
            *(each["jobQueueName"] for each in batch.describe_job_queues()["jobQueues"]),
            *(each["computeEnvironmentName"] for each in batch.describe_compute_environments()["computeEnvironments"]),
            *(each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]),
            *(each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"] if not each["IsDefault"]),
            *(each["GroupName"] for each in ec2.describe_security_groups()["SecurityGroups"]),
            *(each["LaunchTemplateName"] for each in ec2.describe_launch_templates()["LaunchTemplates"]),
        ]
        return [name for name in found if name.startswith(("mine", "vpc-"))]


@pytest.fixture
def deployer(tmp_path: Path) -> Iterator[Deployer]:
    with emulated_aws() as cloud:
        yield Deployer(cloud, tmp_path)


def until(condition: Any, what: str, patience_s: float = 120) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


@ct.electron(executor="awsbatch")
def square(number: int) -> int:
    return number * number


@ct.electron(executor="awsbatch")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@ct.lattice
def sum_of_squares(count: int) -> int:
    return total([square(number) for number in range(count)])


@ct.electron(executor="awsbatch")
def sleep_long() -> None:
    time.sleep(600)


@ct.lattice
def endless() -> None:
    sleep_long()


def test_from_nothing_to_a_result_in_the_cloud_and_back_to_nothing(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = deployer.run("up", "awsbatch", "--prefix=mine", "--dry-run")
    assert "make  aws_batch_job_queue.this" in planned
    assert "(123456789012)" in planned
    assert deployer.leftovers() == []
    assert deployer.status()["phase"] == "none"

    said = deployer.run("up", "awsbatch", *MINE, "--max-vcpus=16")
    assert 'batch_queue = "mine-queue"' in said
    assert 'batch_queue = "mine-queue"' in deployer.configuration
    assert {"mine-queue", "mine-job-logs", "mine-us-east-1-job", "mine-123456789012-us-east-1"} <= {
        *deployer.leftovers()
    }

    status = deployer.status()
    assert (status["phase"], status["account"], status["configured"]) == ("done", "123456789012", True)
    assert "aws_batch_job_queue.this" in status["resources"]

    for name, value in deployer.harness.environment.items():
        monkeypatch.setenv(name, value)
    with deployer.harness.running():
        dispatch_id = ct.dispatch(sum_of_squares)(5)
        assert ct.get_result(dispatch_id, wait=True).result == 30

        busy = ct.dispatch(endless)()
        wait_for(busy, "runs")
        assert busy in deployer.run("down", "awsbatch", "-y", code=1)
        ct.cancel(busy)
        ct.get_result(busy, wait=True)

        refused = deployer.run("up", "awsbatch", "--region=eu-west-1", code=1)
        assert "what exists would be lost from sight" in refused
        refused = deployer.run("up", "awsbatch", "--account-id=999999999999", code=1)
        assert "is deployed in the AWS account 123456789012, not in 999999999999. Nothing was changed" in refused

        assert "Removed all that was deployed for awsbatch" in deployer.run("down", "awsbatch", "-y")
    assert deployer.leftovers() == []
    assert "mine" not in deployer.configuration
    assert deployer.status()["phase"] == "none"
    assert "Nothing of awsbatch is deployed" in deployer.run("down", "awsbatch", "-y")


def test_a_run_that_was_interrupted_goes_on_and_one_that_is_killed_loses_nothing(deployer: Deployer) -> None:
    deployer.run("up", "awsbatch", "--prefix=mine", "--dry-run")  # Skips where there is no provider.
    log = deployer.directory / "terraform.log"

    def makes_things() -> bool:
        return any('"apply_complete"' in line and '"create"' in line for line in log.read_text().splitlines())

    interrupted = deployer.begin("up", "awsbatch", *MINE)
    until(makes_things, "a resource")
    assert "Another 'covalent deploy' is at work on awsbatch" in deployer.run("up", "awsbatch", code=1)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=LIMIT_S)
    assert interrupted.returncode == 1
    assert "again to go on" in said
    assert deployer.leftovers() != []
    assert deployer.status()["phase"] == "begun"
    assert "mine" not in deployer.configuration

    log.write_text("")
    killed = deployer.begin("up", "awsbatch")
    until(makes_things, "another resource")
    killed.kill()
    killed.communicate()
    assert "Another 'covalent deploy' is at work on awsbatch" in deployer.run("down", "awsbatch", "-y", code=1)
    until(lambda: '"outputs"' in log.read_text(), "the end of what was killed", LIMIT_S)
    until(deployer.is_free, "the end of the lock")

    deployer.run("down", "awsbatch", "-y")
    assert deployer.leftovers() == []


def test_credentials_of_another_account_are_refused_before_anything_is_made(deployer: Deployer) -> None:
    deployer.run("up", "awsbatch", "--prefix=mine", "--dry-run")
    said = deployer.run("up", "awsbatch", "--prefix=mine", "--account-id=999999999999", code=1)
    assert "These credentials belong to another account" in said
    assert deployer.leftovers() == []
    assert deployer.status()["phase"] == "none"


def test_wrong_credentials_and_an_account_that_does_not_answer_are_told_with_what_to_do(deployer: Deployer) -> None:
    deployer.run("up", "awsbatch", "--prefix=mine", "--dry-run")
    deployer.environment |= {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_MAX_ATTEMPTS": "1"}
    assert "are wrong or have expired. Sign in again" in deployer.run("up", "awsbatch", code=1)
    deployer.environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert "AWS does not answer" in deployer.run("up", "awsbatch", code=1)
    assert deployer.status()["phase"] == "none"
