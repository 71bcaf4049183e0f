"""Fixtures for pytest: ``pytest_plugins = ["covalent.testing.fixtures"]``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .aws import EmulatedAWS
from .aws import emulated_aws as _emulated_aws
from .azure import EmulatedAzure
from .azure import emulated_azure as _emulated_azure
from .emulated import Emulated
from .google import EmulatedGoogle
from .google import emulated_google as _emulated_google


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
    with _in_use(shared_emulated_aws, monkeypatch):
        yield shared_emulated_aws


@pytest.fixture(scope="session")
def shared_emulated_google() -> Iterator[EmulatedGoogle]:
    """The same of Google Cloud."""
    with _emulated_google() as google:
        yield google


@pytest.fixture
def emulated_google(
    shared_emulated_google: EmulatedGoogle, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmulatedGoogle]:
    """The same of Google Cloud."""
    with _in_use(shared_emulated_google, monkeypatch):
        yield shared_emulated_google


@pytest.fixture(scope="session")
def shared_emulated_azure() -> Iterator[EmulatedAzure]:
    """The same of Azure. It needs Azurite, or npm to install it."""
    with _emulated_azure() as azure:
        yield azure


@pytest.fixture
def emulated_azure(shared_emulated_azure: EmulatedAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedAzure]:
    """The same of Azure."""
    with _in_use(shared_emulated_azure, monkeypatch):
        yield shared_emulated_azure


@contextmanager
def _in_use(cloud: Emulated, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    cloud.faults.clear()
    cloud.reset_calls()
    yield
    cloud.faults.clear()
