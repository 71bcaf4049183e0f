"""The program that everybody knows runs as it stands, against Google Cloud on this machine."""

from __future__ import annotations

import pytest

from tests.support.seed_program import SeedProgram

pytestmark = pytest.mark.slow


class TestProgram(SeedProgram):
    program = "svm_google_batch.py"
    cloud = ("google", "--project=my-gcp-project-id", "--bucket=my-gcp-bucket", "--region=us-east1")
    variables = ("GOOGLE_", "GCP_", "CLOUDSDK_")
