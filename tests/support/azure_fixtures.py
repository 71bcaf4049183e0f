"""Azure on this machine, for a module of tests: name this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from covalent.testing import EmulatedAzure, emulated_azure


@pytest.fixture(scope="module")
def azurebatch_cloud() -> Iterator[EmulatedAzure]:
    with emulated_azure(slots=4) as azure:
        yield azure


@pytest.fixture
def azurebatch(
    azurebatch_cloud: EmulatedAzure, monkeypatch: pytest.MonkeyPatch, covalent_home: object
) -> Iterator[EmulatedAzure]:
    """The variables of this process point at it; it has no faults, and its counts are at zero."""
    for name, value in azurebatch_cloud.environment.items():
        monkeypatch.setenv(name, value)
    azurebatch_cloud.faults.clear()
    azurebatch_cloud.reset_calls()
    yield azurebatch_cloud
    azurebatch_cloud.faults.clear()
