"""What is said where the libraries of a cloud are not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import isolated

SETTINGS = """
[executors.azurebatch]
batch_account_url = "https://covalent.eastus.batch.azure.com"
storage_account_name = "covalentbatch"
pool_id = "pool"

[executors.gcpbatch]
bucket_name = "bucket"
"""

PUSH = "from covalent.executor.registry import executor_class; executor_class({!r})().registry_login({!r})"


def said_without(modules: list[str], code: str, home: Path) -> str:
    """What the code says where these modules are missing."""
    environment = os.environ | isolated(home)
    folder = Path(environment["COVALENT_CONFIG_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "covalent.conf").write_text(SETTINGS)
    code = f"import sys; sys.modules.update(dict.fromkeys({modules!r})); {code}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize(
    ("executor", "modules"),
    [
        ("awsbatch", ["obstore", "boto3"]),
        ("awsbatch", ["boto3"]),
        ("azurebatch", ["obstore", "azure"]),
        ("azurebatch", ["azure"]),
        ("gcpbatch", ["obstore", "google"]),
        ("gcpbatch", ["google"]),
    ],
)
def test_gc_names_what_is_missing(executor, modules, tmp_path):
    command = ["covalent", "gc", executor, "--dry-run"]
    said = said_without(modules, f"from covalent.cli import main; sys.argv = {command}; main()", tmp_path)
    assert "Traceback" not in said
    assert "nstall covalent-batch with" in said or "pip install 'covalent-batch[" in said


@pytest.mark.parametrize(
    ("executor", "host", "modules"),
    [
        ("awsbatch", "1234.dkr.ecr.us-east-1.amazonaws.com", ["boto3"]),
        ("azurebatch", "mine.azurecr.io", ["azure"]),
        ("gcpbatch", "us-docker.pkg.dev", ["google"]),
    ],
)
def test_the_sign_in_to_a_registry_names_the_extra_that_is_missing(executor, host, modules, tmp_path):
    said = said_without(modules, PUSH.format(executor, host), tmp_path).splitlines()[-1]
    assert said.startswith("covalent.errors.ExecutorError: ")
    assert "pip install 'covalent-batch[" in said
