"""``covalent deploy`` from nothing to a result and back to nothing, with a real Terraform against AWS on this machine.

The AWS provider has to be at hand: from the registry, or from a mirror that Terraform's configuration or TF_CLI_ARGS_init names. It
waits half a minute and more for some resources, whether they are there or not. So one deployment is made for all of these tests, and
those that need none go on meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

import covalent as ct
from covalent.deploy.modules import MODULES
from covalent.deploy.program import find_program
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
        # The provider reads its schemas at each start, and spends a fifth of that on collecting garbage.
        self.environment = os.environ | self.harness.environment | {"HOME": str(home), "GOGC": "off"}
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

    def has_made_something(self) -> bool:
        lines = (self.directory / "terraform.log").read_text().splitlines()
        return any('"apply_complete"' in line and '"create"' in line for line in lines)

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
        return [name for name in found if name.startswith(("mine", "vpc-", "terraform-"))]


def until(condition: Callable[[], bool], what: str, patience_s: float = 120) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws() as cloud:
        yield cloud


@pytest.fixture(scope="module", autouse=True)
def deployer(cloud: EmulatedAWS, tmp_path_factory: pytest.TempPathFactory) -> Deployer:
    """Whose first ``up`` was interrupted and then killed, while what it began goes on."""
    deployer = Deployer(cloud, tmp_path_factory.mktemp("deployer"))
    planned = deployer.run("up", "awsbatch", *MINE, "--dry-run")
    assert "make  aws_batch_job_queue.this" in planned
    assert "(123456789012)" in planned
    assert deployer.leftovers() == []
    (deployer.directory / "terraform.log").write_text("")
    process = deployer.begin("up", "awsbatch", *MINE)
    until(deployer.has_made_something, "a resource")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.kill()
    process.communicate()
    return deployer


@pytest.fixture
def another(cloud: EmulatedAWS, tmp_path: Path) -> Deployer:
    """Somebody else in the same account."""
    return Deployer(cloud, tmp_path)


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


def test_what_is_at_work_keeps_others_out(deployer: Deployer) -> None:
    assert "Another 'covalent deploy' is at work on awsbatch" in deployer.run("down", "awsbatch", "-y", code=1)


def test_credentials_of_another_account_are_refused_before_anything_is_made(another: Deployer) -> None:
    said = another.run("up", "awsbatch", "--prefix=mine-too", "--account-id=999999999999", code=1)
    assert "These credentials belong to another account" in said
    assert another.status()["phase"] == "none"


def test_wrong_credentials_are_told_with_what_to_do(another: Deployer) -> None:
    another.environment |= {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}
    assert "are wrong or have expired. Sign in again" in another.run("up", "awsbatch", code=1)


def test_options_that_do_not_go_together_are_refused(another: Deployer) -> None:
    said = another.run("up", "awsbatch", "--vpc-id=vpc-1", code=1)
    assert "set both vpc_id and subnet_ids, or neither" in said
    said = another.run("up", "awsbatch", "--compute-type=FARGATE", "--gpu=true", code=1)
    assert "Fargate has no GPUs" in said


def test_the_module_is_valid(another: Deployer) -> None:
    for name, content in MODULES["awsbatch"].files().items():
        (another.home / name).write_bytes(content)
    for command in (["init", "-backend=false"], ["validate"]):
        done = subprocess.run(
            [find_program().path, *command, "-no-color"],
            cwd=another.home,
            env=another.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "Success! The configuration is valid." in done.stdout
    assert "Warning" not in done.stdout


def test_from_an_interrupted_run_to_a_result_in_the_cloud_and_back_to_nothing(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(deployer.is_free, "the end of what was killed", LIMIT_S)
    assert "mine" not in deployer.configuration
    # All of it was made and written down, and it is as the module has it.
    said = deployer.run("up", "awsbatch")
    assert "Nothing is to be done (123456789012)" in said
    assert 'batch_queue = "mine-queue"' in said
    assert 'batch_queue = "mine-queue"' in deployer.configuration
    made = {*deployer.leftovers()}
    assert {"mine-queue", "mine-job-logs", "mine-us-east-1-job", "mine-123456789012-us-east-1"} <= made
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

        assert "Removed all that was deployed for awsbatch" in deployer.run("down", "awsbatch", "-y")
    assert deployer.leftovers() == []
    assert "mine" not in deployer.configuration
    assert deployer.status()["phase"] == "none"
    assert "Nothing of awsbatch is deployed" in deployer.run("down", "awsbatch", "-y")
