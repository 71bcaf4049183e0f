"""The program that everybody knows runs as it stands, against Azure on this machine."""

from __future__ import annotations

import pytest

from tests.support.seed_program import SeedProgram

pytestmark = [pytest.mark.slow, pytest.mark.npm]


class TestProgram(SeedProgram):
    program = "svm_azure_batch.py"
    cloud = ("azure",)
    variables = ("AZURE_", "COVALENT_AZURE_")
