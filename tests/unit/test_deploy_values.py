"""Which values the modules for Azure and Google Cloud take. Variables need no provider, and so Terraform itself can say it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from covalent.deploy.modules import MODULES

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """For each module, a directory with its variables, and what it makes of them that needs no provider."""
    found = {}
    for executor in MODULES:
        place = found[executor] = tmp_path_factory.mktemp(executor)
        shutil.copy(MODULES[executor].directory / "variables.tf", place)
        terraform(place, "init", "-backend=false")
    bucket = (MODULES["gcpbatch"].directory / "bucket.tf").read_text()
    names = re.search(r"^locals \{.*?^\}", bucket, re.M | re.S)
    assert names
    (found["gcpbatch"] / "bucket.tf").write_text(names[0] + '\noutput "bucket" {\n  value = local.bucket\n}\n')
    return found


def terraform(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("terraform") or shutil.which("tofu")
    environment = os.environ | {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    options = ("-input=false",) if arguments[0] != "output" else ()
    command = [str(program), arguments[0], *options, "-no-color", *arguments[1:]]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("executor", "values", "said"),
    [
        ("azurebatch", {"prefix": "ab"}, "3 to 12 small letters"),  # containers have 3 at least
        ("azurebatch", {"prefix": "abcdefghijklm"}, "3 to 12 small letters"),  # storage accounts have 24 at most
        ("azurebatch", {"prefix": "a-b"}, "3 to 12 small letters"),
        ("azurebatch", {"allowed_ips": '["203.0.113.7/32"]'}, "up to /30"),
        ("azurebatch", {"expire_days": "0"}, "1 day at least"),
        ("azurebatch", {"secret_days": "1000"}, "1 to 730 days"),
        ("awsbatch", {"expire_days": "0"}, "1 day at least"),
        ("gcpbatch", {"prefix": "goog-a"}, "after it"),
        ("gcpbatch", {"prefix": "a" * 21}, "2 to 20 small letters"),  # service accounts have 30 at most
        ("gcpbatch", {"expire_days": "0"}, "1 day at least"),
        ("gcpbatch", {"client": "me@example.com"}, "must be user:EMAIL"),
    ],
)
def test_values_that_a_cloud_would_refuse_are_refused_before_anything_is_made(
    variables: Mapping[str, Path], executor: str, values: dict[str, str], said: str
) -> None:
    given = [f"-var={name}={value}" for name, value in {"project_id": "my-project", **values}.items()]
    done = terraform(variables[executor], "plan", *(given if executor == "gcpbatch" else given[1:]))
    assert done.returncode == 1
    assert said in re.sub(r"[\s\u2502]+", " ", done.stderr)


def test_a_secret_is_made_anew_in_each_half_of_its_life_and_not_more_often(tmp_path: Path) -> None:
    roles = (MODULES["azurebatch"].directory / "roles.tf").read_text()
    half = re.search(r"secret_half = (.*)", roles)
    assert half
    expression = half[1].replace("var.clock", "hour").replace("var.secret_days", "days")
    halves = f"{{ for days in [1, 7, 20] : days => [for hour in range(500000, 501000) : {expression}] }}"
    (tmp_path / "main.tf").write_text(f'output "halves" {{\n  value = jsonencode({halves})\n}}\n')
    done = terraform(tmp_path, "apply", "-auto-approve")
    assert done.returncode == 0, done.stderr
    found = json.loads(json.loads(terraform(tmp_path, "output", "-json", "halves").stdout))
    assert len(found) == 3
    for days, numbers in found.items():
        changes = [hour for hour in range(1, len(numbers)) if numbers[hour] != numbers[hour - 1]]
        assert changes
        assert {after - before for before, after in pairwise(changes)} <= {int(days) * 12}


@pytest.mark.parametrize(
    ("place", "bucket"),
    [
        (("covalent", "my-project", "us-east1"), "covalent-my-project-us-east1"),
        (("covalent", "example.com:my-project", "us-east1"), "covalent-example-com-my-project-us-east1"),
        (("a" * 20, "p" * 30, "northamerica-northeast1"), "a{20}-p{30}-no-[0-9a-f]{8}"),
    ],
)
def test_a_bucket_has_a_name_that_google_takes_whatever_the_project_is_called(
    variables: Mapping[str, Path], place: tuple[str, str, str], bucket: str
) -> None:
    given = [f"-var={name}={value}" for name, value in zip(("prefix", "project_id", "region"), place, strict=True)]
    done = terraform(variables["gcpbatch"], "plan", *given)
    assert done.returncode == 0, done.stderr
    found = re.search(r'bucket = "(.*)"', done.stdout)
    assert found
    assert re.fullmatch(bucket, found[1])
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", found[1])


def test_the_defaults_and_usual_values_are_taken(variables: Mapping[str, Path]) -> None:
    azure = ("-var=prefix=abc", '-var=allowed_ips=["203.0.113.7", "198.51.100.0/24"]', "-var=expire_days=30")
    for executor, given in (("azurebatch", ()), ("azurebatch", azure), ("gcpbatch", ("-var=project_id=my-project",))):
        done = terraform(variables[executor], "plan", *given)
        assert done.returncode == 0, done.stderr
