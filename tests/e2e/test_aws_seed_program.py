"""The program that everybody knows runs as it stands, against AWS on this machine."""

from __future__ import annotations

import pytest

from tests.support.seed_program import SeedProgram

pytestmark = pytest.mark.slow


class TestProgram(SeedProgram):
    program = "svm_aws_batch.py"
    cloud = (
        "aws",
        "--bucket=covalent-batch-qa-job-resources",
        "--queue=covalent-batch-qa-queue",
        "--role=ecsTaskExecutionRole",
        "--role=covalent-batch-qa-job-role",
        "--log-group=covalent-batch-qa-log-group",
    )
    variables = ("AWS_",)
