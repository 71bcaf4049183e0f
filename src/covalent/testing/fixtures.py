"""Fixtures for pytest: ``pytest_plugins = ["covalent.testing.fixtures"]``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .aws import EmulatedAWS
from .aws import emulated_aws as _emulated_aws


@pytest.fixture(scope="session")
def shared_emulated_aws() -> Iterator[EmulatedAWS]:
    """One emulator with the default names, for the whole run."""
    with _emulated_aws() as aws:
        yield aws


@pytest.fixture
def emulated_aws(shared_emulated_aws: EmulatedAWS, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedAWS]:
    """The shared emulator, without faults and with its counts at zero, and with the variables of this process pointing at it.

    What tests put into it stays until the end of the run.
    """
    for name, value in shared_emulated_aws.environment.items():
        monkeypatch.setenv(name, value)
    shared_emulated_aws.faults.clear()
    shared_emulated_aws.reset_calls()
    yield shared_emulated_aws
    shared_emulated_aws.faults.clear()
