"""Google Cloud on this machine, for a module of tests: name this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from covalent.testing import EmulatedGoogle, emulated_google

from .google_cloud import BUCKET, PROJECT


@pytest.fixture(scope="module")
def google_cloud() -> Iterator[EmulatedGoogle]:
    with emulated_google(project=PROJECT, buckets=[BUCKET], slots=4) as google:
        yield google


@pytest.fixture
def google(
    google_cloud: EmulatedGoogle, monkeypatch: pytest.MonkeyPatch, covalent_home: object
) -> Iterator[EmulatedGoogle]:
    """The variables of this process point at it; it has no faults, and its counts are at zero."""
    for name, value in google_cloud.environment.items():
        monkeypatch.setenv(name, value)
    google_cloud.faults.clear()
    google_cloud.reset_calls()
    yield google_cloud
    google_cloud.faults.clear()
