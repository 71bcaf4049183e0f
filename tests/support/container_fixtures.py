"""Fixtures for tests that run containers: name this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .container import Group, moto_server, new_group


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def group(moto_url: str, tmp_path: Path) -> Iterator[Group]:
    with new_group(moto_url, tmp_path) as made:
        yield made
