"""Azure Batch on this machine, for a module of tests: name this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .azure_batch import AzureBatch


@pytest.fixture(scope="module")
def azure_batch() -> Iterator[AzureBatch]:
    azure = AzureBatch()
    yield azure
    azure.close()


@pytest.fixture
def azure(azure_batch: AzureBatch) -> Iterator[AzureBatch]:
    """Without faults, without jobs, and with counts at zero."""
    azure_batch.clean()
    yield azure_batch
    azure_batch.faults.clear()
